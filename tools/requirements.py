"""Print what pyproject.toml requires, a line each: `requirements.py build run test dev` (the last two are extras)."""

import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def requirements(purpose: str) -> list[str]:
    """What is needed to `build` the package, to `run` it, or for the extra of that name. Raises KeyError for others."""
    with PROJECT.open("rb") as file:
        content = tomllib.load(file)
    needed: dict[str, list[str]] = {
        "build": content["build-system"]["requires"],
        "run": content["project"]["dependencies"],
        **content["project"]["optional-dependencies"],
    }
    return needed[purpose]


if __name__ == "__main__":
    print("\n".join(line for purpose in sys.argv[1:] for line in requirements(purpose)))
