"""What `handraiser duplicates …` does."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Callable
from pathlib import Path

from handraiser.core.identity.actions import duplicates as actions
from handraiser.core.identity.actions import merges
from handraiser.core.identity.rules.duplicates import ROLES, Column, find
from handraiser.core.people.models import Person
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

Say = Callable[[str], object]


def find_in_file(
    *, file: Path, map_file: Path | None, key: str, at_least: float, as_json: bool, say: Say
) -> None:
    """Print the pairs of records of a CSV file that are probably one person.

    The map says `[columns]`, role = "column" or a list of columns; without one, roles are guessed from the values.
    `key` names the column that is printed for a record (default: its line), and is not compared.
    """
    with file.open(newline="", encoding="utf-8-sig") as lines:
        records = [
            {name.strip(): (value or "").strip() for name, value in row.items() if isinstance(name, str)}
            for row in csv.DictReader(lines, skipinitialspace=True)
        ]
    if not records:
        raise DomainError("empty_file", f"{file} holds no records.")
    columns = _columns(map_file)
    names = [key] if key else []
    names += [column.name for column in columns]
    if missing := [name for name in names if name not in records[0]]:
        raise DomainError("no_column", f"{file} has no column {', '.join(missing)}.")
    labels = [record.pop(key) if key else str(number + 2) for number, record in enumerate(records)]
    pairs = [
        {
            "one": labels[pair.one],
            "other": labels[pair.other],
            "probability": round(pair.probability, 6),
            "reasons": [{"column": name, "agrees": how, "bits": bits} for name, how, bits in pair.reasons],
        }
        for pair in find(records, columns, at_least=at_least)
    ]
    if as_json:
        say(json.dumps({"records": len(records), "pairs": pairs}))
        return
    for line in pairs:
        say(f"{line['probability']:.3f}  {line['one']}  {line['other']}")
    say(f"{len(pairs)} pairs of {len(records)} records")


def _columns(map_file: Path | None) -> list[Column]:
    if map_file is None:
        return []
    try:
        told = tomllib.loads(map_file.read_text())["columns"]
        columns = [
            Column(name, role)
            for role, named in told.items()
            for name in ([named] if isinstance(named, str) else named)
        ]
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise DomainError("map", f'{map_file}: expected [columns] with role = "column".') from error
    if unknown := sorted({column.role for column in columns} - ROLES.keys()):
        raise DomainError("map", f"Unknown role {', '.join(unknown)}. Roles: {', '.join(ROLES)}.")
    return columns


def find_here(*, say: Say) -> None:
    """Look through everybody in the records now."""
    this = actions.run(search_id=actions.ask(at=clock.now()).id, clock=clock.now)
    say(f"{this.found} pairs of {this.people} people. Review them at /admin/people/duplicates/")


def merge(*, keep: str, gone: str, say: Say) -> None:
    """Make one person of two."""
    this = merges.merge(keep=keep, gone=gone, at=clock.now(), by="command")
    say(f"{this.id}  {Person.objects.get(id=this.kept_id)}")


def unmerge(*, merge_id: str, say: Say) -> None:
    """Make two people of one again."""
    this = merges.unmerge(merge=merge_id, at=clock.now(), by="command")
    say(f"{this.kept_id} and {this.gone_id} are two people again.")
