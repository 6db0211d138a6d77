"""Fuzzing of the real code, bounded and deterministic: `python -m fuzz TARGET --rounds N --seed S`. See README.md."""
