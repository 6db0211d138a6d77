"""What all tests share: where recorded material lies, and the lab's fixtures."""

import importlib.util
import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Machines differ in speed: what a property costs is no reason for it to fail.
settings.register_profile("unbroken", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unbroken")

# Under nohup, or in the background of a shell, SIGHUP or SIGINT are ignored, and what a test starts inherits that.
for _number, _handler in ((signal.SIGHUP, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)

if importlib.util.find_spec("unbroken.lab.pytest_plugin") is not None:
    pytest_plugins = ["unbroken.lab.pytest_plugin"]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The directory of recorded material that is no part of the project: $UNBROKEN_SHARED, else `../shared` beside it."""
    given = os.environ.get("UNBROKEN_SHARED")
    path = Path(given) if given else Path(__file__).resolve().parents[2] / "shared"
    if not path.is_dir():
        pytest.skip("recorded material is not here: set UNBROKEN_SHARED, or put it at ../shared")
    return path
