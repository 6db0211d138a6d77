"""Which anchors a resolver starts with: state file, then configured, then built in; and what stops it."""

from pathlib import Path

import pytest

from tests.unit.anchors.test_rfc5011_machine import A, B, C, ds, run, seen, start
from unbroken.anchors import iana_root, rfc5011
from unbroken.anchors.rfc5011 import KeyState, TrustPoint
from unbroken.anchors.start import AnchorFile, Origin, anchors_to_start_with, trusted
from unbroken.anchors.store import TrustAnchors
from unbroken.dns import Dnskey, Name
from unbroken.errors import InputError

ZONE = Name("example.")
NOW = 1_800_000_000
DAY = 86400


def write(path: Path, *keys: Dnskey, owner: str = "example.") -> AnchorFile:
    import base64

    lines = [f"{owner} IN DNSKEY {k.flags} 3 {k.algorithm} {base64.b64encode(k.public_key).decode()}\n" for k in keys]
    path.write_text("".join(lines))
    return AnchorFile(str(path))


def keep(path: Path, *points: TrustPoint) -> str:
    rfc5011.save(path, points)
    return str(path)


def test_without_anything_it_is_the_built_in_root() -> None:
    found = anchors_to_start_with(None, [], NOW)
    assert found.origins == ((Name.ROOT, Origin.BUILT_IN),)
    assert found.anchors == iana_root(NOW)
    assert found.points[0].timers.is_due(NOW)


def test_before_the_first_built_in_anchor_the_clock_is_to_blame() -> None:
    with pytest.raises(InputError, match="none was in force at 1970-01-01T00:00:00Z; set the clock"):
        anchors_to_start_with(None, [], 0)


def test_configured_anchors_stand_in_for_the_built_in_ones(tmp_path: Path) -> None:
    found = anchors_to_start_with(str(tmp_path / "none.json"), [write(tmp_path / "a", A)], NOW)
    assert found.origins == ((ZONE, Origin.CONFIGURED),)
    assert set(found.anchors) == {ZONE}
    assert found.notes == ()


def test_the_state_file_comes_first_for_its_zones(tmp_path: Path) -> None:
    point = run(start(A), (0, seen(A, B)), (31, seen(A, B)), (40, seen(B, revoked=[A]))).point
    state = keep(tmp_path / "state.json", point)
    files = [write(tmp_path / "a", A), write(tmp_path / "c", C, owner="other.")]
    found = anchors_to_start_with(state, files, NOW + 41 * DAY)
    assert found.origins == ((ZONE, Origin.STATE_FILE), (Name("other."), Origin.CONFIGURED))
    assert found.points[0] == point
    # The key that was configured once, and was revoked since, is not trusted again.
    assert found.anchors[ZONE].dnskeys == (B,)
    assert found.notes == ()


def test_a_configured_key_that_the_state_file_does_not_know_is_told(tmp_path: Path) -> None:
    state = keep(tmp_path / "state.json", run(start(A), (0, seen(A))).point)
    found = anchors_to_start_with(state, [write(tmp_path / "b", A, B)], NOW)
    assert found.anchors[ZONE].dnskeys == (A,)
    assert f"does not know key {B.key_tag}; remove the file" in found.notes[0]


def test_a_digest_of_a_known_key_is_known(tmp_path: Path) -> None:
    state = keep(tmp_path / "state.json", run(start(A, digests=[ds(B)]), (0, seen(A))).point)
    path = tmp_path / "ds"
    path.write_text("".join(f"example. DS {d.key_tag} 13 2 {d.digest.hex()}\n" for d in (ds(A), ds(B))))
    assert anchors_to_start_with(state, [AnchorFile(str(path))], NOW).notes == ()


def test_a_zone_that_is_configured_no_more_is_left_out(tmp_path: Path) -> None:
    state = keep(tmp_path / "state.json", start(A))
    found = anchors_to_start_with(state, [write(tmp_path / "c", C, owner="other.")], NOW)
    assert set(found.anchors) == {Name("other.")}
    assert "what it knows of example. is not used" in found.notes[0]


def test_a_zone_whose_anchors_were_all_revoked_stops_the_start(tmp_path: Path) -> None:
    state = keep(tmp_path / "state.json", run(start(A), (0, seen(revoked=[A]))).point)
    with pytest.raises(InputError, match=r"state.json: every trust anchor of example. was revoked; get its new anchor"):
        anchors_to_start_with(state, [write(tmp_path / "a", A)], NOW)


def test_a_damaged_state_file_stops_the_start_though_anchors_are_configured(tmp_path: Path) -> None:
    """Never silently: the configured key may be one that the state file says is revoked."""
    state = Path(keep(tmp_path / "state.json", start(A)))
    state.write_bytes(state.read_bytes()[:-20])
    with pytest.raises(InputError, match="is damaged"):
        anchors_to_start_with(str(state), [write(tmp_path / "a", A)], NOW)


