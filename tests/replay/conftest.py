import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
for _part in ("tools", "tests/support"):
    if str(_ROOT / _part) not in sys.path:
        sys.path.insert(0, str(_ROOT / _part))
