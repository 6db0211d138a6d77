"""The package as others get it: a wheel that installs where there is no compiler, and costs little to import."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# How pip says that it reached no index; then there is nothing to install the dependencies from.
NO_INDEX = ("NewConnectionError", "ConnectTimeoutError", "NameResolutionError", "Temporary failure in name resolution")


def run(command: list[str], *, env: dict[str, str] | None = None, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True, env=env, cwd=cwd, timeout=900)


def project() -> dict[str, object]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        content: dict[str, object] = tomllib.load(file)["project"]
    return content


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built into the target directory that is there already."""
    if shutil.which("cargo") is None:
        pytest.skip("cargo is not installed, so no wheel can be built")
    out = tmp_path_factory.mktemp("dist")
    built = run([sys.executable, "-m", "maturin", "build", "--release", "--quiet", "--out", str(out)])
    assert built.returncode == 0, built.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """`bin` of a new environment that holds the wheel and nothing else, and variables whose PATH has no compiler."""
    home = tmp_path_factory.mktemp("empty") / "venv"
    made = run([sys.executable, "-m", "venv", str(home)])
    assert made.returncode == 0, made.stderr
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "CARGO", "PYO3"))}
    env |= {"PATH": str(home / "bin"), "VIRTUAL_ENV": str(home)}
    assert not any(shutil.which(tool, path=env["PATH"]) for tool in ("cc", "gcc", "clang", "cargo", "rustc"))
    install = ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", str(wheel)]
    done = run([str(home / "bin" / "python"), *install], env=env)
    if done.returncode and any(sign in done.stderr for sign in NO_INDEX):
        pytest.skip("no package index can be reached to install the dependencies from")
    assert done.returncode == 0, done.stderr
    return home / "bin", env


@pytest.mark.slow
def test_the_wheel_holds_kernel_types_schema_and_licences_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    schemas = [f"report/schema/{name}-1.json" for name in ("chain", "diagnosis", "inspection")]
    templates = ["report/templates/report.html.j2", "report/templates/picture.svg.j2", "report/templates/colours.css"]
    for needed in ("py.typed", "_kernel.pyi", *schemas, *templates):
        assert f"unbroken/{needed}" in names
    assert any(name.startswith("unbroken/_kernel.") and name.endswith(".so") for name in names)
    assert {name.rsplit("/", 1)[-1] for name in names} >= {"LICENSE-MIT", "LICENSE-APACHE"}
    assert not [name for name in names if name.startswith(("tests", "tools", "benches")) or "__pycache__" in name]


@pytest.mark.slow
def test_the_wheel_serves_every_python_from_the_oldest_supported_on(wheel: Path) -> None:
    assert project()["requires-python"] == ">=3.11"
    assert "-cp311-abi3-" in wheel.name


@pytest.mark.slow
def test_the_wheel_works_in_an_empty_environment_without_a_compiler(
    installed: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    bin_directory, env = installed
    shown = run([str(bin_directory / "unbroken"), "--version"], env=env, cwd=tmp_path)
    assert (shown.returncode, shown.stdout) == (0, f"unbroken {project()['version']}\n")
    use = "import unbroken; print(unbroken.Name('Example.COM').parent(), unbroken.__file__)"
    used = run([str(bin_directory / "python"), "-c", use], env=env, cwd=tmp_path)
    assert used.returncode == 0, used.stderr
    parent, place = used.stdout.split()
    assert parent == "COM."
    assert Path(place).is_relative_to(bin_directory.parent)


@pytest.mark.slow
def test_an_unknown_command_is_a_line_and_exit_2_in_an_empty_environment(
    installed: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    bin_directory, env = installed
    shown = run([str(bin_directory / "unbroken"), "chekc"], env=env, cwd=tmp_path)
    assert shown.returncode == 2
    assert shown.stderr.count("\n") == 1
    assert "Traceback" not in shown.stderr


HEAVY = ("dns", "asyncio", "cryptography", "json", "socket", "ssl")


@pytest.mark.parametrize("heavy", HEAVY)
def test_importing_the_package_imports_nothing_heavy(heavy: str) -> None:
    shown = run([sys.executable, "-c", f"import sys, unbroken; sys.exit({heavy!r} in sys.modules)"])
    assert shown.returncode == 0, f"import unbroken imports {heavy}"


@pytest.mark.parametrize("heavy", ["dns", "asyncio", "cryptography"])
def test_help_imports_nothing_heavy(heavy: str) -> None:
    code = f"import sys; from unbroken.cli.main import run; run(['--help']); sys.exit({heavy!r} in sys.modules)"
    shown = run([sys.executable, "-c", code])
    assert "Usage" in shown.stdout
    assert shown.returncode == 0, f"unbroken --help imports {heavy}"


def test_the_version_is_the_same_everywhere() -> None:
    import unbroken

    with (ROOT / "Cargo.toml").open("rb") as file:
        kernel = tomllib.load(file)["workspace"]["package"]["version"]
    assert unbroken.__version__ == project()["version"] == kernel


def test_dnspython_is_pinned_to_a_range() -> None:
    dependencies = project()["dependencies"]
    assert isinstance(dependencies, list)
    (dnspython,) = [line for line in dependencies if line.startswith("dnspython")]
    assert ">=" in dnspython
    assert "<" in dnspython
