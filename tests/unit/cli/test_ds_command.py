"""`unbroken ds` and `unbroken ds check`."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from unbroken.cli import main
from unbroken.delegation import ds_for
from unbroken.dns import Name
from unbroken.dns.presentation import rrset_to_text, rrsets_from_text
from unbroken.keys import KeyFormat, StoredKey, dnskey_rrset, from_zone_key, generate_set, save
from unbroken.keys.pem import bare_text
from unbroken.keys.pkcs8 import PrivateNumbers

if TYPE_CHECKING:
    from unbroken.lab.run import Lab

Run = Callable[..., tuple[int, str, str]]
ZONE = Name("example.")
KSK, ZSK = (from_zone_key(key) for key in generate_set(ZONE, 13))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main.run(["ds", *(str(argument) for argument in arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def _lines(*digest_types: int, key: StoredKey = KSK, zone: str = "example.") -> str:
    dses = [ds_for(key.zone, key.dnskey, digest_type) for digest_type in digest_types]
    return "".join(
        f"{zone} IN DS {ds.key_tag} {ds.algorithm} {ds.digest_type} {ds.digest.hex().upper()}\n" for ds in dses
    )


# --- from files -----------------------------------------------------------------------------------------------------


def test_a_key_file_by_any_of_its_names_gives_its_ds(run: Run, tmp_path: Path) -> None:
    public, private = save(KSK, str(tmp_path))
    (pem,) = save(KSK, str(tmp_path), KeyFormat.PEM)
    for name in (public, private, public.removesuffix(".key"), pem, Path(public).stem):
        assert run(name) == (0, _lines(2, 4), ""), name
    Path(private).unlink()
    assert run(public, "--digest", "2") == (0, _lines(2), "")


def test_a_bare_pem_needs_its_zone(run: Run, tmp_path: Path) -> None:
    assert isinstance(KSK.private, PrivateNumbers)
    (tmp_path / "bare").write_text(bare_text(KSK.private))
    assert run("bare")[0] == 2
    assert run("bare", "--zone", "example") == (0, _lines(2, 4), "")


def test_a_zone_file_gives_the_ds_of_its_entry_points(run: Run, tmp_path: Path) -> None:
    zone = tmp_path / "some.zone"
    keys = "\n".join(rrset_to_text(dnskey_rrset(ZONE, [KSK.dnskey, ZSK.dnskey])))
    zone.write_text(f"$ORIGIN example.\n@ 3600 SOA ns hostmaster 1 1 1 1 1\n{keys}\nsub DNSKEY 257 3 13 AAAA\n")
    assert run(zone) == (0, _lines(2, 4), "")
    zone.write_text(zone.read_text().replace("$ORIGIN example.\n", ""))
    assert run(zone)[0] == 2
    assert run(zone, "--zone", "example") == (0, _lines(2, 4), "")
    zone.write_text("\n".join(rrset_to_text(dnskey_rrset(ZONE, [ZSK.dnskey]))))
    assert run(zone) == (0, _lines(2, 4, key=ZSK), "")


def test_standard_input_is_a_zone_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = tmp_path / "zone"
    zone.write_text("\n".join(rrset_to_text(dnskey_rrset(ZONE, [KSK.dnskey]))))
    descriptor, saved = os.open(zone, os.O_RDONLY), os.dup(0)
    os.dup2(descriptor, 0)
    try:
        assert run("-") == (0, _lines(2, 4), "")
    finally:
        os.dup2(saved, 0)
        os.close(descriptor)
        os.close(saved)


def test_rfc9905_2_sha1_is_made_on_demand_with_a_warning(run: Run, tmp_path: Path) -> None:
    code, out, err = run(save(KSK, str(tmp_path))[0], "--digest", "1")
    assert (code, out) == (0, _lines(1)) and err.startswith("unbroken: warning:") and "SHA-1" in err


def test_rfc7344_cds_and_cdnskey(run: Run, tmp_path: Path) -> None:
    public, _ = save(KSK, str(tmp_path))
    assert run(public, "--cds") == (0, _lines(2, 4).replace(" DS ", " CDS "), "")
    _, out, _ = run(public, "--cdnskey", "--ttl", "60")
    (rrset,) = rrsets_from_text(out, None)
    assert rrset.dnskeys() == (KSK.dnskey,) and rrset.ttl == 60 and " 60 IN CDNSKEY 257 3 13 " in out
    assert run("--cds", "--cdnskey", public)[1].count("\n") == 3


def test_rfc8078_4_delete_asks_nobody_for_keys(run: Run) -> None:
    assert run("example.org", "--delete")[1] == "example.org. IN CDS 0 0 0 00\nexample.org. IN CDNSKEY 0 3 0 AA==\n"
    assert run("example.org", "--delete", "--cds")[1] == "example.org. IN CDS 0 0 0 00\n"
    assert run("--delete", "check.", "--cdnskey")[1] == "check. IN CDNSKEY 0 3 0 AA==\n"
    assert run("records", "--delete", "--cdnskey")[1] == "records. IN CDNSKEY 0 3 0 AA==\n"


def test_json_holds_the_same_records(run: Run, tmp_path: Path) -> None:
    _, out, _ = run(save(KSK, str(tmp_path))[0], "--json")
    shown = json.loads(out)
    assert shown["zone"] == "example."
    assert "".join(f"{row['owner']} IN {row['type']} {row['rdata']}\n" for row in shown["records"]) == _lines(2, 4)


def test_a_revoked_key_gets_no_ds(run: Run, tmp_path: Path) -> None:
    (tmp_path / "zone").write_text("\n".join(rrset_to_text(dnskey_rrset(ZONE, [KSK.open().revoked().dnskey]))))
    code, out, err = run("zone")
    assert (code, out) == (2, "") and "no key that can have a DS" in err


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"\x00" * 100,
        b"example. IN A 192.0.2.1\n",
        b"example. IN DNSKEY 257 3 13 !\n",
        b"$INCLUDE /etc/passwd\n",
        b"a. DNSKEY 257 3 13 AAAA\nb. DNSKEY 257 3 13 AAAA\n",
        b"unbroken-key: 1\n",
        b"-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n",
        b"(" * 100_000,
    ],
)
def test_other_files_are_one_plain_line_and_exit_2(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    code, out, err = run("file")
    assert (code, out) == (2, "") and err.count("\n") == 1 and err.startswith("unbroken: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("./none",),
        ("/none",),
        ("none.key",),
        ("a..b",),
        ("example", "--digest", "3"),
        ("example", "--digest"),
        ("example", "other"),
        ("example", "--ttl", "-1"),
        ("example", "--delete", "--zone", "a..b", "--nope"),
        ("check",),
        ("check", "a..b"),
        ("check", "."),
        ("check", "example", "--ipv4", "--ipv6"),
    ],
)
def test_bad_usage_is_one_plain_line_and_exit_2(run: Run, arguments: tuple[str, ...]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "") and err.count("\n") == 1 and "records" not in err


def test_help_is_the_command_s_own_and_names_the_subcommand(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0 and "Usage: unbroken ds [OPTIONS] ZONE|FILE" in out
    assert (
        "--cdnskey" in out and "Check that the parent's DS match" in out and "records " not in out.split("Commands:")[1]
    )
    code, out, _ = run("check", "--help")
    assert code == 0 and "Exit codes: 0 in order, 1 broken" in " ".join(out.split())


# --- from the network -----------------------------------------------------------------------------------------------


def _network(lab: "Lab") -> tuple[str, ...]:
    hints, anchor = lab.directory / "root.hints", lab.directory / "root.anchor"
    return "--hints", str(hints), "--anchor", str(anchor), "--port", str(lab.port), "-4"


def test_a_zone_on_the_network_gives_the_ds_that_its_parent_has(run: Run, signed_internet: "Lab") -> None:
    code, out, err = run("two.test", "--digest", "2", *_network(signed_internet))
    assert (code, err) == (0, "")
    shown = json.loads(run("check", "two.test", "--json", *_network(signed_internet))[1])
    assert out.splitlines() == [ds["record"] for ds in shown["ds"]]


def test_a_zone_that_is_not_signed_has_no_ds(run: Run, signed_internet: "Lab") -> None:
    code, out, err = run("unsigned.test", *_network(signed_internet))
    assert (code, out) == (2, "") and "publishes no DNSKEY" in err


def test_keys_that_can_not_be_authenticated_give_their_ds_with_a_warning(run: Run, signed_internet: "Lab") -> None:
    signed_internet.break_zone("ds-bogus-digest-value", "two.test")
    code, out, err = run("two.test", "--digest", "2", *_network(signed_internet))
    assert code == 0 and out.startswith("two.test. IN DS ") and "is bogus" in err and err.count("\n") == 1


def test_check_of_a_delegation_in_order_exits_0(run: Run, signed_internet: "Lab") -> None:
    code, out, err = run("check", "two.test", *_network(signed_internet))
    assert (code, err) == (0, "") and "ok  DS " in out and out.endswith("signs the zone's keys\n")


@pytest.mark.parametrize(
    ("fault", "code", "status", "outcome"),
    [
        ("ds-bad-tag", 1, "broken", "no_key_with_tag"),
        ("ds-bad-key-algo", 1, "broken", "algorithm_mismatch"),
        ("ds-bogus-digest-value", 1, "broken", "digest_mismatch"),
        ("no-ksk", 1, "broken", "no_key_with_tag"),
        ("no-rrsig-ksk", 1, "broken", "matched"),
        ("revoked-ksk", 1, "broken", "key_revoked"),
        ("ds-unassigned-digest-algo", 3, "insecure", "unsupported_digest"),
        ("no-ds", 3, "insecure", None),
    ],
)
def test_check_of_a_broken_delegation_says_why_and_what_to_change(
    run: Run, signed_internet: "Lab", fault: str, code: int, status: str, outcome: str | None
) -> None:
    signed_internet.break_zone(fault, "two.test")
    got, out, err = run("check", "two.test", "--json", *_network(signed_internet))
    shown = json.loads(out)
    assert (got, shown["status"], err) == (code, status, "")
    assert [ds["outcome"] for ds in shown["ds"]] == ([] if outcome is None else [outcome])
    assert all(not ds["is_good"] for ds in shown["ds"])
    text = run("check", "two.test", *_network(signed_internet))
    assert text[0] == code and text[1].splitlines()[-1].startswith(f"two.test. is {status}")
    if fault.startswith("ds-bogus"):
        assert "add at the parent:" in text[1] and "remove at the parent:" in text[1]


def test_what_check_says_is_to_be_added_is_what_ds_makes(run: Run, signed_internet: "Lab") -> None:
    signed_internet.break_zone("ds-bogus-digest-value", "two.test")
    shown = json.loads(run("check", "two.test", "--json", *_network(signed_internet))[1])
    made = run("two.test", "--digest", "2", *_network(signed_internet))[1].splitlines()
    assert shown["add"] == made and shown["remove"] == [ds["record"] for ds in shown["ds"]]


def test_check_of_a_zone_whose_parent_is_unsigned_or_that_is_none(run: Run, signed_internet: "Lab") -> None:
    for name in ("unsigned.test", "www.one.example"):
        code, out, _ = run("check", name, *_network(signed_internet))
        assert code == 3 and "no DNSKEY" in out


def test_check_without_an_answer_exits_4(run: Run, signed_internet: "Lab") -> None:
    hints, anchor, port = _network(signed_internet)[1], _network(signed_internet)[3], signed_internet.port
    code, out, err = run(
        "check", "two.test", "--hints", hints, "--anchor", anchor, "--port", port ^ 1, "-4", "--timeout", 2
    )
    assert (code, out, err.count("\n")) == (4, "", 1)
