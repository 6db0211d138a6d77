"""The kernel's scanner against RFC 1035 §5, RFC 2308 §4, RFC 3597 §5 and BIND's $GENERATE; its errors and where they point."""

import re
from pathlib import Path

import pytest

from unbroken._kernel import Name, ScanError, ZoneBuilder, scan_zone, scan_zone_text
from unbroken.dns import rdtype as rr
from unbroken.dns.presentation import rdata_to_text
from unbroken.errors import InputError
from unbroken.signing.read import read_zone, read_zone_text

EXAMPLE = Name("example.")
SOA = "@ 60 SOA ns admin 1 2 3 4 5\n"


def scan(text: str | bytes, origin: Name | None = EXAMPLE, default_ttl: int | None = None) -> ZoneBuilder:
    octets = text if isinstance(text, bytes) else text.encode("latin-1")
    return scan_zone_text("zone", octets, origin, default_ttl)


def found(builder: ZoneBuilder, owner: str, rdtype: int) -> tuple[int, list[str]] | None:
    """TTL and rdata, in the order they came."""
    rrset = builder.rrset(Name(owner), rdtype)
    return None if rrset is None else (rrset.ttl, [rdata_to_text(rdtype, rdata) for rdata in rrset.rdatas])


def one(text: str | bytes, owner: str, rdtype: int) -> str:
    rrset = found(scan(text), owner, rdtype)
    assert rrset is not None and len(rrset[1]) == 1
    return rrset[1][0]


def failure(text: str | bytes, origin: Name | None = EXAMPLE) -> tuple[int, int, str]:
    with pytest.raises(ScanError) as error:
        scan(text, origin)
    assert error.value.file == "zone"
    return error.value.line, error.value.column, error.value.what


# --- owners, origins ----------------------------------------------------------------------------------------------------


def test_rfc1035_5_1_relative_names_are_completed_by_the_origin() -> None:
    text = "@ 60 NS a\nb 60 NS c.d\ne. 60 NS @\n$ORIGIN sub\n@ 60 NS x\ny 60 NS z\n$ORIGIN other.\n@ 60 NS q\n"
    builder = scan(text)
    assert found(builder, "example.", rr.NS) == (60, ["a.example."])
    assert found(builder, "b.example.", rr.NS) == (60, ["c.d.example."])
    assert found(builder, "e.", rr.NS) == (60, ["example."])
    assert found(builder, "sub.example.", rr.NS) == (60, ["x.sub.example."])
    assert found(builder, "y.sub.example.", rr.NS) == (60, ["z.sub.example."])
    assert found(builder, "other.", rr.NS) == (60, ["q.other."])


def test_rfc1035_5_1_a_line_that_starts_with_a_blank_has_the_owner_before() -> None:
    builder = scan(
        "a 60 A 192.0.2.1\n 60 A 192.0.2.2\n\n\t60 A 192.0.2.3 ; x\n ; nothing\n   \n$ORIGIN o.\n 60 A 192.0.2.4\n"
    )
    assert found(builder, "a.example.", rr.A) == (60, ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"])
    assert failure(" 60 A 192.0.2.1\n") == (1, 2, "the first record has no owner name")


def test_an_owner_written_the_same_is_another_under_another_origin() -> None:
    builder = scan("a 60 A 192.0.2.1\n$ORIGIN b.example.\na 60 A 192.0.2.2\n")
    assert found(builder, "a.example.", rr.A) == (60, ["192.0.2.1"])
    assert found(builder, "a.b.example.", rr.A) == (60, ["192.0.2.2"])


def test_without_an_origin_names_must_be_absolute() -> None:
    assert failure("a 60 A 192.0.2.1\n", None) == (1, 1, "relative name, and there is no origin")
    assert found(scan("a. 60 A 192.0.2.1\n", None), "a.", rr.A) == (60, ["192.0.2.1"])


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        (r"a\.b", b"\x03a.b"),
        (r"\097", b"\x01a"),
        (r"\000\255", b"\x02\x00\xff"),
        (r"\@", b"\x01@"),
        (r"\;", b"\x01;"),
        (r"\"", b'\x01"'),
        (r"\(\)", b"\x02()"),
        (r"\ ", b"\x01 "),
        (r"\\", b"\x01\\"),
        (r"\$ORIGIN", b"\x07$ORIGIN"),
        ("*", b"\x01*"),
        ("_sip._tcp", b"\x04_sip\x04_tcp"),
    ],
)
def test_rfc1035_5_1_escapes_in_names(text: str, wire: bytes) -> None:
    builder = scan(f"{text} 60 NS {text}\n")
    rrset = builder.rrset(Name.from_wire(wire + b"\x07example\x00"), rr.NS)
    assert rrset is not None and rrset.rdatas == (wire + b"\x07example\x00",)


