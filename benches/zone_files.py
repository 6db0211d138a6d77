"""Zones to sign and verify, always the same: F, names with A, AAAA, TXT and MX; T, delegations as a TLD has them."""

import hashlib
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_HEAD = """\
$ORIGIN {origin}
$TTL 3600
@ IN SOA ns1 hostmaster 2024010101 7200 3600 1209600 3600
@ IN NS ns1
@ IN NS ns2
ns1 IN A 192.0.2.1
ns1 IN AAAA 2001:db8::1
ns2 IN A 192.0.2.2
ns2 IN AAAA 2001:db8::2
"""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _label(rng: random.Random, number: int) -> str:
    return "".join(rng.choices(_LETTERS, k=rng.randint(4, 14))) + f"{number:x}"


def _flat(rng: random.Random, number: int) -> str:
    name = _label(rng, number)
    return (
        f"{name} IN A 192.0.2.{rng.randint(1, 254)}\n"
        f"{name} IN AAAA 2001:db8::{rng.randint(1, 65535):x}\n"
        f'{name} IN TXT "v=spf1 ip4:192.0.2.0/24 id={number} -all"\n'
        f"{name} IN MX 10 mail{rng.randint(1, 9)}\n"
    )


def _delegation(rng: random.Random, number: int) -> str:
    """Two name servers; one in ten inside the delegation, with glue; one in twenty with a DS."""
    name = _label(rng, number)
    if number % 10:
        host = rng.randint(1, 2000)
        text = f"{name} 86400 IN NS ns1.hoster{host}.example.\n{name} 86400 IN NS ns2.hoster{host}.example.\n"
    else:
        text = "".join(
            f"{name} 86400 IN NS ns{k}.{name}\nns{k}.{name} 86400 IN A 198.51.100.{rng.randint(1, 254)}\n"
            f"ns{k}.{name} 86400 IN AAAA 2001:db8:{number & 0xFFFF:x}::{k}\n"
            for k in (1, 2)
        )
    if number % 20 == 1:
        digest = hashlib.sha256(name.encode()).hexdigest()
        text += f"{name} 86400 IN DS {rng.randint(1, 65535)} 13 2 {digest}\n"
    return text


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of zone, how many names the goals speak of, and how many one record in a hundred comes to."""

    origin: str
    full: int
    make: object


KINDS = {"F": Kind("flat.test.", 100_000, _flat), "T": Kind("tld.test.", 200_000, _delegation)}


def write(kind: str, path: Path, names: int, changed: int = 0) -> None:
    """The zone of that kind with so many names, of which every so manieth has a record more with `changed`."""
    rng, found = random.Random(kind), KINDS[kind]
    with path.open("w") as file:
        file.write(_HEAD.format(origin=found.origin))
        for number in range(names):
            text = found.make(rng, number)  # type: ignore[operator]
            file.write(text)
            if changed and number % changed == 0:
                file.write(f"{text.split(' ', 1)[0]} IN A 203.0.113.1\n")


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that lasts for the benchmark."""
    with TemporaryDirectory(prefix="unbroken-bench-") as name:
        yield Path(name)


def program(name: str) -> str | None:
    """Where a peer's program is, if it is installed."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")


def bind_keys(directory: Path, origin: str, algorithm: str = "ECDSAP256SHA256") -> list[str]:
    """A KSK and a ZSK in BIND's format, made by BIND, so that all read the same; paths without suffix."""
    keygen = program("dnssec-keygen")
    if keygen is None:
        raise SystemExit("benches: dnssec-keygen is needed: install the Debian package bind9-utils")
    made = []
    for flags in (["-f", "KSK"], []):
        command = [keygen, "-q", "-K", str(directory), "-a", algorithm, *flags, origin]
        name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        made.append(str(directory / name))
    return made
