"""`make bench`: every figure the product promises, measured on this machine in this run, with its target.

Prints `name value unit target verdict` a line and writes `benchmarks/results.json`. AREA=walking runs one area;
ROWS=form_submit,lead_ only the rows that begin so. Ends with 1 if a target was missed.
"""

from __future__ import annotations

import importlib
import os
import sys

from benchmarks.rows import Row, Rows, write

# Each is a module beside this one with `measure(rows)`.
AREAS = ["walking", "spine", "qualify"]


def main() -> int:
    """Measure the areas that were asked for."""
    chosen = [area for area in os.environ.get("AREA", "").split(",") if area] or AREAS
    if unknown := sorted(set(chosen) - set(AREAS)):
        print(f"There is no area {', '.join(unknown)}. The areas are: {', '.join(AREAS)}.", file=sys.stderr)
        return 2
    measured: list[Row] = []
    for area in chosen:
        rows = Rows(area, wanted=[name for name in os.environ.get("ROWS", "").split(",") if name])
        importlib.import_module(f"benchmarks.{area}").measure(rows)
        measured += rows.rows
    write(measured)
    return 0 if all(row.ok for row in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
