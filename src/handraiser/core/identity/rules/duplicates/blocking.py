"""Which pairs are worth comparing: records that share a key in one of several passes.

A pass for each column by its exact value, and one by its loose key (sound, mailbox, day of the year). A block
that grows over `WIDEST` (a common first name, a city) is sorted by the rest of the record, and only near
neighbours meet: so the number of pairs grows with the records, not with their square.
"""

from __future__ import annotations

from collections.abc import Sequence

from handraiser.core.identity.rules.duplicates.columns import KINDS, Column

WIDEST = 12
_NEIGHBOURS = 4

Cells = Sequence[Sequence[str]]  # records x columns, cleaned


def pairs(cells: Cells, columns: Sequence[Column]) -> list[tuple[int, int]]:
    """Pairs of record numbers, the smaller first, sorted."""
    found: set[tuple[int, int]] = set()
    for at, column in enumerate(columns):
        loose = KINDS[column.kind].loose
        exact: dict[str, list[int]] = {}
        near: dict[str, list[int]] = {}
        for number, record in enumerate(cells):
            value = record[at]
            if not value:
                continue
            exact.setdefault(value, []).append(number)
            if key := loose(value):
                near.setdefault(key, []).append(number)
        for blocks in (exact, near):
            for block in blocks.values():
                _meet(block, cells, at, found)
    return sorted(found)


def _meet(block: list[int], cells: Cells, at: int, found: set[tuple[int, int]]) -> None:
    reach = len(block)
    if reach > WIDEST:
        block = sorted(block, key=lambda number: (_rest(cells[number], at), number))
        reach = _NEIGHBOURS
    for place, one in enumerate(block):
        for other in block[place + 1 : place + 1 + reach]:
            found.add((one, other) if one < other else (other, one))


def _rest(record: Sequence[str], at: int) -> tuple[str, ...]:
    return (*record[at + 1 :], *record[:at])
