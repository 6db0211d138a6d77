"""`unbroken resolve`: what it refuses before it starts, and what it tells of its configuration."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unbroken.service import config
from unbroken.service.settings import Settings

Run = Callable[..., tuple[int, str, str]]


def test_the_printed_configuration_is_a_good_one(run: Run, tmp_path: Path) -> None:
    code, printed, _ = run("resolve", "--print-config")
    path = tmp_path / "resolve.toml"
    path.write_text(printed, encoding="utf-8")
    assert code == 0
    assert config.load(str(path)) == Settings()
    assert run("resolve", "--config", path, "--check-config") == (0, f"{path}: no fault found.\n", "")


@pytest.mark.parametrize(
    ("arguments", "text", "told"),
    [
        ((), "[tcp]\nidle = 1", "did you mean 'idle_seconds'?"),
        ((), '[resolve]\nanchors = ["none.anchor"]', "none.anchor"),
        ((), '[resolve]\nhints = "none.hints"', "none.hints"),
        (("--anchor", "none.anchor"), "", "none.anchor"),
        (("--listen", "localhost"), "", "--listen: 'localhost' is not an address"),
        (("--forward", "192.0.2.1@0x35"), "", "--forward: '0x35' is not a port"),
        (("--lab", "--forward", "192.0.2.1"), "", "--lab excludes"),
    ],
)
def test_a_fault_is_one_line_and_exit_2(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], text: str, told: str
) -> None:
    path = tmp_path / "resolve.toml"
    path.write_text(text, encoding="utf-8")
    code, out, err = run("resolve", "--config", path, "--check-config", *arguments)
    assert (code, out) == (2, "")
    assert told in err and err.count("\n") == 1


@pytest.mark.parametrize(("table", "key"), [("resolve", "anchor_state"), ("control", "negatives")])
def test_a_damaged_file_of_anchors_is_one_line(run: Run, tmp_path: Path, table: str, key: str) -> None:
    path, kept = tmp_path / "resolve.toml", tmp_path / "kept.json"
    path.write_text(f'[{table}]\n{key} = "{kept}"\n', encoding="utf-8")
    assert run("resolve", "--config", path, "--check-config")[0] == 0
    kept.write_text("[", encoding="ascii")
    code, out, err = run("resolve", "--config", path, "--check-config")
    assert (code, out) == (2, "") and err.startswith(f"unbroken: {kept}: is damaged") and err.count("\n") == 1


def test_hints_of_another_zone_are_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hints"
    path.write_text("example. NS ns.example.\nns.example. A 192.0.2.1\n", encoding="ascii")
    code, _, err = run("resolve", "--check-config", "--hints", path)
    assert code == 2 and "those of the root" in err


def test_options_replace_what_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    path = tmp_path / "resolve.toml"
    path.write_text('[listen]\naddresses = ["192.0.2.1"]\n[resolve]\nforward = ["192.0.2.2"]\n', encoding="ascii")
    seen: list[Settings] = []

    async def note(settings: Settings, *_: Any, **__: Any) -> None:
        seen.append(settings)

    monkeypatch.setattr("unbroken.service.daemon.run", note)
    assert run("resolve", "--config", path, "--listen", "127.0.0.1@0", "--listen", "::1")[0] == 0
    assert [str(endpoint) for endpoint in seen[0].listen.addresses] == ["127.0.0.1@0", "::1@5335"]
    assert [str(endpoint) for endpoint in seen[0].resolve.forward] == ["192.0.2.2@53"]
