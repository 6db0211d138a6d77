"""Mutations of text files: lines and words moved, repeated, replaced by what such files are known to trip over."""

from random import Random
from typing import Final

from fuzz.octets import mutate

_ODD: Final = (
    "", ".", "..", "@", "*", "\\", "\\0", "\\256", "\\.", '"', '""', "'", "(", ")", "((", ";", "/*", "*/", "//", "{", "}", "<",
    "<!--", "]]>", "&x;", "IN", "CH", "ANY", "TYPE0", "TYPE65536", "CLASS1", "CLASS99999", "$ORIGIN", "$TTL", "$INCLUDE",
    "$GENERATE", "-1", "0", "1e9", "4294967296", "99999999999999999999", "²", "٣", "1w1w", "0x10", "\\#", "\\# 4 0102",
    "NaN", "null", "a" * 64, "a." * 128, "ü", "\u202e", "\x00", "\x7f", "\ufeff", "\r", "\x0b", "\u2028", "\ud800",
    "DS", "DNSKEY", "RRSIG", "NSEC3", "SVCB", "LOC", "WKS", "APL", "A6", "OPT", "TSIG", "=", "==", "A===", "%s", "{0}",
)  # fmt: skip


def mutate_text(random: Random, text: str) -> bytes:
    """A few changes of words, lines or octets; what is no UTF-8 may come out."""
    lines = text.split("\n")
    for _ in range(random.choice((1, 1, 2, 4))):
        _mutate_line(random, lines)
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    return mutate(random, data, 2) if random.random() < 0.3 else data


def odd_word(random: Random) -> str:
    """Something that parsers don't expect."""
    return random.choice(_ODD)


def _mutate_line(random: Random, lines: list[str]) -> None:
    place = random.randrange(len(lines))
    words = lines[place].split(" ")
    position = random.randrange(len(words))
    kind = random.randrange(8)
    if kind <= 2:
        words[position] = odd_word(random)
    elif kind == 3:
        words.insert(position, odd_word(random))
    elif kind == 4:
        del words[position]
    elif kind == 5:
        other = random.choice(lines).split(" ")
        words[position] = random.choice(other)
    elif kind == 6:
        lines.insert(random.randrange(len(lines) + 1), lines[place])
        return
    else:
        words[position] = words[position][: random.randrange(len(words[position]) + 1)] * random.choice((0, 1, 2, 50))
    lines[place] = " ".join(words)
