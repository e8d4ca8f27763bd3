"""`handraiser import …`: what the command line does, without the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from handraiser.capture.imports import kinds, reading, report, sentences
from handraiser.capture.imports.actions import runs
from handraiser.capture.imports.models import Import, State
from handraiser.capture.imports.rules import mapping as rules
from handraiser.capture.imports.rules.mapping import Mapping
from handraiser.kit import clock
from handraiser.kit.errors import DomainError


def bring_in(
    *, kind: str, file: Path, map_file: Path | None, dry_run: bool, say: Callable[[str], None]
) -> None:
    """Import a file to its end, saying what is done. An import that was cut off goes on where it stopped."""
    if not file.is_file():
        raise DomainError("no_file", f"There is no file {file}.", kind="missing")
    mapping = _mapping(map_file)
    this = None
    if mapping is not None and not dry_run:
        fingerprint = reading.inspect(file).fingerprint
        this = runs.unfinished(fingerprint=fingerprint, kind=kind, mapping=mapping)
    if this is not None:
        say(f"Going on with {this.id} after row {this.rows_done:,}.")
        if this.state == State.PAUSED:
            runs.start(this=this, at=clock.now())
    else:
        with file.open("rb") as opened:
            this = runs.receive(file=opened, name=file.name, kind=kind, at=clock.now(), by="command line")
        try:
            runs.choose_columns(this=this, mapping=mapping or Mapping.from_dict(this.mapping))
        except DomainError:
            runs.forget(this=this)
            raise
        if dry_run:
            forecast = runs.dry_run(this=this, at=clock.now())
            say(f"Dry run, nothing was written. {sentences.of_forecast(kinds.of(kind), forecast)}")
            runs.forget(this=this)
            return
        runs.start(this=this, at=clock.now())
    this = runs.run(import_id=this.id, clock=clock.now)
    if this.state == State.FAILED:
        raise DomainError(
            "import_failed", f"{this.trouble} {this.rows_done:,} rows were imported; {this.id}."
        )
    say(sentences.of_import(this))
    if this.rejected:
        say(f"Rows that were not taken, with the reason: {report.write(this)}")
    say(f"To take it back: handraiser import undo {this.id}")


def take_back(*, import_id: str, say: Callable[[str], None]) -> None:
    """Undo an import."""
    this = Import.objects.filter(id=import_id).first()
    if this is None:
        raise DomainError("no_import", f"There is no import {import_id}.", kind="missing")
    say(sentences.of_undo(*runs.undo(this=this, at=clock.now())))


def _mapping(map_file: Path | None) -> Mapping | None:
    if map_file is None:
        return None
    try:
        return rules.from_toml(map_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DomainError("no_file", f"There is no mapping file {map_file}.", kind="missing") from None
    except UnicodeDecodeError:
        raise rules.bad(f"{map_file} is not UTF-8.") from None
