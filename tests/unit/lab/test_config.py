"""A world in TOML: read as documented; what is wrong is named, with the nearest right word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken._kernel import Name
from unbroken.chain import Status
from unbroken.errors import InputError, UnbrokenError
from unbroken.lab.config import load_world, parse_world
from unbroken.lab.run import Lab
from unbroken.lab.world import DenialStyle, World, ZoneSpec

EXAMPLE = """
[zone."example."]
denial = "opt-out"

[zone."one.example"]
algorithm = 15
csk = true
records = '''
www A 192.0.2.1
'''

[zone."plain.example."]
algorithm = "none"

[zone."island.example."]
ds = false
"""


TWO_ZONES = "[zone.x]\nrecords = 'a A 192.0.2.1'\n[zone.y]\nrecords = '''\n"


def test_a_described_world_is_served() -> None:
    world = parse_world(EXAMPLE)
    assert world.by_origin[Name("example.")].denial is DenialStyle.OPT_OUT
    with Lab(world) as lab:
        assert lab.check("www.one.example").status is Status.SECURE
        assert lab.check("plain.example", "SOA").status is Status.INSECURE
        assert lab.check("island.example", "SOA").status is Status.INSECURE


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[zon.x]", "did you mean 'zone'"),
        ("[zone.x]\nalgoritm = 13", "did you mean 'algorithm'"),
        ("[zone.x]\nalgorithm = 5", "can't sign a zone"),
        ("[zone.x]\nalgorithm = 13.0", "can't sign a zone"),
        ("[zone.x]\nalgorithm = true", "can't sign a zone"),
        ("[zone.x]\ndenial = 'nsec4'", "did you mean 'nsec"),
        ("[zone.x]\ndenial = 3", "not a string"),
        ("[zone.x]\nds = 1", "not true or false"),
        ("[zone.'x..y']", "x..y"),
        ("zone = 3", "describes no zone"),
        ("", "describes no zone"),
        ("[zone.x]\n[zone.'x.']", "described twice"),
        ("zone.x = 1", "is not a table"),
        ("[", "is not TOML"),
        ("[zone.'.']\nalgorithm = 'none'", "unsigned root"),
        ("[zone.x]\nalgorithm = 'none'\nds = true", "nothing to make a DS of"),
        (f"{TWO_ZONES}a A 192.0.2.1\nb A 192.0.2\n'''", "here line 6: bad rdata"),
        ("[zone.x]\nrecords = '''\na A 192.0.2.1\n@ SOA a b 1 2 3 4 5\n'''", "here line 4: a zone has one SOA"),
        ("[zone.x]\nrecords = '''\na A 192.0.2.1\na CNAME b\n'''", "here line 4: a.x. has a CNAME beside other data"),
        ("[zone.x]\nrecords = '''\na CNAME c\na CNAME b\n'''", "here line 3: a.x. has a CNAME beside another CNAME"),
        ("[zone.x]\nrecords = '@ CNAME b'", "here line 2: x. has a CNAME beside the zone's SOA"),
        ("[zone.x]\nrecords = 'ns1 CNAME b'", "here line 2: ns1.x. has a CNAME beside"),
        ("[zone.x]\nrecords = 'y CNAME b'\n[zone.'y.x']", "here line 2: y.x. has a CNAME beside a delegation"),
    ],
)
def test_what_is_wrong_is_named(text: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        parse_world(text, "here")


def test_a_file_that_is_not_there_is_an_input_error(tmp_path: object) -> None:
    with pytest.raises(InputError, match="No such file"):
        load_world(f"{tmp_path}/nothing.toml")


def test_a_world_needs_a_root() -> None:
    with pytest.raises(InputError, match="no root zone"):
        World((ZoneSpec(Name("example.")),))


@given(st.text(max_size=200))
def test_any_text_is_a_world_or_an_error_of_ours(text: str) -> None:
    try:
        parse_world(text)
    except UnbrokenError:
        pass


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=20),
        st.one_of(st.booleans(), st.integers(), st.text(max_size=5).filter(lambda text: '"' not in text)),
        max_size=3,
    )
)
def test_any_settings_are_a_zone_or_an_error_of_ours(settings: dict[str, object]) -> None:
    lines = [
        f"{key!r} = {str(value).lower() if isinstance(value, bool) else value!r}" for key, value in settings.items()
    ]
    try:
        parse_world("[zone.x]\n" + "\n".join(lines))
    except UnbrokenError:
        pass
