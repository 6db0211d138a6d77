"""The guard that keeps hostile text from moving the cursor. It imports nothing: error messages use it too."""


def safe(text: str) -> str:
    """Only printable ASCII passes; the rest is written as `\\u{…}`.

    Names and rdata are escaped by their presentation format; this catches what is neither: words of servers (RFC 8914
    EXTRA-TEXT), file names, parameters of findings. Terminal escapes and bidirectional controls can't survive it.
    """
    return "".join(char if " " <= char <= "~" else f"\\u{{{ord(char):x}}}" for char in text)
