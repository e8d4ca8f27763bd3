"""Rule sets from the command line: out into a file, and in again as a draft."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.qualify.actions import rule_sets
from handraiser.qualify.models import RuleSet
from handraiser.qualify.rules import files, validation


def write_out(*, number: int | None, file: Path | None, say: Callable[[str], object]) -> None:
    """Write a rule set, the live one if no number is given, into a file or to the screen."""
    chosen = RuleSet.objects.filter(number=number).first() if number else rule_sets.live(at=clock.now())
    if chosen is None:
        raise DomainError("no_rule_set", f"There is no rule set {number}.", kind="missing")
    text = files.to_text(chosen.rules)
    if file is None:
        say(text.rstrip())
        return
    file.write_text(text, encoding="utf-8")
    say(f"{chosen} is written to {file}.")


def bring_in(*, file: Path, replace: bool, say: Callable[[str], object]) -> bool:
    """Make the draft of a file; tells what still speaks against publishing it, and returns whether nothing does."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DomainError("rules_file", f"{file} cannot be read as text.", field="file") from error
    draft = rule_sets.bring_in(text, at=clock.now(), replace=replace)
    problems = validation.check(draft.rules)
    for problem in problems:
        line = files.line_of(text, problem.field, draft.rules) if problem.field else None
        say(f"Line {line}: {problem.message}" if line else problem.message)
    say(
        f"Draft {draft.number} holds the file. "
        + ("Mend it before it can be published." if problems else "Look at it and publish it on its screen.")
    )
    return not problems