def test_rfc1035_2_3_4_names_have_at_most_255_octets_and_labels_63() -> None:
    longest = ".".join(["a" * 63] * 3 + ["b" * 61]) + "."
    assert found(scan(f"{longest} 60 A 192.0.2.1\n"), longest, rr.A)
    most = "a." * 127
    assert found(scan(f"{most} 60 A 192.0.2.1\n"), most, rr.A)
    assert failure(f"b{longest} 60 A 192.0.2.1\n")[2] == "label longer than 63 octets"
    assert failure(f"a.{longest} 60 A 192.0.2.1\n") == (1, 1, "name longer than 255 octets")
    assert failure(f"{longest[:-1]} 60 A 192.0.2.1\n") == (1, 1, "name longer than 255 octets")
    assert failure("x 60 NS a..b\n") == (1, 9, "NS: empty label in a name")


# --- TTL, class, type -----------------------------------------------------------------------------------------------------


def test_rfc2308_4_ttl_directive_and_the_last_one_stated() -> None:
    builder = scan("a 5 A 192.0.2.1\nb A 192.0.2.1\n$TTL 1h30m\nc A 192.0.2.1\nd 7 A 192.0.2.1\ne A 192.0.2.1\n")
    assert [found(builder, f"{name}.example.", rr.A) for name in "abcde"] == [
        (ttl, ["192.0.2.1"]) for ttl in (5, 5, 5400, 7, 5400)
    ]


def test_an_soa_without_a_ttl_takes_its_minimum_and_gives_it_to_those_behind() -> None:
    builder = scan("@ SOA ns admin 1 2 3 4 55\na A 192.0.2.1\n")
    assert (found(builder, "example.", rr.SOA) or (0,))[0] == 55
    assert found(builder, "a.example.", rr.A) == (55, ["192.0.2.1"])
    assert found(scan("a A 192.0.2.1\n", default_ttl=9), "a.example.", rr.A) == (9, ["192.0.2.1"])


@pytest.mark.parametrize(
    "head", ["60 IN A", "IN 60 A", "in 60 a", "60 A", "CLASS1 60 A", "60 TYPE1", "1m A", "1M IN TYPE1"]
)
def test_ttl_and_class_come_in_any_order(head: str) -> None:
    assert found(scan(f"x {head} 192.0.2.1\n"), "x.example.", rr.A) == (60, ["192.0.2.1"])


def test_an_owner_may_look_like_anything_else() -> None:
    for owner in ("IN", "A", "60", "CLASS1", "TYPE1", "SOA"):
        assert found(scan(f"{owner} 60 IN A 192.0.2.1\n"), f"{owner}.example.", rr.A)


