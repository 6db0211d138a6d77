"""Trust anchor files: zone-file lines (RFC 1035 §5.1), BIND blocks, Unbound's state file (RFC 5011 §4)."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken.anchors import Format, TrustAnchors, detect, load, parse
from unbroken.anchors.records import MAX_RECORDS
from unbroken.dns import Name
from unbroken.errors import InputError

NOW = 1_700_000_000
DIGEST = "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
KEY = base64.b64encode(bytes(range(64))).decode()


def parsed(text: str) -> TrustAnchors:
    return parse(text.encode(), "anchors", now=NOW)


def tags(text: str, owner: str = ".") -> list[int]:
    anchor = parsed(text)[Name(owner)]
    return [*(ds.key_tag for ds in anchor.dses), *(key.key_tag for key in anchor.dnskeys)]


# --- zone-file lines ---


@pytest.mark.parametrize(
    "text",
    [
        f". IN DS 20326 8 2 {DIGEST}",
        f". 172800 IN DS 20326 8 2 {DIGEST}\n",
        f". IN 172800 DS 20326 8 2 {DIGEST}",
        f". 2d ds 20326 RSASHA256 2 {DIGEST.lower()}",
        f".\tIN\tDS\t20326 8 2 {DIGEST[:30]} {DIGEST[30:]} ; a comment",
        f"; first a comment\r\n\r\n. IN DS 20326 8 2 {DIGEST}\r\n",
        f". IN DS ( 20326 8 2 ; and inside\n {DIGEST[:10]}\n{DIGEST[10:]} )",
        f"$TTL 3600\n@ IN DS 20326 8 2 {DIGEST}",
        f"\ufeff. DS 20326 8 2 {DIGEST}",
    ],
)
def test_the_ways_to_write_a_ds_line_mean_the_same(text: str) -> None:
    (ds,) = parsed(text)[Name(".")].dses
    assert (ds.key_tag, ds.algorithm, ds.digest_type, ds.digest.hex().upper()) == (20326, 8, 2, DIGEST)


def test_a_dnskey_line_gives_the_key() -> None:
    (key,) = parsed(f"example. 300 IN DNSKEY 257 3 13 {KEY[:20]} {KEY[20:]}")[Name("example")].dnskeys
    assert (key.flags, key.algorithm, key.public_key) == (257, 13, bytes(range(64)))


def test_a_leading_blank_repeats_the_owner_and_several_zones_may_be_given() -> None:
    text = f"example. IN DS 1 8 2 {DIGEST}\n\tIN DS 2 8 2 {DIGEST}\norg. IN DS 3 8 2 {DIGEST}"
    assert tags(text, "example") == [1, 2]
    assert tags(text, "org") == [3]


def test_names_without_final_dot_are_relative_to_the_origin() -> None:
    text = f"$ORIGIN example.\nsub IN DS 1 8 2 {DIGEST}\n@ IN DS 2 8 2 {DIGEST}\norg. IN DS 3 8 2 {DIGEST}"
    assert [str(owner) for owner in parsed(text)] == ["example.", "sub.example.", "org."]


def test_an_escaped_final_dot_does_not_make_a_name_absolute() -> None:
    (owner,) = parsed(f"$ORIGIN example.\na\\. IN DS 1 8 2 {DIGEST}")
    assert owner.labels == (b"a.", b"example")


def test_rrsig_lines_of_a_pasted_answer_are_skipped() -> None:
    text = f". IN DS 1 8 2 {DIGEST}\n. IN RRSIG DS 8 0 1 20260101000000 20250101000000 1 . AAAA"
    assert tags(text) == [1]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", None, "no trust anchor"),
        ("; nothing\n", None, "no trust anchor"),
        (f"\n. IN DS 20326 8 2 {DIGEST[:-2]}", 2, "digest has 31 octets"),
        (". IN DS 20326 8 2 XYZ", 1, "not hexadecimal"),
        (f". IN DS 65536 8 2 {DIGEST}", 1, "key tag"),
        (f". IN DS -1 8 2 {DIGEST}", 1, "key tag"),
        (f". IN DS ² 8 2 {DIGEST}", 1, "key tag"),
        (f". IN DS 1 256 2 {DIGEST}", 1, "algorithm"),
        (f". IN DS 1 NONE 2 {DIGEST}", 1, "algorithm"),
        (". IN DS 1 8", 1, "ends early"),
        (". IN", 1, "nothing"),
        (". IN A 127.0.0.1", 1, "'A' where DS"),
        (f". CH DS 1 8 2 {DIGEST}", 1, "class CH"),
        (f" IN DS 1 8 2 {DIGEST}", 1, "no owner name"),
        (f"a..b IN DS 1 8 2 {DIGEST}", 1, "not a domain name"),
        (f"{'a' * 64} IN DS 1 8 2 {DIGEST}", 1, "not a domain name"),
        (f"$ORIGIN {'a.' * 126}\nbb.c IN DS 1 8 2 {DIGEST}", 2, "not a domain name"),
        (f"\n. IN DS ( 1 8 2\n{DIGEST}", 2, "never closed"),
        (f". IN DS ( ( 1 8 2 {DIGEST} ) )", 1, "unbalanced"),
        (f". IN DS 1 8 2 {DIGEST} )", 1, "unbalanced"),
        ('. IN DS 1 8 2 "AB"', 1, "unexpected character"),
        ("$INCLUDE other", 1, "not read in anchor files"),
        (f". IN DNSKEY 256 3 8 {KEY[:-3]}", 1, "not Base64"),
        (f". IN DNSKEY 257 2 8 {KEY}", 1, "protocol"),
        (f". IN DNSKEY 1 3 8 {KEY}", 1, "not a zone key"),
        (f". IN DNSKEY 385 3 8 {KEY}", 1, "revoked"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, line: int | None, what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        parsed(text)
    assert caught.value.where == ("anchors" if line is None else f"anchors:{line}")


def test_one_record_more_than_the_most_is_refused() -> None:
    lines = [f". IN DS {tag} 8 2 {DIGEST}" for tag in range(MAX_RECORDS + 1)]
    assert len(tags("\n".join(lines[:-1]))) == MAX_RECORDS
    with pytest.raises(InputError, match=f"more than {MAX_RECORDS}"):
        parsed("\n".join(lines))


# --- BIND ---


BIND = f"""
// a comment
options {{ directory "/tmp"; listen-on {{ any; }}; }};
/* trust-anchors {{ nothing; }};
*/
trust-anchors {{
    # three forms
    . initial-ds 20326 8 2 "{DIGEST[:20]}
        {DIGEST[20:]}";
    "example" static-key 257 3 13 "{KEY[:10]} {KEY[10:]}"; // the key
    org. static-ds 7 13 2 "{DIGEST}";
}};
managed-keys {{ net. initial-key 257 3 13 "{KEY}"; }};
trusted-keys {{ com. 257 3 13 "{KEY}"; }};
"""


def test_bind_blocks_are_read_old_and_new() -> None:
    anchors = parsed(BIND)
    assert {str(owner): (len(anchor.dses), len(anchor.dnskeys)) for owner, anchor in anchors.items()} == {
        ".": (1, 0),
        "com.": (0, 1),
        "example.": (0, 1),
        "net.": (0, 1),
        "org.": (1, 0),
    }
    assert anchors[Name(".")].dses[0].digest.hex().upper() == DIGEST
    assert anchors[Name("example")].dnskeys[0].public_key == bytes(range(64))


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("trust-anchors {\n. static-ds 1 8 2;\n};", 2, "ends early"),
        ('trust-anchors {\n. sometimes-ds 1 8 2 "AB";\n};', 2, "no kind of trust anchor"),
        (f'trust-anchors {{ . static-ds 1 8 2 "{DIGEST}"; ', 1, "never closed"),
        (f'trust-anchors {{ . static-ds 1 8 2 "{DIGEST}" }};', 1, "does not end in ';'"),
        ('trust-anchors {\n. static-ds 1 8 2 "AB;\n};', 2, "never closed"),
        ("trust-anchors {\n/* never", 2, "never closed"),
        ("trust-anchors {\n} }", 2, "'}' without '{'"),
        ("trust-anchors { a { b; }; };", 1, "inside a list of anchors"),
        ("trust-anchors { };", None, "no trust anchor"),
        ("trust-anchors { x; };", 1, "no kind"),
    ],
)
def test_what_is_wrong_in_bind_blocks_is_told_with_its_line(text: str, line: int | None, what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        parsed(text)
    assert caught.value.where == ("anchors" if line is None else f"anchors:{line}")


# --- Unbound's auto-trust-anchor-file ---


def autotrust(*states: int) -> str:
    lines = ["; autotrust trust anchor file", ";;id: . 1", ";;last_queried: 1 ;;Thu Jan  1 00:00:01 1970"]
    for state in states:
        key = base64.b64encode(bytes([state]) * 64).decode()
        lines.append(
            f".\t86400\tIN\tDNSKEY\t257 3 13 {key} ;{{id = 1 (ksk), size = 256b}} ;;state={state} [ ] ;;count=0"
        )
    return "\n".join(lines) + "\n"


def test_only_valid_and_missing_keys_of_an_autotrust_file_are_trusted() -> None:
    keys = parsed(autotrust(0, 1, 2, 3, 4, 5))[Name(".")].dnskeys
    assert sorted(key.public_key[0] for key in keys) == [2, 3]


def test_a_revoked_key_in_an_autotrust_file_is_passed_over() -> None:
    text = autotrust(2) + f". IN DNSKEY 385 3 13 {KEY} ;;state=4 [REVOKED]\n"
    assert len(parsed(text)[Name(".")].dnskeys) == 1


def test_an_autotrust_file_without_trusted_keys_is_an_error() -> None:
    with pytest.raises(InputError, match="no key in state VALID or MISSING"):
        parsed(autotrust(0, 1))


def test_an_autotrust_file_of_a_revoked_trust_point_is_an_error() -> None:
    with pytest.raises(InputError, match="all keys of this zone were revoked"):
        parsed("; autotrust trust anchor file\n;;REVOKED\n" + autotrust(2))


def test_an_autotrust_line_without_or_with_unknown_state_is_an_error() -> None:
    with pytest.raises(InputError, match="without ';;state='") as caught:
        parsed(autotrust(2) + f". IN DS 1 8 2 {DIGEST}\n")
    assert caught.value.where == "anchors:5"
    with pytest.raises(InputError, match="state 6 is unknown"):
        parsed(autotrust(2, 6))


# --- all formats ---


def test_formats_are_told_apart() -> None:
    assert detect(f". IN DS 1 8 2 {DIGEST}") is Format.ZONE_LINES
    assert detect("; trust-anchors {\n. IN DS 1 8 2 00") is Format.ZONE_LINES
    assert detect(BIND) is Format.BIND
    assert detect(autotrust(2)) is Format.AUTOTRUST
    assert detect("\n<?xml version='1.0'?>") is Format.ROOT_XML


def test_a_file_of_one_mebibyte_is_read_and_one_octet_more_is_not(tmp_path: Path) -> None:
    path = tmp_path / "anchors"
    line = f". IN DS 1 8 2 {DIGEST}\n".encode()
    path.write_bytes(line + b";" * ((1 << 20) - len(line)))
    assert len(load(path, now=NOW)) == 1
    path.write_bytes(line + b";" * ((1 << 20) - len(line) + 1))
    with pytest.raises(InputError, match="more than 1 MiB"):
        load(path, now=NOW)


@pytest.mark.parametrize(
    "unit", ["\n", " ", "(", "\n(", '"', "/*", "{", "\\", "a.", "trust-anchors {", "<a>", ";;state=1"]
)
def test_a_mebibyte_of_anything_ends_in_an_error_of_ours(unit: str) -> None:
    data = (unit * (1 << 20))[: (1 << 20) - 20].encode()
    for prefix in (b"", b"trust-anchors {\n", b"<TrustAnchor>", b"; autotrust trust anchor file\n"):
        with pytest.raises(InputError):
            parse(prefix + data[: (1 << 20) - len(prefix)], "anchors", now=NOW)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load(tmp_path / "none", now=NOW)
    with pytest.raises(InputError, match="directory"):
        load(tmp_path, now=NOW)
    with pytest.raises(InputError, match="no possible file name"):
        load("a\0b", now=NOW)


def test_binary_data_is_told_with_its_line() -> None:
    with pytest.raises(InputError, match="not text") as caught:
        parse(b"\n\xff\xfe", "anchors", now=NOW)
    assert caught.value.where == "anchors:2"


PIECES = st.sampled_from(
    [". ", "example. ", "IN ", "DS ", "DNSKEY ", "1 ", "8 ", "2 ", "257 3 13 ", DIGEST, KEY, "\n", "(", ")", ";", '"',
     "{", "}", "trust-anchors {", "static-ds ", "/*", "*/", "//", "$ORIGIN ", "@ ", "\\", "<TrustAnchor>",
     "<Zone>.</Zone>", "<KeyDigest>", "</", "&#65;", ";;state=2", "; autotrust trust anchor file\n", "\t", "é", "\x00"]
)  # fmt: skip


@given(st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=40).map(lambda pieces: "".join(pieces).encode())))
def test_any_octets_give_anchors_or_an_input_error(data: bytes) -> None:
    try:
        anchors = parse(data, "anchors", now=NOW)
    except InputError as error:
        assert error.where.startswith("anchors")
    else:
        assert len(anchors) >= 1


@given(
    st.lists(
        st.tuples(st.integers(0, 65535), st.integers(0, 255), st.binary(min_size=1, max_size=64)),
        min_size=1,
        max_size=8,
    )
)
def test_ds_records_come_back_as_they_were_written(records: list[tuple[int, int, bytes]]) -> None:
    lines = [f"example. IN DS {tag} {algorithm} 200 {digest.hex()}" for tag, algorithm, digest in records]
    dses = parsed("\n".join(lines))[Name("example")].dses
    assert {(ds.key_tag, ds.algorithm, ds.digest) for ds in dses} == set(records)


@pytest.mark.parametrize(
    ("file", "ds_tags", "key_tags"),
    [
        ("iana-2010/Kjqmt7v.ds", [19036], []),
        ("iana-2010/ksk-as-ds.txt", [19036], []),
        ("iana-2010/Kjqmt7v.dnskey", [], [19036]),
        ("iana-2010/root-anchors.dnskey", [], [19036]),
        ("iana-2010/root-anchors.xml", [19036], []),
        ("iana-2010/test-anchors.xml", [19036], []),
        ("iana-2024/root-anchors.xml", [20326, 38696], []),
    ],
)
def test_recorded_files_are_read(root_anchors: Path, file: str, ds_tags: list[int], key_tags: list[int]) -> None:
    anchor = load(root_anchors / file, now=1_735_000_000)[Name(".")]
    assert [ds.key_tag for ds in anchor.dses] == ds_tags
    assert [key.key_tag for key in anchor.dnskeys] == key_tags
