"""`unbroken anchors ready`: each resolver's file, in each state of the root's roll from KSK-2017 to KSK-2024."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.anchor_samples import (
    BEFORE,
    DIGEST_2017,
    DIGEST_2024,
    KEY_2017,
    KEY_2024,
    ROLLED,
    SINCE,
    keydata,
    knot,
    managed_keys,
    unbound,
)
from unbroken.anchors import rfc5011
from unbroken.anchors.ready import FileKind, Readiness, ReadyStatus, Trust, check, judge, read_contents
from unbroken.anchors.rfc5011.timers import DAY
from unbroken.anchors.store import TrustAnchors
from unbroken.dns import Name, RRset
from unbroken.errors import InputError

READY, WAITING, UNKNOWN, NOT_READY = (
    ReadyStatus.READY,
    ReadyStatus.WAITING,
    ReadyStatus.UNKNOWN,
    ReadyStatus.NOT_READY,
)
TRUSTED, MISSING, PENDING = Trust.TRUSTED, Trust.MISSING, Trust.PENDING
REVOKED, REMOVED, ABSENT = Trust.REVOKED, Trust.REMOVED, Trust.ABSENT
IN_2024, IN_2017 = (KEY_2024, 2, "VALID", 257), (KEY_2017, 2, "VALID", 257)
OLD, LATER = "20170202000000", "20990101000000"


def verdict(text: str | bytes, now: int = ROLLED) -> Readiness:
    data = text.encode() if isinstance(text, str) else text
    return judge(read_contents(data, "FILE", now), "FILE", now)


def found(text: str, kind: FileKind, now: int = ROLLED) -> tuple[ReadyStatus, Trust, Trust]:
    result = verdict(text, now)
    assert result.kind is kind
    new, old = result.keys
    assert (new.key_tag, old.key_tag) == (38696, 20326)
    return result.status, new.trust, old.trust


# --- Unbound --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        (unbound(IN_2024, IN_2017), ROLLED, (READY, TRUSTED, TRUSTED)),
        (unbound(IN_2024, (KEY_2017, 3, "MISSING", 257)), ROLLED, (READY, TRUSTED, MISSING)),
        (unbound(IN_2024, (KEY_2017, 4, "REVOKED", 385)), ROLLED, (READY, TRUSTED, REVOKED)),
        (unbound((KEY_2024, 1, "ADDPEND", 257), IN_2017), BEFORE, (WAITING, PENDING, TRUSTED)),
        (unbound((KEY_2024, 1, "ADDPEND", 257), IN_2017), ROLLED, (NOT_READY, PENDING, TRUSTED)),
        (unbound(IN_2017), BEFORE, (NOT_READY, ABSENT, TRUSTED)),
        (unbound(IN_2017), ROLLED, (NOT_READY, ABSENT, TRUSTED)),
        (unbound(IN_2024), BEFORE, (NOT_READY, TRUSTED, ABSENT)),
    ],
)
def test_unbound(text: str, now: int, expected: tuple[ReadyStatus, Trust, Trust]) -> None:
    assert found(text, FileKind.UNBOUND, now) == expected


def test_unbound_a_pending_key_is_told_with_its_time() -> None:
    result = verdict(unbound((KEY_2024, 1, "ADDPEND", 257), IN_2017), BEFORE)
    assert result.keys[0].trusted_from == SINCE + 30 * DAY
    assert result.because == "KSK-2024 waits for its hold-down time, until 2025-03-10T07:33:20Z at the earliest"


def test_unbound_a_zone_whose_keys_are_all_revoked_is_an_error() -> None:
    with pytest.raises(InputError, match="FILE:1: all keys of this zone were revoked"):
        verdict(";;REVOKED\n" + unbound(IN_2017))
    with pytest.raises(InputError, match=r"FILE:9: a record without a known ';;state='"):
        verdict(unbound((KEY_2017, 9, "NOVEL", 257)))


# --- BIND -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "now", "expected"),
    [
        ((keydata(KEY_2024, OLD), keydata(KEY_2017, OLD)), ROLLED, (READY, TRUSTED, TRUSTED)),
        ((keydata(KEY_2024, OLD), keydata(KEY_2017, OLD, "20261201000000")), ROLLED, (READY, TRUSTED, MISSING)),
        ((keydata(KEY_2024, OLD), keydata(KEY_2017, "19700101000000", LATER, 385)), ROLLED, (READY, TRUSTED, REVOKED)),
        ((keydata(KEY_2024, LATER), keydata(KEY_2017, OLD)), BEFORE, (WAITING, PENDING, TRUSTED)),
        ((keydata(KEY_2024, LATER), keydata(KEY_2017, OLD)), ROLLED, (NOT_READY, PENDING, TRUSTED)),
        ((keydata(KEY_2024, "19700101000000"), keydata(KEY_2017, OLD)), ROLLED, (NOT_READY, REMOVED, TRUSTED)),
        ((keydata(KEY_2017, OLD),), ROLLED, (NOT_READY, ABSENT, TRUSTED)),
    ],
)
def test_bind_managed_keys(records: tuple[str, ...], now: int, expected: tuple[ReadyStatus, Trust, Trust]) -> None:
    assert found(managed_keys(*records), FileKind.BIND_STATE, now) == expected


def test_bind_that_never_got_the_keys_is_told() -> None:
    result = verdict(managed_keys("\t\t\tKEYDATA 20250101000000 19700101000000 19700101000000 0 0 0 ( )\n"))
    assert result.status is UNKNOWN
    assert "named has not got the keys of any zone yet." in result.notes


def test_bind_s_journal_is_no_file_to_read() -> None:
    with pytest.raises(InputError, match="is the journal of a managed-keys file; run 'rndc managed-keys sync'"):
        verdict(b";BIND LOG V9.2\n\x00\x00\x00")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("\tKEYDATA 20250101000000 0 0 257 3 8 AwEAAQ==\n", "'0' is no time"),
        ("\tKEYDATA 20250101000000 20250101000000\n", "ends early"),
        ("\tDNSKEY 257 3 8 AwEAAQ== ; KEYDATA\n", "'DNSKEY' where KEYDATA was expected"),
        (keydata("!", OLD), "not Base64"),
    ],
)
def test_bind_records_that_named_would_not_write_are_refused(record: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        verdict(managed_keys(record))


def bind(kind_2017: str, kind_2024: str | None) -> str:
    lines = [f'    . {kind_2017} 257 3 8 "{KEY_2017}";'] if kind_2017.endswith("key") else []
    lines += [f'    . {kind_2017} 20326 8 2 "{DIGEST_2017}";'] if kind_2017.endswith("ds") else []
    if kind_2024 is not None:
        lines.append(f'    . {kind_2024} 38696 8 2 "{DIGEST_2024}";')
    return "trust-anchors {\n" + "\n".join(lines) + "\n};\n"


def test_bind_configuration() -> None:
    kind = FileKind.BIND_CONFIG
    assert found(bind("initial-key", "initial-ds"), kind) == (READY, TRUSTED, TRUSTED)
    assert found(bind("static-ds", "static-ds"), kind) == (READY, TRUSTED, TRUSTED)
    assert found(bind("initial-key", None), kind) == (NOT_READY, ABSENT, TRUSTED)
    assert any("managed-keys file" in note for note in verdict(bind("initial-key", "initial-ds")).notes)
    assert any("stay as they are" in note for note in verdict(bind("static-ds", "static-ds")).notes)


def test_bind_configuration_with_anchors_of_other_zones_alone_says_nothing() -> None:
    result = verdict(f'trust-anchors {{ example. static-ds 1 8 2 "{DIGEST_2017}"; }};\n')
    assert (result.status, result.because) == (UNKNOWN, "it has no anchor of the root")
    assert "1 anchors of other zones in it are not judged." in result.notes


# --- Knot Resolver --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        (knot((KEY_2024, "Valid:"), (KEY_2017, "Valid:")), ROLLED, (READY, TRUSTED, TRUSTED)),
        (knot((KEY_2024, "Valid:"), (KEY_2017, "Missing:1800000000")), ROLLED, (READY, TRUSTED, MISSING)),
        (knot((KEY_2024, "Valid:"), (KEY_2017, "Revoked:1800000000")), ROLLED, (READY, TRUSTED, REVOKED)),
        (knot((KEY_2024, "AddPend:1741592000"), (KEY_2017, "Valid:")), BEFORE, (WAITING, PENDING, TRUSTED)),
        (knot((KEY_2024, "AddPend:1741592000"), (KEY_2017, "Valid:")), ROLLED, (NOT_READY, PENDING, TRUSTED)),
        (knot((KEY_2017, "Valid:")), ROLLED, (NOT_READY, ABSENT, TRUSTED)),
    ],
)
def test_knot_resolver(text: str, now: int, expected: tuple[ReadyStatus, Trust, Trust]) -> None:
    assert found(text, FileKind.KNOT_RESOLVER, now) == expected


def test_knot_resolver_a_pending_key_is_told_with_its_time() -> None:
    assert (
        verdict(knot((KEY_2024, "AddPend:1741592000"), (KEY_2017, "Valid:")), BEFORE).keys[0].trusted_from == 1741592000
    )


# --- PowerDNS Recursor ----------------------------------------------------------------------------------------------------

TA_2017, TA_2024 = f"20326 8 2 {DIGEST_2017}", f"38696 8 2 {DIGEST_2024}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"addTA('.', \"{TA_2024}\")\n", (READY, TRUSTED, ABSENT)),
        (f'clearTA()\naddTA(".", "{TA_2017}")\naddTA(".", "{TA_2024}")\n', (READY, TRUSTED, TRUSTED)),
        (f'clearTA(".")\naddTA(".", "{TA_2017}")\n', (NOT_READY, ABSENT, TRUSTED)),
        (f'addTA(".", "{TA_2024}")\nclearTA(".")\n', (UNKNOWN, ABSENT, ABSENT)),
        (f'addTA(".", "{TA_2017}")\n', (UNKNOWN, ABSENT, TRUSTED)),
        (f'clearTA()\naddTA(".", "{TA_2017}")\n-- addTA(".", "{TA_2024}")\n', (NOT_READY, ABSENT, TRUSTED)),
        (f'clearTA()\naddTA(".", "{TA_2017}")\n--[[\naddTA(".", "{TA_2024}")\n]]\n', (NOT_READY, ABSENT, TRUSTED)),
        ("addNTA('broken.example', 'no -- comment')\n", (UNKNOWN, ABSENT, ABSENT)),
    ],
)
def test_powerdns_lua(text: str, expected: tuple[ReadyStatus, Trust, Trust]) -> None:
    assert found(text, FileKind.POWERDNS_LUA) == expected


def test_powerdns_lua_names_further_files_and_refuses_what_it_does_not_understand() -> None:
    result = verdict("readTrustAnchorsFromFile('/usr/share/dns/root.key', 24)\n")
    assert "It names a further file of anchors, /usr/share/dns/root.key: look at that one, too." in result.notes
    with pytest.raises(InputError, match="FILE:2: addTA with something else than strings can't be read"):
        verdict("-- anchors\naddTA(zone, ds)\n")
    with pytest.raises(InputError, match="FILE:1: addTA needs a zone and a DS record"):
        verdict("addTA('.')\n")


YAML_BLOCK = f"""\
recursor:
  hint_file: x
