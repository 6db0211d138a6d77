"""Where recorded material lies that is not part of the repository."""

import os
from pathlib import Path

import pytest

_DEFAULT = Path(__file__).resolve().parents[3] / "shared"


def shared(*parts: str) -> Path:
    """A path in the shared material; the test is skipped when it is not there."""
    path = find_shared(*parts)
    if path is None:
        pytest.skip(f"recorded material ({'/'.join(parts)}) is not here; UNBROKEN_SHARED names its directory")
    return path


def find_shared(*parts: str) -> Path | None:
    """The same, or None."""
    path = Path(os.environ.get("UNBROKEN_SHARED") or _DEFAULT).joinpath(*parts)
    return path if path.exists() else None
