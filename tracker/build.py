"""Writes the served tracker from its source: without comments and indentation."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "src" / "t.js"
BUILT = HERE.parent / "src" / "handraiser" / "attract" / "tracker" / "t.js"


def build(source: str) -> str:
    """The source without whole-line comments, indentation and empty lines."""
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


if __name__ == "__main__":
    BUILT.write_text(build(SOURCE.read_text()))
