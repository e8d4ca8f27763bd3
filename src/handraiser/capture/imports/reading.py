"""Reading a CSV file that somebody else wrote: its encoding, its delimiter, its rows, its faults.

What spoils the whole file raises a DomainError that names the line; what spoils one row comes back with it.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from handraiser.kit.errors import DomainError

LONGEST_CELL = 20_000
_READABLE_CELL = 32 * 1024 * 1024  # above this even the parser gives up
_KEPT_OF_A_BAD_CELL = 500
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_LINES = 20

csv.field_size_limit(_READABLE_CELL)


@dataclass(frozen=True)
class Shape:
    """What one pass over the file found."""

    encoding: str
    delimiter: str
    columns: list[str]
    rows: int
    fingerprint: str


@dataclass(frozen=True)
class Row:
    """A data row: its number from 1, the line where it begins, its cells, and what is wrong with it."""

    number: int
    line: int
    cells: list[str]
    problem: str = ""


def inspect(path: Path) -> Shape:
    """Read the whole file once. Raises DomainError("unreadable_file"), saying what to do."""
    encoding = _encoding(path)
    try:
        delimiter = _delimiter(path, encoding)
        columns = _columns(path, encoding, delimiter)
        count = sum(1 for _ in rows(path, encoding=encoding, delimiter=delimiter, columns=columns))
    except UnicodeError:
        raise _unreadable(
            "The file breaks off in the middle of a character. Save it again as UTF-8."
        ) from None
    with path.open("rb") as file:
        fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
    return Shape(encoding, delimiter, columns, count, fingerprint)


def rows(path: Path, *, encoding: str, delimiter: str, columns: list[str], skip: int = 0) -> Iterator[Row]:
    """The data rows after the first `skip`. Blank lines are not rows."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        next(reader, None)
        number, line = 0, reader.line_num + 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise _unreadable(
                    f"The row that begins on line {line} cannot be read ({error}). A quotation mark may be"
                    " missing."
                ) from error
            begins, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            number += 1
            if number > skip:
                yield _row(number, begins, cells, len(columns))


def _row(number: int, line: int, cells: list[str], width: int) -> Row:
    cells = [cell.strip() for cell in cells]
    longest = max(len(cell) for cell in cells)
    problem = ""
    if longest > LONGEST_CELL:
        problem = (
            f"A cell holds {longest:,} characters; the longest allowed is {LONGEST_CELL:,}."
            " A quotation mark may be missing."
        )
        cells = [cell if len(cell) <= LONGEST_CELL else f"{cell[:_KEPT_OF_A_BAD_CELL]}…" for cell in cells]
    elif len(cells) != width:
        problem = f"The row has {len(cells)} columns, the header has {width}."
    if any("\0" in cell for cell in cells):
        problem = "The row holds a NUL character, which no text has."
        cells = [cell.replace("\0", "␀") for cell in cells]
    return Row(number, line, cells, problem)


def _unreadable(sentence: str) -> DomainError:
    return DomainError("unreadable_file", sentence, field="file")


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(8)
        if not head.strip():
            raise _unreadable("The file is empty.")
        if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            raise _unreadable(
                "This is a spreadsheet, not a CSV file. Save it as “CSV UTF-8” and choose that."
            )
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        file.seek(0)
        mixed, first_strange = False, 0
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
                mixed = mixed or not line.isascii()
            except UnicodeDecodeError:
                first_strange = first_strange or number
                try:
                    line.decode("cp1252")
                except UnicodeDecodeError:
                    raise _unreadable(
                        f"Line {number} is neither UTF-8 nor Windows-1252. Save the file as UTF-8."
                    ) from None
    if not first_strange:
        return "utf-8-sig"
    if mixed and not head.startswith(codecs.BOM_UTF8):
        raise _unreadable(
            f"Line {first_strange} is not UTF-8, although other lines are. Save the file as UTF-8."
        )
    if head.startswith(codecs.BOM_UTF8):
        raise _unreadable(f"The file says that it is UTF-8, but line {first_strange} is not.")
    return "cp1252"


def _delimiter(path: Path, encoding: str) -> str:
    """The delimiter that splits the first lines into the most columns, the same number in each."""
    with path.open(encoding=encoding, newline="") as file:
        sample = [
            line for _, line in zip(range(_SAMPLE_LINES), file, strict=False) if len(line) < LONGEST_CELL
        ]

    def merit(delimiter: str) -> tuple[int, int]:
        widths = [len(cells) for cells in csv.reader(sample, delimiter=delimiter) if cells]
        head = widths[0] if widths else 1
        return (sum(width == head for width in widths) if head > 1 else 0, head)

    return max(_DELIMITERS, key=merit)


def _columns(path: Path, encoding: str, delimiter: str) -> list[str]:
    with path.open(encoding=encoding, newline="") as file:
        header = next(csv.reader(file, delimiter=delimiter), [])
    names = [name.strip() or f"column {place}" for place, name in enumerate(header, 1)]
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise _unreadable(f"Two columns are called “{name[:80]}”. Rename one of them.")
        seen.add(name.lower())
    if any(len(name) > 200 or "\0" in name for name in names):
        raise _unreadable("The first line must name the columns; a name of it is too long or not text.")
    return names
