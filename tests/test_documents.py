"""Documents say what is so: what can be made from the code is compared with it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("tool", ["cli_docs.py", "config_docs.py", "readme_demo.py"])
def test_what_documents_show_is_what_the_commands_print(tool: str) -> None:
    command = [sys.executable, str(ROOT / "tools" / tool), "--check"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    anchors = {_anchor(title) for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors, f"{document.name} has no heading {target}"
        elif "://" not in target:
            assert (document.parent / target.partition("#")[0]).exists(), f"{document.name}: {target} does not exist"


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_in_documents_compiles(document: Path) -> None:
    for block in re.findall(r"```python\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL):
        if "-> Validation" not in block:  # a signature on its own
            compile(block, document.name, "exec")


@pytest.mark.parametrize(
    "document", [ROOT / "docs" / "validation.md", ROOT / "docs" / "architecture.md"], ids=lambda p: p.name
)
def test_files_that_documents_name_exist(document: Path) -> None:
    places = (ROOT, ROOT / "src" / "unbroken")
    for name in re.findall(r"`([a-z_0-9/]+/[a-z_0-9]+\.(?:py|rs|pyi|md))`", document.read_text(encoding="utf-8")):
        assert any((place / name).exists() for place in places), f"{document.name} names {name}, which does not exist"
