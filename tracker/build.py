"""Writes the served tracker from its source: without comments, indentation and spaces that mean nothing."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "src" / "t.js"
BUILT = HERE.parent / "src" / "handraiser" / "attract" / "tracker" / "t.js"


# Strings and regular expressions stay as they are; a regular expression stands where a value begins.
_KEPT = re.compile(
    r'("(?:[^"\\]|\\.)*"|(?<=[=(,!&|:?] )/(?:[^/\\\n]|\\.)+/\w*|(?<=[(!])/(?:[^/\\\n]|\\.)+/\w*)'
)
_AROUND = re.compile(r" ?([=+\-*/%<>!&|?:;,{}()\[\]]+) ?")


def _tight(line: str) -> str:
    parts = _KEPT.split(line)
    return "".join(part if at % 2 else _AROUND.sub(r"\1", part) for at, part in enumerate(parts))


def build(source: str) -> str:
    """The source without whole-line comments, indentation, empty lines, and spaces around signs."""
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(_tight(line) for line in lines if line and not line.startswith("//")) + "\n"


if __name__ == "__main__":
    BUILT.write_text(build(SOURCE.read_text()))
