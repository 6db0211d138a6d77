import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def root_anchors() -> Path:
    """The directory of recorded IANA root anchor files."""
    shared = os.environ.get("UNBROKEN_SHARED") or Path(__file__).resolve().parents[4] / "shared"
    path = Path(shared) / "real" / "root-anchors"
    if not path.is_dir():
        pytest.skip("recorded IANA root anchor files (real/root-anchors) are not here")
    return path