def test_fixed_anchors_stay_out_of_rfc_5011(tmp_path: Path) -> None:
    path = write(tmp_path / "a", A).path
    found = anchors_to_start_with(None, [AnchorFile(path, is_followed=False)], NOW)
    assert found.points == ()
    assert set(found.anchors) == {ZONE}
    with pytest.raises(InputError, match="both to stay and to follow"):
        anchors_to_start_with(None, [AnchorFile(path, is_followed=False), AnchorFile(path)], NOW)


def test_what_is_trusted_follows_the_points() -> None:
    last = run(start(A), (0, seen(A, B)), (31, seen(A, B))).point
    assert set(trusted([last], TrustAnchors())[ZONE].dnskeys) == {A, B}
    gone = run(last, (32, seen(revoked=[A, B]))).point
    assert {key.state for key in gone.keys} == {KeyState.REVOKED}
    assert trusted([gone], TrustAnchors()) == TrustAnchors()


def test_an_absent_configured_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        anchors_to_start_with(None, [AnchorFile(str(tmp_path / "absent"))], NOW)


# --- IANA's file (RFC 9718) ---------------------------------------------------------------------------------------------

_IN_2025 = 1_735_000_000


def _iana(folder: Path) -> AnchorFile:
    iana = folder / "iana-2024"
    return AnchorFile(str(iana / "root-anchors.xml"), str(iana / "root-anchors.p7s"), str(iana / "icannbundle.pem"))


def test_a_signed_xml_file_gives_the_digests_in_force(root_anchors: Path) -> None:
    found = anchors_to_start_with(None, [_iana(root_anchors)], _IN_2025)
    assert [ds.key_tag for ds in found.anchors[Name.ROOT].dses] == [20326, 38696]


def test_another_document_than_the_signed_one_is_refused(root_anchors: Path, tmp_path: Path) -> None:
    iana = _iana(root_anchors)
    changed = tmp_path / "root-anchors.xml"
    changed.write_bytes(Path(iana.path).read_bytes().replace(b"38696", b"38697"))
    with pytest.raises(InputError, match=r"root-anchors.p7s: the signature over .* is not accepted"):
        anchors_to_start_with(None, [AnchorFile(str(changed), iana.signature, iana.authorities)], _IN_2025)


def test_a_signature_without_authorities_is_refused(root_anchors: Path) -> None:
    with pytest.raises(InputError, match="has no CA certificates configured"):
        anchors_to_start_with(None, [AnchorFile(_iana(root_anchors).path, "x.p7s")], _IN_2025)
    with pytest.raises(InputError, match="has no signature file configured"):
        anchors_to_start_with(None, [AnchorFile(_iana(root_anchors).path, None, "ca.pem")], _IN_2025)


def test_a_file_whose_digests_are_all_out_of_force_says_so(tmp_path: Path) -> None:
    """RFC 9718 §2: neither before validFrom nor from validUntil on."""
    path = tmp_path / "root-anchors.xml"
    path.write_text(
        "<TrustAnchor><Zone>.</Zone><KeyDigest validFrom='2017-02-02T00:00:00+00:00' validUntil='2027-01-11T00:00:00+00:00'>"
        f"<KeyTag>20326</KeyTag><Algorithm>8</Algorithm><DigestType>2</DigestType><Digest>{'00' * 32}</Digest>"
        "</KeyDigest></TrustAnchor>"
    )
    assert anchors_to_start_with(None, [AnchorFile(str(path))], _IN_2025).points
    for now, day in ((1_400_000_000, "2014-05-13"), (1_900_000_000, "2030-03-17")):
        with pytest.raises(InputError, match=rf"none of its 1 key digests is in force at {day}.*clock"):
            anchors_to_start_with(None, [AnchorFile(str(path))], now)


# --- a resolver that runs ---------------------------------------------------------------------------------------------


def test_other_built_in_anchors_stand_in_for_iana_s() -> None:
    anchor = start(A).anchor
    assert anchor is not None
    lab = TrustAnchors([anchor])
    found = anchors_to_start_with(None, [], NOW, built_in=lab)
    assert found.anchors == lab and found.origins == ((ZONE, Origin.BUILT_IN),)


def test_what_a_running_resolver_knows_stands_in_for_the_state_file(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text("damaged, and not read")
    point = run(start(A), (0, seen(A, B)), (31, seen(A, B))).point
    found = anchors_to_start_with(str(state), [write(tmp_path / "a", A)], NOW, known=[point])
    assert found.points == (point,) and found.origins == ((ZONE, Origin.STATE_FILE),)
    found = anchors_to_start_with(str(state), [write(tmp_path / "c", C, owner="other.")], NOW, known=[point])
    assert [each.owner for each in found.points] == [Name("other.")] and len(found.notes) == 1
