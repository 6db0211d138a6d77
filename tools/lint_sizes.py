"""Nothing too long to be read at once: functions of at most 40 lines, modules of at most 500: `lint_sizes.py DIRECTORY…`."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FUNCTION_LINES = 40
MODULE_LINES = 500


def problems(path: Path) -> Iterator[str]:
    """One line for each thing in a file that is too long."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > MODULE_LINES:
        yield f"{path}:1: module of {lines} lines; {MODULE_LINES} is the most"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines; {FUNCTION_LINES} is the most"


def main(directories: list[str]) -> int:
    """Print the problems; 1 if there are any."""
    paths = sorted(path for directory in directories for path in Path(directory).rglob("*.py"))
    found = [problem for path in paths for problem in problems(path)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