@pytest.mark.parametrize(
    ("line", "column", "what"),
    [
        ("x A 192.0.2.1", 1, "no TTL, and neither $TTL nor a record before says one"),
        ("x 60 CH A 192.0.2.1", 6, "only records of class IN belong to a zone that is signed"),
        ("x 60 CLASS3 A 192.0.2.1", 6, "only records of class IN belong to a zone that is signed"),
        ("x 60 IN IN A 192.0.2.1", 9, "only records of class IN belong to a zone that is signed"),
        ("x 2147483648 A 192.0.2.1", 3, "a TTL is at most 2147483647"),
        ("x 60 61 A 192.0.2.1", 6, "unknown RR type"),
        ("x 60 FOO bar", 6, "unknown RR type"),
        ("x 60 ANY bar", 6, "a type that no record in a zone has"),
        ("x 60 AXFR", 6, "a type that no record in a zone has"),
        ("x 60 TYPE0 \\# 0", 6, "a type that no record in a zone has"),
        ("x 60 TYPE65536 \\# 0", 6, "unknown RR type"),
        ("x 60 OPT \\# 0", 6, "a type that no record in a zone has"),
        ('x 60 "A" 192.0.2.1', 6, "a quoted string stands where the RR type is expected"),
        ("x 60", 3, "the record ends before its RR type"),
        ("x", 1, "the record ends before its RR type"),
        ('"x" 60 A 192.0.2.1', 1, "a quoted string stands where a name is expected"),
        ("x 60 A", 6, "A: the record ends too early"),
        ("x 60 A 192.0.2.1 2", 18, "A: unexpected text behind the record"),
        ("x 60 A 192.0.2.256", 8, "A: not an IPv4 address"),
        ("x 60 A 192.0.2", 8, "A: not an IPv4 address"),
        ("x 60 A 192.0.2.01", 8, "A: not an IPv4 address"),
        ("x 60 AAAA 1::2::3", 11, "AAAA: not an IPv6 address"),
        ("x 60 AAAA fe80::1%eth0", 11, "AAAA: not an IPv6 address"),
        ("x 60 MX 65536 a", 9, "MX: number too large for its field"),
        ("x 60 MX -1 a", 9, "MX: not a number"),
        ("x 60 TYPE1 \\# 4 010203", 17, "A: the length behind \\# is not that of the octets"),
        ("x 60 A \\# 3 010203", 13, "A: rdata too short for its type"),
        ("x 60 TYPE65280 \\# 1 0", 21, "TYPE65280: odd number of hexadecimal digits"),
        ("x 60 TYPE65280 \\# 1 zz", 21, "TYPE65280: not a hexadecimal digit"),
        ('x 60 TXT "a', 10, "a quote is not closed"),
        ("x 60 TXT a)", 11, "a parenthesis is closed that was not opened"),
        ("x 60 TXT (a", 10, "a parenthesis is not closed"),
        ("x 60 TXT a\\", 11, "nothing stands behind a backslash"),
        ("x 60 TXT \\256", 10, "TXT: bad escape in a character-string"),
        (f"x 60 TXT {'a' * 256}", 10, "TXT: character-string longer than 255 octets"),
        ("x 60 DNSKEY 256 3 13 A===", 22, "DNSKEY: not base64"),
        ("x 60 NSEC3PARAM 1 0 0 abc", 23, "NSEC3PARAM: a salt is hexadecimal, or - when empty"),
        ("x 60 CAA 0 is-sue x", 12, "CAA: a CAA tag consists of letters and digits"),
        ("x 60 RRSIG A 13 1 60 20270230000000 1 1 a. AAAA", 22, "neither YYYYMMDDHHmmSS nor a number of seconds"),
    ],
)
def test_an_error_says_what_and_where(line: str, column: int, what: str) -> None:
    at_line, at_column, said = failure("; first\n\n" + line)
    assert (at_line, at_column) == (3, column) and what in said


# --- lexing -----------------------------------------------------------------------------------------------------------------


def test_rfc1035_5_1_parentheses_carry_an_entry_on_over_lines() -> None:
    text = "@ 60 SOA ns (admin ; serial\n 1\n\n2 3)(4 ; minimum )\n5)\na 60 TXT ( \"(\" ) ')'\n"
    assert failure(text)[:2] == (6, 19)
    builder = scan(text.replace("')'", '")"'))
    assert found(builder, "example.", rr.SOA) == (60, ["ns.example. admin.example. 1 2 3 4 5"])
    assert found(builder, "a.example.", rr.TXT) == (60, ['"(" ")"'])


def test_a_parenthesis_before_the_owner_does_not_hide_it() -> None:
    assert one("( a 60 A\n192.0.2.1 )\n", "a.example.", rr.A) == "192.0.2.1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b", '"a" "b"'),
        ('"a b"', '"a b"'),
        ('"a;b" ;c', '"a;b"'),
        ('""', '""'),
        (r'"\"" \"', r'"\"" "\""'),
        (r"a\ b", '"a b"'),
        (r"a\;b", '"a;b"'),
        (r'"\065\000\255"', r'"A\000\255"'),
        (r'"\\"', r'"\\"'),
        ('"a""b"', '"a" "b"'),
        ('a"b"', '"a" "b"'),
        ("ä", r'"\228"'),
        ("'a b'", '"\'a" "b\'"'),
        ("@", '"@"'),
        ("\\#", '"#"'),
        ('"\\#"', '"#"'),
        ('"\\# 0"', '"# 0"'),
        ("#", '"#"'),
    ],
)
def test_rfc1035_5_1_character_strings(text: str, shown: str) -> None:
    if text == "\\#":
        assert "ends too early" in failure(f"x 60 TXT {text}\n")[2]
        return
    assert one(f"x 60 TXT {text}\n", "x.example.", rr.TXT) == shown