dnssec:
  validation: validate   # always
  trustanchors:
  - name: .
    dsrecords:
    - {TA_2017}
    - '{TA_2024}'
  - name: example.com
    dsrecords:
      - 10000 8 2 {DIGEST_2017}
  negative_trustanchors:
  - name: broken.example
    reason: 38696 8 2 is no record here
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (YAML_BLOCK, (READY, TRUSTED, TRUSTED)),
        (YAML_BLOCK.replace(f"    - '{TA_2024}'\n", ""), (NOT_READY, ABSENT, TRUSTED)),
        (YAML_BLOCK.replace(f"- '{TA_2024}'", f"# - '{TA_2024}'"), (NOT_READY, ABSENT, TRUSTED)),
        (
            f"dnssec:\n  trustanchors: [{{name: '.', dsrecords: ['{TA_2017}', '{TA_2024}']}}]\n",
            (READY, TRUSTED, TRUSTED),
        ),
        (f'dnssec:\n  trustanchors:\n    - dsrecords: ["{TA_2024}"]\n', None),
        ("dnssec:\n  validation: validate\n  trustanchorfile: /usr/share/dns/root.key\n", (UNKNOWN, ABSENT, ABSENT)),
        ("dnssec:\n  trustanchors: []\n", (UNKNOWN, ABSENT, ABSENT)),
    ],
)
def test_powerdns_yaml(text: str, expected: tuple[ReadyStatus, Trust, Trust] | None) -> None:
    if expected is None:
        with pytest.raises(InputError, match="FILE:3: a DS record before the name of its zone"):
            verdict(text)
    else:
        assert found(text, FileKind.POWERDNS_YAML) == expected


