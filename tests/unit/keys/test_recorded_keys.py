"""Key files that others made: those of NLnet Labs' `domain`, one of each algorithm, with their DS."""

from pathlib import Path

import pytest
from support.shared_material import shared

from unbroken.dns.master_file import rrsets_from_text
from unbroken.errors import UsageError
from unbroken.keys import KeyFormat, RetiredSigner, find, load, read, save

_STEMS = (
    "Ktest.+005+00439",
    "Ktest.+007+22204",
    "Ktest.+008+60616",
    "Ktest.+010+46731",
    "Ktest.+013+42253",
    "Ktest.+014+33566",
    "Ktest.+015+56037",
    "Ktest.+016+07379",
)


@pytest.mark.parametrize("stem", _STEMS)
def test_a_recorded_key_loads_and_its_halves_belong_together(stem: str) -> None:
    path = shared("vectors", "domain-keys", f"{stem}.key")
    key = load(path)
    _, algorithm, tag = stem.split("+")
    assert (str(key.zone), key.algorithm, key.key_tag) == ("test.", int(algorithm), int(tag))
    if isinstance(key.private, RetiredSigner):
        with pytest.raises(UsageError, match="must not sign"):
            key.private.sign(b"data")
    else:
        assert key.private.sign(b"data")


@pytest.mark.parametrize("stem", _STEMS)
def test_a_recorded_key_goes_through_all_formats(stem: str, tmp_path: Path) -> None:
    key = read(shared("vectors", "domain-keys", f"{stem}.key"))
    (pem,) = save(key, str(tmp_path), KeyFormat.PEM)
    public, _ = save(read(pem), str(tmp_path))
    assert Path(public).name == f"{stem}.key"
    assert read(public) == key


@pytest.mark.parametrize("stem", _STEMS)
def test_a_recorded_ds_is_the_one_of_its_key(stem: str) -> None:
    from unbroken.delegation import ds_for

    key = read(shared("vectors", "domain-keys", f"{stem}.key"))
    path = shared("vectors", "domain-keys", f"{stem}.ds")
    (rrset,) = rrsets_from_text(path.read_text(), None)
    for ds in rrset.dses():
        assert ds_for(key.zone, key.dnskey, ds.digest_type) == ds


def test_the_whole_folder_is_listed() -> None:
    folder = shared("vectors", "domain-keys")
    found = find([str(folder)])
    assert {key.algorithm for key in found.keys} == {5, 7, 8, 10, 13, 14, 15, 16}
    assert {key.bits for key in found.keys} == {2048, 256, 384, 456}
    # `Ktest-ttl` is a record with a TTL under a name that denies it.
    assert all("Ktest-ttl" in problem for problem in found.problems)