def test_lines_may_end_as_on_any_system_and_the_last_one_not_at_all() -> None:
    builder = scan(b'a 60 A 192.0.2.1\r\n  60 A 192.0.2.2\r\n\r\nb 60 TXT "x" ; c\r\nc 60 A (\r\n192.0.2.3 )')
    assert found(builder, "a.example.", rr.A) == (60, ["192.0.2.1", "192.0.2.2"])
    assert found(builder, "b.example.", rr.TXT) == (60, ['"x"'])
    assert found(builder, "c.example.", rr.A) == (60, ["192.0.2.3"])


def test_nul_octets_and_open_quotes_are_errors_where_they_stand() -> None:
    assert failure(b"a 60 A 192.0.2.1\nb 60 A 192.\x000.2.1\n") == (2, 12, "NUL octet")
    assert failure(b'b 60 TXT "\x00"\n') == (1, 11, "NUL octet")
    assert failure(b'b 60 TXT "\\\x00"\n') == (1, 10, "TXT: bad escape in a character-string")
    assert failure(b"b 60 TXT \\\x00\n")[:2] == (1, 10)
    assert failure('b 60 TXT "a\nc 60 TXT "x"\n') == (1, 10, "a quote is not closed on its line")


def test_an_entry_of_a_mebibyte_is_an_error_however_it_is_long() -> None:
    for start in ("x 60 TXT ", '"', "; ", "x 60 TXT (\n" + "\n" * 100, "  "):
        line, _, what = failure(start + "x" * (1 << 21))
        assert line == 1 and what == "an entry longer than a mebibyte"


def test_pieces_of_a_file_meet_anywhere() -> None:
    """The file is read 262,144 octets at a time: entries of every length lie across the seams."""
    lines = [
        f'x{number} 60 TXT ( "{"a" * (number % 200)}" ; {";" * (number % 7)}\n"b\\"" )\n' for number in range(9000)
    ]
    builder = scan("".join(lines))
    for number in (0, 1, 4500, 8999):
        assert found(builder, f"x{number}.example.", rr.TXT) == (60, [f'"{"a" * (number % 200)}" "b\\""'])
    assert failure("".join(lines) + "bad\n")[0] == 18001


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    line, column, _ = failure(b"\xef\xbb\xbf$TTL 60\n")
    assert (line, column) == (1, 1)


# --- RFC 3597 -----------------------------------------------------------------------------------------------------------


def test_rfc3597_5_any_type_in_generic_form() -> None:
    builder = scan(
        "x 60 TYPE65280 \\# 3 01 02\n03\n".replace("\n03", " 03") + "x 60 A \\# 4 C0000201\nx 60 TYPE65281 \\# 0\n"
    )
    assert found(builder, "x.example.", 65280) == (60, ["\\# 3 010203"])
    assert found(builder, "x.example.", rr.A) == (60, ["192.0.2.1"])
    assert found(builder, "x.example.", 65281) == (60, ["\\# 0"])
    assert one("x 60 TYPE1 192.0.2.1\n", "x.example.", rr.A) == "192.0.2.1"


def test_an_unknown_type_needs_the_generic_form() -> None:
    with pytest.raises(InputError, match=r"zone line 2 column 16: .*RFC 3597"):
        read_zone_text("zone", b"\nx 60 TYPE65280 010203\n", EXAMPLE)


def test_a_bad_rdata_of_a_rare_type_is_told_like_any_other() -> None:
    with pytest.raises(InputError, match=r"^zone line 2 column 10: "):
        read_zone_text("zone", b"\nx 60 LOC nowhere\n", EXAMPLE)


# --- $INCLUDE -------------------------------------------------------------------------------------------------------------


def test_rfc1035_5_1_include_starts_at_its_folder_and_restores_origin_and_owner(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "inner").write_text("a 60 A 192.0.2.1\n$ORIGIN deeper\nb 60 A 192.0.2.2\n$INCLUDE leaf\n")
    (tmp_path / "sub" / "leaf").write_text("c 60 A 192.0.2.3\n")
    (tmp_path / "zone").write_text("o 60 A 192.0.2.9\n$INCLUDE sub/inner in\n 60 A 192.0.2.10\nd 60 A 192.0.2.4\n")
    builder = scan_zone(str(tmp_path / "zone"), EXAMPLE)
    assert found(builder, "a.in.example.", rr.A) == (60, ["192.0.2.1"])
    assert found(builder, "b.deeper.in.example.", rr.A) == (60, ["192.0.2.2"])
    assert found(builder, "c.deeper.in.example.", rr.A) == (60, ["192.0.2.3"])
    assert found(builder, "o.example.", rr.A) == (60, ["192.0.2.9", "192.0.2.10"])
    assert found(builder, "d.example.", rr.A) == (60, ["192.0.2.4"])


