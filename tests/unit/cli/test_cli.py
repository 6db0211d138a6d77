"""The command line: exit codes, one line for every error, and files that are written whole or not at all."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import handmade
import pytest
from jsonschema import Draft202012Validator

from unbroken._kernel import type_to_text
from unbroken.chain import Evidence, Question
from unbroken.chain.rfc9102 import Proof, read, write
from unbroken.cli import main, online
from unbroken.cli.unreachable import trouble
from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.validation.protocol import Failure, NoAnswer

NOW = str(handmade.NOW)
SCHEMA = json.loads((files("unbroken.report") / "schema" / "chain-1.json").read_text(encoding="utf-8"))

Run = Callable[..., tuple[int, str, str]]

# --- check ------------------------------------------------------------------------------------------------------------

CHECK = ("check", "www.example.com", "--resolver", "192.0.2.1", "--at", NOW)


def test_check_of_a_secure_name_exits_0_and_shows_its_chain(run: Run, network: Any, anchor: Path) -> None:
    network(handmade.secure())
    code, out, err = run(*CHECK, "--anchor", anchor)
    assert (code, err) == (0, "")
    assert "SECURE" in out and "192.0.2.2" in out


def test_check_of_a_bogus_name_exits_1_and_names_the_link(run: Run, network: Any, anchor: Path) -> None:
    good = handmade.secure()
    data = good.links[-1].evidence[0]
    forged = Evidence(RRset(data.rrset.owner, rr.A, 300, (bytes(4),)), data.rrsigs)
    broken = handmade.replace(good, links=(*good.links[:-1], handmade.replace(good.links[-1], evidence=(forged,))))
    network(broken)
    code, out, _ = run(*CHECK, "--anchor", anchor)
    assert code == 1
    assert "✗ www.example.com." in out and "does not verify" in out


def test_check_with_no_network_says_so_in_one_line_and_exits_4(run: Run, network: Any) -> None:
    network(None)
    code, out, err = run("check", "www.example.com")
    assert (code, out) == (4, "")
    assert err.count("\n") == 1 and "check this host's network" in err


def test_check_json_with_no_network_is_json_too(run: Run, network: Any) -> None:
    network(None)
    code, out, err = run("check", "www.example.com", "--json")
    assert code == 4 and err.count("\n") == 1
    chain = json.loads(out)
    Draft202012Validator(SCHEMA).validate(chain)
    assert chain["status"] == "indeterminate"


@pytest.mark.parametrize(
    ("options", "failures", "says"),
    [
        (
            {"resolver": "192.0.2.1"},
            [NoAnswer(Failure.SERVFAIL, "servers of . asked for a.: 192.0.2.1: SERVFAIL")],
            "the resolver 192.0.2.1 (192.0.2.1: SERVFAIL); name another resolver",
        ),
        (
            {"resolver": "192.0.2.1"},
            [NoAnswer(Failure.TIMEOUT, "servers of . asked for a.: 192.0.2.1: timeout")],
            "(192.0.2.1: timeout); check its address and port",
        ),
        (
            {},
            [
                NoAnswer(Failure.OVER_LIMIT, "servers of . asked for a.: none known"),
                NoAnswer(Failure.TIMEOUT, "servers of . asked for a.: 192.0.2.1: timeout; 192.0.2.2: timeout"),
            ],
            "the root servers (192.0.2.1: timeout, and 1 more); check this host's network",
        ),
        ({}, [NoAnswer(Failure.OVER_LIMIT, "servers of . asked for a.: none known")], "(no reply within 5 s)"),
        ({}, [NoAnswer(Failure.SERVFAIL, "servers of . asked for a.: 192.0.2.1: does not recurse")], "in their place"),
        (
            {"hints": "h", "use_ipv4": False},
            [NoAnswer(Failure.UNREACHABLE, "servers of . asked for a.: none known")],
            "the servers in h have no IPv6 address; leave out --ipv6",
        ),
    ],
)
def test_what_happened_comes_with_a_remedy_that_fits(
    options: dict[str, Any], failures: list[NoAnswer], says: str
) -> None:
    plain = {
        "hints": None,
        "resolver": None,
        "port": 53,
        "lab": False,
        "timeout": 12,
        "use_ipv4": True,
        "use_ipv6": True,
    }
    text = trouble(Question(Name("a."), rr.A), failures, online.Network(**{**plain, **options}), 5.0)
    assert says in text and "none known" not in text


def test_check_without_an_answer_exits_4(run: Run, network: Any, anchor: Path) -> None:
    network(handmade.secure())
    code, _, _ = run("check", "other.example.net", "--resolver", "192.0.2.1", "--at", NOW, "--anchor", anchor)
    assert code == 4


def test_check_json_fits_the_schema(run: Run, network: Any, anchor: Path) -> None:
    network(handmade.alias())
    code, out, _ = run(*CHECK, "--anchor", anchor, "--json")
    assert code == 0
    Draft202012Validator(SCHEMA).validate(json.loads(out))


def test_check_save_then_offline_gives_the_same_chain(run: Run, network: Any, anchor: Path, tmp_path: Path) -> None:
    network(handmade.alias())
    capture = tmp_path / "evidence.json"
    code, online_text, _ = run(*CHECK, "--anchor", anchor, "--save", capture)
    assert code == 0
    network(None)
    code, offline_text, _ = run("check", "www.example.com", "--anchor", anchor, "--offline", capture)
    assert (code, offline_text) == (0, online_text)
    assert run("verify", capture, "--anchor", anchor)[1] == online_text


def test_check_takes_internationalised_names_as_people_write_them(run: Run, network: Any, anchor: Path) -> None:
    network(handmade.secure())
    _, out, _ = run("check", "bücher.example", "--resolver", "192.0.2.1", "--at", NOW, "--anchor", anchor)
    assert out.startswith("xn--bcher-kva.example. A")


# --- prove and verify -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["secure", "alias"])
def test_prove_then_verify_shows_the_same_chain(
    run: Run, network: Any, anchor: Path, tmp_path: Path, kind: str
) -> None:
    network(handmade.ALL[kind]())
    proof = tmp_path / "proof.bin"
    code, proven, _ = run("prove", *CHECK[1:2], "A", *CHECK[2:], "--anchor", anchor, "-o", proof)
    assert code == 0
    code, verified, _ = run("verify", proof, "--at", NOW, "--anchor", anchor)
    assert (code, verified) == (0, proven)


def test_prove_writes_nothing_for_what_it_can_not_prove(run: Run, network: Any, tmp_path: Path) -> None:
    network(handmade.secure())
    proof = tmp_path / "proof.bin"
    code, _, err = run("prove", "www.example.com", "A", "--resolver", "192.0.2.1", "--at", NOW, "-o", proof)
    assert code == 1  # the hand-made root key is not IANA's
    assert "no proof written" in err and not proof.exists()


def test_verify_of_a_name_that_the_proof_does_not_hold_is_not_secure(run: Run, anchor: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof.bin"
    proof.write_bytes(write(handmade.secure()))
    code, _, _ = run("verify", proof, "mail.example.com", "A", "--at", NOW, "--anchor", anchor)
    assert code == 4


def test_what_a_file_does_not_hold_is_no_fault_of_servers(run: Run, anchor: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof.bin"
    proof.write_bytes(write(handmade.secure()))
    code, out, _ = run("verify", proof, "mail.example.org", "A", "--at", NOW, "--anchor", anchor)
    assert (
        code == 4
        and "is not in the capture or proof" in " ".join(out.replace("┃", "").split())
        and "servers" not in out
    )
    assert out.count("→ ") == 1


def test_verify_of_what_is_no_proof_is_one_line_and_exit_2(run: Run, tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    for data in (b"", b"junk", b"{", b"{}", b'{"format": 1}', b"[" * 100_000, b"{" * 100_000, b'{"a":' * 100_000):
        junk.write_bytes(data)
        code, out, err = run("verify", junk)
        assert (code, out) == (2, "")
        assert err.startswith("unbroken: ") and err.count("\n") == 1


# --- real proofs ------------------------------------------------------------------------------------------------------


def _real(shared: Path) -> list[dict[str, Any]]:
    index = shared / "real" / "rfc9102-proofs" / "index.json"
    if not index.is_file():
        pytest.skip("no recorded RFC 9102 proofs")
    entries: list[dict[str, Any]] = json.loads(index.read_text(encoding="utf-8"))
    return entries


def _verify(run: Run, shared: Path, entry: dict[str, Any], tmp_path: Path, at: int) -> int:
    options: list[object] = ["--at", at]
    expected = str(entry["expected"])
    if '"' in expected:  # the index names an anchor of its own
        anchor = tmp_path / "vector-anchor"
        anchor.write_text(expected.split('"')[1] + "\n", encoding="ascii")
        options += ["--anchor", anchor]
    name, rdtype = str(entry["query"]).split()
    return run("verify", shared / "real" / "rfc9102-proofs" / entry["file"], name, rdtype, *options)[0]


def test_recorded_proofs_give_the_expected_verdict_at_their_time(run: Run, shared: Path, tmp_path: Path) -> None:
    for entry in _real(shared):
        wanted = 0 if str(entry["expected"]).startswith("secure") else 1
        assert _verify(run, shared, entry, tmp_path, entry["check_time"]) == wanted, entry["file"]


def test_recorded_proofs_fail_one_second_after_their_first_expiry(run: Run, shared: Path, tmp_path: Path) -> None:
    for entry in _real(shared):
        if not str(entry["expected"]).startswith("secure"):
            continue
        last = entry["earliest_expiration"]
        assert _verify(run, shared, entry, tmp_path, last) == 0, entry["file"]
        assert _verify(run, shared, entry, tmp_path, last + 1) == 1, entry["file"]


def test_recorded_proofs_tell_their_own_question(shared: Path) -> None:
    for entry in _real(shared):
        proof = read((shared / "real" / "rfc9102-proofs" / entry["file"]).read_bytes())
        assert isinstance(proof, Proof) and proof.question is not None
        name, rdtype = str(entry["query"]).split()
        assert str(proof.question.name) == name
        assert type_to_text(proof.question.rdtype) == rdtype


# --- anchors, explain, help -------------------------------------------------------------------------------------------


def test_anchors_shows_the_built_in_root(run: Run) -> None:
    code, out, _ = run("anchors")
    assert code == 0 and ". IN DS 20326 8 2 " in out and ". IN DS 38696 8 2 " in out


def test_anchors_verify_accepts_iana_s_signature_and_refuses_another_file(
    run: Run, shared: Path, tmp_path: Path
) -> None:
    folder = shared / "real" / "root-anchors" / "iana-2024"
    if not folder.is_dir():
        pytest.skip("no recorded root-anchors.xml")
    files_ = (folder / "root-anchors.p7s", "--ca", folder / "icannbundle.pem", "--at", "1735000000")
    code, out, _ = run("anchors", "verify", folder / "root-anchors.xml", *files_)
    assert code == 0 and "good signature" in out and "DS 20326" in out
    other = tmp_path / "root-anchors.xml"
    other.write_bytes((folder / "root-anchors.xml").read_bytes().replace(b"20326", b"20327"))
    code, out, err = run("anchors", "verify", other, *files_)
    assert (code, out) == (1, "") and err.count("\n") == 1


def test_anchors_verify_takes_sha1_only_when_told(run: Run, shared: Path) -> None:
    folder = shared / "real" / "root-anchors" / "iana-2010"
    if not folder.is_dir():
        pytest.skip("no recorded root-anchors.xml")
    call = ("anchors", "verify", folder / "root-anchors.xml", folder / "root-anchors.p7s")
    call += ("--ca", folder / "icannbundle.pem", "--at", "1450000000")
    assert run(*call)[0] == 1
    code, out, _ = run(*call, "--allow-sha1")
    assert code == 0 and "DS 19036" in out


def test_anchors_verify_of_what_can_not_be_read_is_2_and_names_the_file(run: Run, tmp_path: Path) -> None:
    xml, p7s, ca = (tmp_path / name for name in ("root.xml", "root.p7s", "ca.pem"))
    for path in (xml, p7s, ca):
        path.write_bytes(b"junk")
    code, out, err = run("anchors", "verify", xml, p7s, "--ca", ca)
    assert (code, out) == (2, "") and str(p7s) in err and err.count("\n") == 1


def test_anchors_verify_names_the_ca_file_when_that_is_no_bundle(run: Run, shared: Path, tmp_path: Path) -> None:
    folder = shared / "real" / "root-anchors" / "iana-2024"
    if not folder.is_dir():
        pytest.skip("no recorded root-anchors.xml")
    ca = tmp_path / "ca.pem"
    ca.write_bytes(b"junk")
    code, _, err = run("anchors", "verify", folder / "root-anchors.xml", folder / "root-anchors.p7s", "--ca", ca)
    assert code == 2 and str(ca) in err and "p7s" not in err


def test_rfc9718_2_built_in_anchors_are_not_in_force_before_their_time(run: Run) -> None:
    _, out, _ = run("anchors", "show", "--at", "2020-01-01")
    assert "DS 20326" in out and "DS 38696" not in out
    code, out, err = run("anchors", "show", "--at", "2015-01-01")
    assert (code, out) == (2, "") and "--anchor" in err


def test_explain_lists_and_explains_every_code(run: Run) -> None:
    code, out, _ = run("explain")
    assert code == 0
    for line in out.splitlines():
        assert run("explain", line.split()[0].lower())[0] == 0


def test_an_unknown_command_or_code_is_answered_with_the_nearest(run: Run) -> None:
    assert "did you mean `check`" in run("chekc", "x")[2]
    assert "did you mean DS_DIGEST_MISMATCH" in run("explain", "ds-digest-mismach")[2]


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("check", "a..b"),
        ("check", "x", "NOTYPE"),
        ("check", "x", "--at", "soon"),
        ("check", "x", "--resolver", "not-an-address"),
        ("check", "x", "--ipv4", "--ipv6"),
        ("check", "x", "--hints", "f", "--resolver", "192.0.2.1"),
        ("check", "x", "--offline", "/nonexistent/file"),
        ("check", "x", "--anchor", "/nonexistent/file"),
        ("check", "x", "--offline", "a", "--save", "b"),
        ("check", "x", "--offline", "a", "--lab"),
        ("check", "x", "--offline", "a", "--resolver", "192.0.2.1"),
        ("check", "x", "--offline", "a", "-4"),
        ("check", "x", "--lab", "--port", "53"),
        ("check", "x", "--lab", "-6"),
        ("check", "x", "--lab", "--resolver", "192.0.2.1"),
        ("prove", "x", "A"),
        ("verify",),
        ("verify", "a", "b", "c", "d"),
        ("check", "x", "--color", "blue"),
        ("check", "x", "--json=yes"),
        ("check", "x", "-j"),
        ("check", "x", "--save"),
        ("lab", "--bad"),
        ("keys", "generat", "x"),
        ("check", "\x1b[2J\u202e..", "A"),
        ("verify", "/nonexistent/file"),
        ("explain", "\x1b[2J"),
        ("nothing-like-it",),
    ],
)
def test_bad_usage_is_one_plain_line_and_exit_2(run: Run, arguments: tuple[str, ...]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("unbroken: ") and err.count("\n") == 1
    assert err.rstrip("\n").isascii() and err.rstrip("\n").isprintable()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("check", "x", "--port", "abc"), "--port takes a whole number from 1 to 65535, not 'abc'"),
        (("check", "x", "--port", "0"), "--port takes a whole number from 1 to 65535, not '0'"),
        (("check", "x", "--timeout", "nan"), "--timeout takes a number of seconds above 0, at most 300, not 'nan'"),
        (("check", "x", "--timeout", "-1"), "--timeout takes a number of seconds above 0, at most 300, not '-1'"),
        (("check", "x", "--color", "blue"), "--color takes auto, always or never, not 'blue'"),
        (("check", "x", "--jsn"), "there is no option --jsn; did you mean `--json`?"),
        (("check", "x", "--json=yes"), "--json takes no value"),
        (("check", "x", "A", "y"), "one argument too many: 'y'"),
        (("prove", "x", "A"), "required: -o/--output"),
        (("keys", "generat", "x"), "did you mean `generate`?"),
        (("check", "x", "--offline", "f", "--lab"), "--offline and --lab exclude each other: offline, nobody is asked"),
        (("check", "x", "--lab", "--port", "53"), "--lab and --port exclude each other: the lab knows its port"),
        (("ds", "check", "x", "-4", "-6"), "--ipv4 and --ipv6 exclude each other"),
        (("check", "a\\"), "nothing follows the last backslash"),
        (("check", "http://www.one.example/x"), "give the name alone: www.one.example"),
        (("check", "192.0.2.1"), "to ask for its name: 1.2.0.192.in-addr.arpa PTR"),
        (("check", "2001:DB8::1"), "8.b.d.0.1.0.0.2.ip6.arpa PTR"),
        (("check", "x", "AXFR"), "AXFR is no type of data"),
        (("check", "x", "type41"), "type41 is no type of data"),
        (("prove", "x", "MAILB", "-o", "f"), "MAILB is no type of data"),
    ],
)
def test_what_does_not_fit_is_told_with_what_would(run: Run, arguments: tuple[str, ...], says: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err


@pytest.mark.parametrize("rdtype", ["OPT", "IXFR", "AXFR", "MAILA", "MAILB", "TSIG", "TKEY", "TYPE0", "TYPE128"])
def test_types_that_are_no_data_are_refused(run: Run, rdtype: str) -> None:
    """RFC 6895 §3.1."""
    code, _, err = run("check", "x", rdtype)
    assert code == 2 and "is no type of data" in err


@pytest.mark.parametrize("name", ["user@example.com", "a/b.example", "10.example", "1.2.3.4.", "a\\\\"])
def test_odd_names_are_names(run: Run, network: Any, name: str) -> None:
    network(None)
    assert run("check", name, "--resolver", "192.0.2.1")[0] == 4


def test_a_file_that_only_starts_like_a_capture_is_told_what_it_should_be(run: Run, tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.write_text("{ this is not it")
    code, out, err = run("verify", junk)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "unbroken check --save" in err and "unbroken prove" in err


def test_options_are_taken_in_every_usual_notation(run: Run, network: Any, anchor: Path, tmp_path: Path) -> None:
    network(handmade.secure())
    proof = tmp_path / "p"
    for words in (
        ("prove", f"-o{proof}", "-4", *CHECK[1:], f"--anchor={anchor}", "--", "A"),
        ("prove", *CHECK[1:2], "A", f"--output={proof}", *CHECK[2:], "--anchor", anchor, "--json", "--ascii"),
        ("prove", "-o", proof, *CHECK[1:], "A", "--anchor", anchor),
    ):
        code, _, err = run(*words)
        assert (code, err) == (0, "") and proof.exists()
        proof.unlink()


def test_what_follows_two_hyphens_is_no_option(run: Run, network: Any) -> None:
    network(None)
    code, _, err = run("check", "--resolver", "192.0.2.1", "--", "--json")
    assert code == 4 and err.startswith("unbroken: --json.: ")


def test_help_is_given_wherever_it_is_asked_for(run: Run) -> None:
    for words in (("-h",), ("check", "--help"), ("check", "x", "--bad", "-h"), ("lab", "up", "-h"), ("anchors", "-h")):
        code, out, err = run(*words)
        assert (code, err) == (0, "") and out.startswith("Usage: unbroken")
        assert all(len(line) <= 100 for line in out.splitlines())


def test_a_group_alone_shows_its_help(run: Run) -> None:
    for words in ((), ("lab",), ("keys",)):
        code, out, err = run(*words)
        assert (code, out) == (2, "") and err.startswith(" ".join(("Usage: unbroken", *words)))


def test_every_help_states_the_exit_codes_or_has_only_one(run: Run) -> None:
    for command in ("check", "prove", "verify"):
        code, out, _ = run(command, "--help")
        assert code == 0 and "Exit codes:" in out and "Examples:" in out


def test_every_line_in_a_list_of_commands_has_its_command() -> None:
    groups = [main.GROUP]
    while groups:
        group = groups.pop()
        for name, (summary, *_) in group.parts.items():
            part = group.part(name)
            assert part.about.split()[0] == summary.split()[0], name
            groups.append(part)


def test_help_loads_no_command_and_no_heavy_module() -> None:
    script = (
        "import sys; from unbroken.cli.main import run; run(['--help']); "
        "print([m for m in sys.modules if m.startswith(('unbroken.', 'dns', 'asyncio', 'cryptography', 'socket'))],"
        " file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stderr.replace("'", '"')))
    assert loaded == {
        "unbroken.cli",
        "unbroken.cli.command",
        "unbroken.cli.help",
        "unbroken.cli.main",
        "unbroken.errors",
        "unbroken.report",
        "unbroken.report.escape",
    }


def test_an_interrupt_exits_130(run: Run, monkeypatch: pytest.MonkeyPatch, network: Any) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(online, "ask", interrupted)
    code, _, err = run("check", "example.com")
    assert (code, err.strip()) == (130, "unbroken: interrupted")


def test_the_command_reference_is_current() -> None:
    tools = Path(__file__).resolve().parents[3] / "tools" / "cli_docs.py"
    done = subprocess.run([sys.executable, str(tools), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("target", ["/dev/full", "/dev/null"])
def test_output_that_can_not_be_written_is_no_traceback(target: str) -> None:
    if not Path(target).exists():
        pytest.skip(f"no {target} here")
    command = f"{sys.executable} -m unbroken.cli explain > {target}"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr
    assert done.returncode == (0 if target == "/dev/null" else 2)


def test_an_ascii_terminal_gets_ascii(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    proof.write_bytes(write(handmade.secure()))
    for arguments in (["verify", str(proof)], ["explain", "NO_TRUST_ANCHOR"]):
        command = [sys.executable, "-m", "unbroken.cli", *arguments]
        done = subprocess.run(command, capture_output=True, check=False, env={"PYTHONIOENCODING": "ascii"})
        assert done.stderr == b"" and done.stdout.isascii() and done.stdout


def test_nothing_asked_shows_the_help() -> None:
    done = subprocess.run([sys.executable, "-m", "unbroken.cli"], capture_output=True, text=True, check=False)
    assert done.stderr.startswith("Usage: unbroken") or done.stdout.startswith("Usage: unbroken")