def test_powerdns_yaml_other_zones_keep_their_records() -> None:
    assert "1 anchors of other zones in it are not judged." in verdict(YAML_BLOCK).notes


def test_powerdns_list() -> None:
    text = f"Configured Trust Anchors:\n.\n\t\t{TA_2017}\n\t\t{TA_2024}\nexample.com.\n\t\t10000 8 2 {DIGEST_2017}\n"
    assert found(text, FileKind.POWERDNS_LIST) == (READY, TRUSTED, TRUSTED)
    assert found(text.replace(TA_2024, TA_2017), FileKind.POWERDNS_LIST) == (NOT_READY, ABSENT, TRUSTED)


# --- other files ----------------------------------------------------------------------------------------------------------


def test_zone_file_lines_and_our_own_state(tmp_path: Path) -> None:
    lines = f". DS {TA_2017}\n. IN DNSKEY 257 3 8 {KEY_2024}\n"
    assert found(lines, FileKind.ZONE_LINES) == (READY, TRUSTED, TRUSTED)
    rdata = b"\x01\x01\x03\x08" + base64.b64decode(KEY_2017)
    anchors = TrustAnchors.from_records([RRset(Name.ROOT, 48, 0, (rdata,))])
    rfc5011.save(tmp_path / "s", [rfc5011.begin(anchors[Name.ROOT], BEFORE)])
    result = check(tmp_path / "s", ROLLED)
    assert (result.kind, result.status) == (FileKind.UNBROKEN, NOT_READY)
    assert [key.trust for key in result.keys] == [ABSENT, TRUSTED]