def test_an_error_in_an_included_file_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "zone").write_text(SOA + '$INCLUDE "in ner"\n')
    (tmp_path / "in ner").write_text("\nx 60 A nonsense\n")
    with pytest.raises(InputError, match=rf"^{re.escape(str(tmp_path / 'in ner'))} line 2 column 8: A: not an IPv4"):
        read_zone(str(tmp_path / "zone"), EXAMPLE)
    (tmp_path / "in ner").unlink()
    with pytest.raises(InputError, match=rf"^{re.escape(str(tmp_path / 'zone'))} line 2 column 1: .*No such file"):
        read_zone(str(tmp_path / "zone"), EXAMPLE)


def test_files_that_include_each_other_end(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("$INCLUDE b\n")
    (tmp_path / "b").write_text("$INCLUDE a\n")
    with pytest.raises(InputError, match="nests deeper than 16 files"):
        read_zone(str(tmp_path / "a"), EXAMPLE)


def test_a_file_named_like_standard_input_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zone").write_text(SOA + "$INCLUDE -\n")
    (tmp_path / "-").write_text("x 60 A 192.0.2.1\n")
    assert found(read_zone("zone", EXAMPLE), "x.example.", rr.A) == (60, ["192.0.2.1"])


@pytest.mark.parametrize(
    ("text", "unended"), [(SOA, []), (SOA + "a 60 A 192.0.2.1", ["zone"]), (SOA + "; cut of", ["zone"]), ("", [])]
)
def test_a_last_line_without_an_end_is_told(text: str, unended: list[str]) -> None:
    assert scan(text).unended == unended


def test_an_included_file_without_an_end_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "zone").write_text(SOA + "$INCLUDE inner\n")
    (tmp_path / "inner").write_text("x 60 A 192.0.2.1")
    assert read_zone(str(tmp_path / "zone"), EXAMPLE).unended == [str(tmp_path / "inner")]


def test_text_in_memory_includes_nothing(tmp_path: Path) -> None:
    (tmp_path / "inner").write_text("x 60 A 192.0.2.1\n")
    with pytest.raises(InputError, match="not allowed here"):
        read_zone_text("zone", f"$INCLUDE {tmp_path}/inner\n".encode(), EXAMPLE)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("$TTL", "not the arguments that it takes"),
        ("$TTL x", "not a TTL"),
        ("$TTL 2147483648", "not a TTL"),
        ("$ORIGIN", "not the arguments that it takes"),
        ("$ORIGIN a..b", "empty label in a name"),
        ("$FOO x", "unknown directive"),
        ("$INCLUDE a b c", "not the arguments that it takes"),
        ("$", "unknown directive"),
    ],
)
def test_directives_that_are_none(line: str, what: str) -> None:
    assert failure(line)[0] == 1 and failure(line)[2] == what


def test_a_folder_or_a_missing_file_is_told(tmp_path: Path) -> None:
    for path, what in ((tmp_path, "Is a directory"), (tmp_path / "nothing", "No such file")):
        with pytest.raises(InputError, match=what):
            read_zone(str(path), EXAMPLE)


# --- $GENERATE --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "owner", "rdtype", "shown"),
    [
        ("$GENERATE 1-3 host$ 60 A 192.0.2.$", "host3.example.", rr.A, "192.0.2.3"),
        ("$GENERATE 0-10/5 h$ 60 IN CNAME t${1}", "h10.example.", rr.CNAME, "t11.example."),
        ("$GENERATE 5-5 h${-5,3,d} 60 A 192.0.2.1", "h000.example.", rr.A, "192.0.2.1"),
        ("$GENERATE 255-255 h${0,4,x} 60 A 192.0.2.1", "h00ff.example.", rr.A, "192.0.2.1"),
        ("$GENERATE 8-8 h${0,0,o} 60 A 192.0.2.1", "h10.example.", rr.A, "192.0.2.1"),
        ("$GENERATE 18-18 ${0,7,n} 60 PTR p$", "2.1.0.0.example.", rr.PTR, "p18.example."),
        ("$GENERATE 1-1 a\\$b 60 TXT \"$ $\"", "a\\$b.example.", rr.TXT, '"1 1"'),
        ("$GENERATE 1-1 a$$b 60 A 192.0.2.1", "a\\$b.example.", rr.A, "192.0.2.1"),
        ('$GENERATE 1-1 a 60 TXT "é$"', "a.example.", rr.TXT, r'"\2331"'),
        ("$GENERATE 1-1 a 60 TXT \"\\065$\"", "a.example.", rr.TXT, '"A1"'),
    ],
)  # fmt: skip
def test_generate_as_bind_defines_it(line: str, owner: str, rdtype: int, shown: str) -> None:
    assert one(line + "\n", owner, rdtype) == shown


