"""Keys in a token: SoftHSM2, when it is installed. One token serves the whole module: a process sees no other."""

import dataclasses
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import softhsm

from unbroken._kernel import VERIFIED, verify_raw
from unbroken.dns import Name
from unbroken.errors import InputError, StateError, UsageError
from unbroken.keys import KeyFormat, ZoneKey, find, from_zone_key, load, open_key, read, save
from unbroken.keys.pkcs11 import Pkcs11Signer, TokenAccess, generate_in_token
from unbroken.keys.pkcs11_uri import Pkcs11Uri

ZONE = Name("example.")


@dataclasses.dataclass(frozen=True)
class Token:
    module: str
    label: str

    @property
    def access(self) -> TokenAccess:
        return TokenAccess(self.module, softhsm.PIN)

    def uri(self, label: str) -> Pkcs11Uri:
        return Pkcs11Uri(token=self.label, label=label)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    module = softhsm.find_module()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in softhsm.make_token(tmp_path_factory.mktemp("softhsm"), "unit").items():
            patch.setenv(name, value)
        yield Token(module, "unit")


def _close(key: ZoneKey) -> None:
    """A login is the whole process's, and ends with the last session."""
    assert isinstance(key.private, Pkcs11Signer)
    key.private.close()


@pytest.mark.parametrize("algorithm", [8, 10, 13, 14, 15])
def test_many_signatures_are_made_in_order_and_verify(token: Token, algorithm: int) -> None:
    signer = Pkcs11Signer.generate(token.uri(f"many-{algorithm}"), token.access, algorithm)
    data = [b"data %d" % number for number in range(60)]
    for each, signature in zip(data, signer.sign_many(data), strict=True):
        assert verify_raw(algorithm, signer.public_key, signature, each) == VERIFIED
    assert signer.algorithm == algorithm and signer.sign_many([]) == []
    signer.close()


def test_sessions_sign_side_by_side_whoever_calls(token: Token) -> None:
    signer = Pkcs11Signer.generate(token.uri("threads"), token.access, 13)
    made: list[bool] = []

    def work(number: int) -> None:
        for count in range(40):
            data = b"%d %d" % (number, count)
            made.append(verify_raw(13, signer.public_key, signer.sign(data), data) == VERIFIED)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]  # twice the sessions
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [True] * 320
    signer.close()


def test_rsa_sizes_and_kinds_that_a_token_does_not_make_are_usage_errors(token: Token) -> None:
    for algorithm, bits in ((8, 1024), (16, 2048), (18, 2048), (5, 2048)):
        with pytest.raises(UsageError):
            Pkcs11Signer.generate(token.uri("none"), token.access, algorithm, bits)


@pytest.mark.parametrize("form", KeyFormat)
def test_a_key_in_a_token_is_kept_in_files_that_hold_no_secret(token: Token, form: KeyFormat, tmp_path: Path) -> None:
    uri = dataclasses.replace(token.uri(f"kept-{form.value}"), module_path=token.module, pin_value=softhsm.PIN)
    key = generate_in_token(ZONE, uri, TokenAccess(), 13, role="ZSK")
    paths = save(from_zone_key(key), str(tmp_path), form)
    assert all(softhsm.PIN not in Path(path).read_text() for path in paths)
    (found,) = find([str(tmp_path)]).keys
    assert (found.dnskey, found.role) == (key.dnskey, "ZSK") and found == read(paths[0])
    _close(key)
    opened = load(paths[0], token.access)
    data = b"data"
    assert verify_raw(13, key.dnskey.public_key, opened.private.sign(data), data) == VERIFIED
    _close(opened)


def test_a_key_whose_tag_is_taken_is_taken_out_of_the_token_again(token: Token) -> None:
    class Taken(frozenset[int]):
        """Refuses the first key, whatever its tag."""

        asked = 0

        def isdisjoint(self, other: object) -> bool:
            Taken.asked += 1
            return Taken.asked > 1

    key = generate_in_token(ZONE, token.uri("collides"), token.access, 13, role="KSK", avoid=Taken())
    assert Taken.asked == 2
    _close(key)
    # Were the first still there, the label would name two.
    again = Pkcs11Signer.open(token.uri("collides"), token.access, key.dnskey)
    assert again.public_key == key.dnskey.public_key
    again.close()
    with pytest.raises(UsageError, match="free tag"):
        generate_in_token(ZONE, token.uri("full"), token.access, 13, role="KSK", avoid=frozenset(range(65536)))