def test_a_key_with_the_right_tag_and_another_digest_is_not_the_root_s() -> None:
    """A key tag is 16 bits that anybody can hit."""
    forged = f". DS 38696 8 2 {'ab' * 32}\n. DS {TA_2017}\n"
    result = verdict(forged)
    assert (result.status, result.keys[0].trust) == (NOT_READY, ABSENT)
    assert "FILE:1 has the tag of KSK-2024 and is another key." in result.notes


def test_a_digest_of_another_type_is_believed_by_its_tag_and_that_is_told() -> None:
    result = verdict(f". DS 38696 8 4 {'ab' * 48}\n. DS {TA_2017}\n")
    assert result.status is READY
    assert any("by a digest of another type" in note for note in result.notes)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"hello\n", b"{}", b"{" * 100_000, b"<x/>", b"\x00" * 100])
def test_what_is_no_anchor_file_is_one_error(data: bytes) -> None:
    with pytest.raises(InputError, match="FILE"):
        verdict(data)


def test_a_file_of_absurd_size_or_none_at_all_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="more than 1 MiB"):
        verdict(b";" * ((1 << 20) + 1))
    with pytest.raises(InputError, match="more than 4096 trust anchors"):
        verdict(f". DS {TA_2017}\n" * 4097)
    with pytest.raises(InputError, match="No such file"):
        check(tmp_path / "absent", ROLLED)


@pytest.mark.parametrize(
    "data",
    [
        b"addNTA('x')\n" + b"--[[" * 200_000,
        b"addTA('.'" + b" " * 900_000,
        b"addTA('.', 'x'" + b"\n" * 900_000,
        b"addTA(" * 150_000,
        b"addNTA('x')\n" + b"'" * 300_000,
        b"dnssec:\n trustanchors:\n" + b" - name" + b" " * 900_000,
        b"dnssec:\n trustanchors:\n" + b"1 " * 450_000,
        b"; Valid:1 ;" + b" " * 900_000,
        b". 1 DNSKEY 257 3 8 AQ== ; Valid: ;\n" + b"; .\t" * 200_000,
        b"KEYDATA (" * 100_000,
    ],
)
def test_a_large_file_takes_no_more_time_than_its_size_is_worth(data: bytes) -> None:
    """With a pattern that goes back, each of these would keep it busy for hours."""
    try:
        assert verdict(data).status in ReadyStatus
    except InputError as error:
        assert "FILE" in str(error)


def test_thousands_of_forged_keys_make_a_dozen_notes() -> None:
    forged = "".join(f". DS 38696 8 2 {number:064x}\n" for number in range(1000))
    notes = verdict(forged).notes
    assert len(notes) == 13
    assert notes[-1].startswith("And 98")


SAMPLES = (
    unbound(IN_2024, IN_2017),
    managed_keys(keydata(KEY_2024, OLD), keydata(KEY_2017, OLD)),
    bind("initial-key", "initial-ds"),
    knot((KEY_2024, "AddPend:1"), (KEY_2017, "Valid:")),
    f'clearTA()\naddTA(".", "{TA_2017}")\n',
    YAML_BLOCK,
)


@given(st.data())
def test_damaged_files_are_judged_or_refused_and_never_raise_anything_else(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(SAMPLES))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 60)))
    middle = data.draw(st.text(st.sampled_from("\n\t ;(){}\"'.:,-=#0259aADNSKEY"), max_size=12))
    damaged = text[:start] + middle + text[end:]
    try:
        assert verdict(damaged).status in ReadyStatus
    except InputError as error:
        assert str(error).startswith("FILE")
