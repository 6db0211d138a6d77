"""The configuration: what is not known or not possible is refused in one line that says where, what and what to do."""

import dataclasses
import tomllib
from pathlib import Path

import pytest

from unbroken.dns import Name
from unbroken.errors import InputError
from unbroken.service import config
from unbroken.service.endpoints import Endpoint
from unbroken.service.readers import network_of
from unbroken.service.settings import Settings


def test_an_empty_file_gives_the_defaults() -> None:
    assert config.parse("", "file") == Settings()


def test_the_example_names_every_key_and_gives_the_defaults() -> None:
    """Uncommented, it must be read as the very defaults that it claims."""
    lines = config.example().splitlines()
    text = "\n".join(line.removeprefix("# ") if " = " in line and '"corp' not in line else line for line in lines)
    document = tomllib.loads(text)
    for table in dataclasses.fields(Settings):
        assert set(document[table.name]) == {key.name for key in dataclasses.fields(table.default_factory)}  # type: ignore[arg-type, misc]
    assert config.parse(text, "example") == Settings()


def test_values_are_read_into_their_types() -> None:
    settings = config.parse(
        """
        [listen]
        addresses = ["192.0.2.1@53", "2001:db8::1"]
        [resolve]
        forward_zones = { "corp.example" = ["192.0.2.53"] }
        seconds = 3
        [clients]
        allow = ["192.0.2.0/24", "2001:db8::/32", "198.51.100.1"]
        """,
        "file",
    )
    assert settings.listen.addresses == (Endpoint("192.0.2.1", 53), Endpoint("2001:db8::1", 5335))
    assert settings.resolve.forward_zones == ((Name("corp.example."), (Endpoint("192.0.2.53", 53),)),)
    assert settings.resolve.seconds == 3.0 and isinstance(settings.resolve.seconds, float)
    assert settings.clients.allow[2] == network_of("198.51.100.1/32")


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        ("[lisen]", "file", "did you mean 'listen'?"),
        ("[tcp]\nidle_second = 1", "file, [tcp]", "did you mean 'idle_seconds'?"),
        ("[tcp]\nzzz = 1", "file, [tcp]", "known are"),
        ("tcp = 1", "file, tcp", "write [tcp]"),
        ("[tcp", "file", "--print-config"),
        ("[tcp]\nconnections = 0", "file, tcp.connections", "from 1 to"),
        ("[tcp]\nconnections = true", "file, tcp.connections", "whole number"),
        ("[tcp]\nidle_seconds = nan", "file, tcp.idle_seconds", "number from"),
        ("[tcp]\nidle_seconds = '1'", "file, tcp.idle_seconds", "number from"),
        ("[resolve]\nminimise = 1", "file, resolve.minimise", "true or false"),
        ("[resolve]\nhints = 1", "file, resolve.hints", "a string"),
        ('[resolve]\nhints = "a\\u0000b"', "file, resolve.hints", "a string"),
        ("[resolve]\nanchors = 'x'", "file, resolve.anchors", "a list"),
        ("[resolve]\nforward = ['example.com']", "file, resolve.forward", "ADDRESS@PORT"),
        ("[resolve]\nforward = ['192.0.2.1@x']", "file, resolve.forward", "65535"),
        ("[resolve]\nforward = ['192.0.2.1@65536']", "file, resolve.forward", "65535"),
        ("[resolve]\nstub_zones = ['x']", "file, resolve.stub_zones", "a table"),
        ("[resolve]\nstub_zones = { 'a..b' = ['192.0.2.1'] }", 'file, resolve.stub_zones."a..b"', ""),
        ("[resolve]\nstub_zones = { 'a.b' = [] }", 'file, resolve.stub_zones."a.b"', "at least one"),
        ("[clients]\nallow = ['192.0.2.1/24']", "file, clients.allow", "192.0.2.0/24"),
        ("a = " + "[" * 5000, "file", ""),
    ],
)
def test_a_fault_is_told_with_its_place_and_a_hint(text: str, where: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        config.parse(text, "file")
    assert caught.value.where == where
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        config.load(f"{tmp_path}/none.toml")
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        config.load(str(path))