def test_another_key_than_the_dnskey_s_is_refused(token: Token) -> None:
    first, second = (generate_in_token(ZONE, token.uri(f"pair-{n}"), token.access, 13, role="KSK") for n in (1, 2))
    swapped = dataclasses.replace(from_zone_key(first), private=token.uri("pair-2"), path="swapped")
    with pytest.raises(InputError, match="not the one of its DNSKEY"):
        open_key(swapped, token.access)
    with pytest.raises(ValueError, match="P-256"):
        Pkcs11Signer.open(token.uri("pair-1"), token.access, 15)
    _close(first)
    _close(second)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"token": "nowhere"}, "no token fits"),
        ({"serial": "0"}, "no token fits"),
        ({"manufacturer": "Snake Oil"}, "no token fits"),
        ({"model": "1.0"}, "no token fits"),
        ({"slot_id": 1}, "no token fits"),
        ({"label": "absent"}, "no such private key"),
        ({"label": ""}, "no key in it"),
        ({"module_path": "/nonexistent/module.so"}, "can't be loaded"),
        ({"module_path": sys.executable}, "can't be loaded"),
        ({"pin_value": "wrong"}, "refuses the PIN"),
        ({"pin_source": "file:/nonexistent/pin"}, "No such file"),
        ({"pin_source": "|cat /etc/pin"}, "no absolute file name"),
        ({"pin_source": "file:/x", "pin_value": "y"}, "both"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_what_a_uri_does_not_name_is_an_input_error(token: Token, change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        Pkcs11Signer.open(dataclasses.replace(token.uri("absent"), **change), token.access)  # type: ignore[arg-type]
    assert softhsm.PIN not in str(raised.value)


def test_without_a_module_the_error_says_how_to_name_one(token: Token) -> None:
    with pytest.raises(InputError, match="module-path"):
        Pkcs11Signer.open(token.uri("any"), TokenAccess())


def test_the_pin_may_lie_in_a_file_and_a_failed_login_leaves_none_behind(token: Token, tmp_path: Path) -> None:
    Pkcs11Signer.generate(token.uri("pin"), token.access, 13).close()
    pin = tmp_path / "pin"
    pin.write_text(f"{softhsm.PIN}\n")
    uri = dataclasses.replace(token.uri("pin"), pin_source=f"file:{pin}")
    Pkcs11Signer.open(uri, TokenAccess(token.module)).close()
    pin.write_bytes(b"\xff")
    with pytest.raises(InputError, match="no PIN"):
        Pkcs11Signer.open(uri, TokenAccess(token.module))
    # Without a login a private key is not even seen.
    with pytest.raises(InputError, match="is the PIN given"):
        Pkcs11Signer.open(token.uri("pin"), TokenAccess(token.module))


def test_a_key_without_a_public_object_needs_its_dnskey(token: Token) -> None:
    key = generate_in_token(ZONE, token.uri("half"), token.access, 14, role="KSK")
    assert isinstance(key.private, Pkcs11Signer)
    import pkcs11

    session = key.private._sessions[0].session.token.open(rw=True)
    session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label="half").destroy()
    session.close()
    _close(key)
    with pytest.raises(InputError, match="public key in the token too"):
        Pkcs11Signer.open(token.uri("half"), token.access)
    Pkcs11Signer.open(token.uri("half"), token.access, key.dnskey).close()


def test_a_token_that_fails_is_a_state_error(token: Token) -> None:
    signer = Pkcs11Signer.generate(token.uri("closed"), token.access, 13)
    signer.close()
    with pytest.raises(StateError, match="the token fails"):
        signer.sign(b"data")


def test_without_the_library_there_is_one_clear_line() -> None:
    script = (
        "import sys; sys.modules['pkcs11'] = None\n"
        "from unbroken.cli.main import run\n"
        "sys.exit(run(['keys', 'import', 'pkcs11:token=t;object=k', '--zone', 'example.']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={**os.environ}, check=False
    )
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "pip install 'unbroken[pkcs11]'" in done.stderr
