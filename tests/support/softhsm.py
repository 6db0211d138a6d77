"""A token of SoftHSM2 in a folder of its own, for tests of PKCS#11."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PIN = "4711"
_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


def find_module() -> str:
    """The module; the test is skipped when it, its tool or python-pkcs11 is not installed."""
    if importlib.util.find_spec("pkcs11") is None:
        pytest.skip("python-pkcs11 is not installed")
    if shutil.which("softhsm2-util") is None:
        pytest.skip("softhsm2-util is not installed")
    for path in (os.environ.get("SOFTHSM2_MODULE", ""), *_MODULES):
        if path and Path(path).exists():
            return path
    pytest.skip("libsofthsm2.so is not where it is looked for; SOFTHSM2_MODULE names it")


def make_token(folder: Path, label: str) -> dict[str, str]:
    """Set up a token; the environment in which the module finds it. A process that has loaded the module sees no other."""
    tokens = folder / "tokens"
    tokens.mkdir(parents=True)
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    environment = {"SOFTHSM2_CONF": str(config)}
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "123456"],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        timeout=60,
    )
    return environment