@pytest.mark.parametrize(
    "range_",
    ["1", "1-", "-1", "3-1", "1-2/0", "1-2/", "a-b", "0-2147483648", "0-4294967296", "0-16777216", "1-2-3"],
)
def test_a_range_that_is_none_or_too_long_is_refused(range_: str) -> None:
    line, column, _ = failure(f"\n$GENERATE {range_} h$ 60 A 192.0.2.1\n")
    assert (line, column) == (2, 11)


def test_all_directives_together_make_no_more_than_one_may() -> None:
    line, column, what = failure("$GENERATE 1-1 a 60 A 192.0.2.1\n$GENERATE 0-16777215 h$ 60 A 192.0.2.1\n")
    assert (line, column, what) == (2, 11, "$GENERATE makes more than 16777216 records in all")


@pytest.mark.parametrize("pattern", ["${", "${x}", "${0,256}", "${0,1,q}", "${0,1,d,e}", "${99999999999}", "${-2}"])
def test_a_modifier_that_is_none_is_refused(pattern: str) -> None:
    assert failure(f"$GENERATE 1-2 h{pattern} 60 A 192.0.2.1\n")[:2] == (1, 11)


def test_what_is_generated_is_scanned_like_a_record() -> None:
    assert failure("$GENERATE 255-256 h 60 A 192.0.2.$\n") == (1, 11, "A: not an IPv4 address")
    assert failure("$GENERATE 1-1 a 60\n")[2] == "not the arguments that it takes"
    assert failure("$GENERATE 1-1 a 60 TXT\n")[2] == "TXT: the record ends too early"


# --- the zone that comes of it ----------------------------------------------------------------------------------------------


def test_rfc2181_5_records_that_stand_there_twice_count_once() -> None:
    zone = scan(SOA + "a 60 NS B.example.\nA 50 NS b.example.\na 60 TXT x\na 60 TXT X\n").finish()
    ns, txt = zone.rrset(Name("a.example."), rr.NS), zone.rrset(Name("a.example."), rr.TXT)
    assert ns is not None and txt is not None
    assert (len(ns), ns.ttl, len(txt), zone.duplicates, zone.mixed_ttls) == (1, 50, 2, 1, 1)
    assert (zone.owner_count, zone.record_count) == (2, 4)


def test_rfc4034_6_1_owners_come_in_canonical_order(tmp_path: Path) -> None:
    """The RFC's own example, written by way of a zone that is signed."""
    from support.small_zones import keys_of, sign

    names = (
        r"example. a.example. yljkjljk.a.example. Z.a.example. zABC.a.EXAMPLE. z.example. \001.z.example. *.z.example."
    )
    names += r" \200.z.example."
    lines = [f"{name} 60 A 192.0.2.1\n" for name in reversed(names.split())]
    sign(tmp_path / "out", SOA + "".join(lines), keys_of())
    owners = dict.fromkeys(line.split()[0] for line in (tmp_path / "out").read_text().splitlines())
    assert list(owners) == names.split()


def test_a_zone_has_one_soa_and_nothing_outside() -> None:
    for text, what in (
        ("a 60 A 192.0.2.1\n", "no SOA record"),
        (SOA + "a.other. 60 A 192.0.2.1\n", "a.other. lies outside the zone example."),
        (SOA + "\nsub 60 SOA ns admin 1 2 3 4 5\n", "a second SOA, at sub.example."),
        ("", "no SOA record"),
    ):
        with pytest.raises(ScanError, match=what):
            scan(text).finish()
    finished = scan(SOA)
    finished.finish()
    with pytest.raises(ValueError, match="finished"):
        finished.finish()
