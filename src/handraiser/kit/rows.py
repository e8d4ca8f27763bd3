"""Rows on busy paths: statements that are written once in the life of the process, for one row or hundreds.

The ORM compiles its SQL anew for each query and each row, which costs several times what the database needs to
answer. Use these where strangers or programs knock, and the ORM everywhere else. There are no signals; models
with files that are uploaded, or with automatic dates, are not written this way.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache, partial, wraps
from typing import Any, ParamSpec, TypeVar

from django.db import connection as default_connection
from django.db import connections, models, router, transaction

from handraiser.kit import clock

_EPOCH = datetime(1970, 1, 1)
# Rows that one statement inserts: a statement of its own for each costs more than the row.
_AT_ONCE = (64, 8, 1)
_PLAIN = (models.CharField, models.TextField, models.IntegerField, models.BooleanField, models.ForeignKey)


# The attribute, and what makes its value one that the database takes; None when it is one already.
Column = tuple[str, Callable[..., Any] | None]
Where = Mapping[str, Any]
M = TypeVar("M", bound=models.Model)
P = ParamSpec("P")
T = TypeVar("T")


def joined(action: Callable[P, T]) -> Callable[P, T]:
    """A function that joins the caller's transaction, or opens one of its own.

    Like `atomic(savepoint=False)`, an error in it spoils the whole transaction; a tenth of its cost inside one.
    """

    @wraps(action)
    def inside(*args: P.args, **kwargs: P.kwargs) -> T:
        if not default_connection.in_atomic_block:
            with transaction.atomic():
                return action(*args, **kwargs)
        try:
            return action(*args, **kwargs)
        except BaseException:
            default_connection.needs_rollback = True
            raise

    return inside


def find(model: type[M], where: Where) -> list[M]:
    """The rows that fit; see `values`."""
    names = tuple(field.attname for field in model._meta.concrete_fields)
    alias = _home(model)
    return [model.from_db(alias, names, row) for row in values(model, names, where)]


def values(model: type[models.Model], names: Sequence[str], where: Where) -> list[tuple[Any, ...]]:
    """Some columns of the rows that fit.

    `where` names a field and its value, None for nothing there, a list of values of which it is one, or, with
    `__gt` after the name, what it is greater than. An empty list fits nothing.
    """
    connection = connections[_home(model)]
    parts, arguments = [], []
    for key, value in where.items():
        name, _, comparison = key.partition("__")
        if value is None:
            parts.append((name, "IS NULL", 0))
            continue
        asked = sorted(value) if isinstance(value, list | set | tuple) else [value]
        if not asked:
            return []
        parts.append((name, ">" if comparison == "gt" else "=", len(asked)))
        stored = _column(model, name)[1]
        arguments += asked if stored is None else [stored(one, connection=connection) for one in asked]
    statement, readers = _question(model, connection.alias, tuple(names), tuple(parts))
    found = _fetched(connection, statement, arguments)
    if not readers:
        return found
    read = []
    for row in found:
        cells = list(row)
        for at, converters, column in readers:
            for convert in converters:
                cells[at] = convert(cells[at], column, connection)
        read.append(tuple(cells))
    return read


def insert(objects: Sequence[models.Model], *, known: bool = False) -> int:
    """Add rows of one model, inside the caller's transaction; returns how many. Counted keys stay unknown.

    With `known`, rows that are there already are passed over. Raises IntegrityError as the database does; then
    none of them is added.
    """
    if not objects:
        return 0
    model = type(objects[0])
    connection = connections[_home(model)]
    statement, columns = _insertion(model, connection.alias)
    if known:
        statement += " ON CONFLICT DO NOTHING"
    added = _run(connection, statement, columns, objects)
    for one in objects:
        one._state.adding, one._state.db = False, connection.alias
    return added


def update(objects: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Write these fields of rows that are there, found by their key, inside the caller's transaction."""
    if not objects:
        return
    model = type(objects[0])
    connection = connections[_home(model)]
    statement, columns = _change(model, connection.alias, tuple(fields))
    _run(connection, statement, columns, objects)


def add(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Add rows by some plain columns, when not even objects are needed. The other columns stay to the database."""
    connection = connections[_home(model)]
    _write(connection, _addition(model, connection.alias, tuple(names)), list(rows))


def put(
    model: type[models.Model],
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    key: Sequence[str] = (),
    changes: Sequence[str] = (),
) -> None:
    """Add rows by these columns; of those that are there already by `key`, write the columns in `changes`.

    Without `changes` they are passed over. Moments are given as moments or as milliseconds since 1970, JSON as its
    text.
    """
    connection = connections[_home(model)]
    statement = _addition(model, connection.alias, tuple(names)) + _conflict(
        model, connection.alias, tuple(key), tuple(changes)
    )
    _write(connection, statement, _stored(model, tuple(names), rows))


def change(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write these columns of rows that are there; the last value of each row is its key. As `put` in all else."""
    connection = connections[_home(model)]
    statement, _ = _change(model, connection.alias, tuple(names))
    _write(connection, statement, _stored(model, tuple(names), rows))


def ask(model: type[models.Model], statement: str, arguments: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What the database of this model answers, as it stores it; `milliseconds` and `when` read its moments.

    `{in}` in the statement stands for "is one of": the argument in its place is a list. `{json}` before a column
    of JSON gives its text.
    """
    connection = connections[_home(model)]
    spread: list[Any] = []
    parts = statement.split("{in}")
    lists = [one for one in arguments if isinstance(one, list)]
    for one in arguments:
        spread += one if isinstance(one, list) else [one]
    whole = parts[0]
    for part, one in zip(parts[1:], lists, strict=True):
        whole += f"IN ({', '.join(['%s'] * len(one)) or 'NULL'}){part}"
    if "{json}" in whole:
        whole = re.sub(r"\{json\}([\w.]+)", r"\1" if connection.vendor == "sqlite" else r"\1::text", whole)
    return _fetched(connection, whole, spread)


def milliseconds(stored: Any) -> int:
    """A moment that `ask` told, as milliseconds since 1970."""
    moment: datetime = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return clock.ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def when(stored: Any) -> datetime:
    """A moment that `ask` told, as a moment."""
    if isinstance(stored, str):
        return datetime.fromisoformat(stored).replace(tzinfo=UTC)
    return stored.astimezone(UTC) if stored.tzinfo else stored.replace(tzinfo=UTC)  # type: ignore[no-any-return]


def moment(model: type[models.Model], at: datetime | int) -> Any:
    """A moment, or milliseconds since 1970, as the database of this model compares it."""
    return _keeper(model)(at)


def _stored(
    model: type[models.Model], names: tuple[str, ...], rows: Iterable[Sequence[Any]]
) -> Sequence[Sequence[Any]]:
    written = list(rows)
    moments = _moments(model, names)
    if not moments or not written:
        return written
    store = _keeper(model)
    # By column, not by row: one list for each moment instead of one for each row.
    columns: list[Sequence[Any]] = list(zip(*written, strict=True))
    for at in moments:
        columns[at] = [store(value) for value in columns[at]]
    return list(zip(*columns, strict=True))


@cache
def _moments(model: type[models.Model], names: tuple[str, ...]) -> list[int]:
    return [at for at, name in enumerate(names) if isinstance(_field(model, name), models.DateTimeField)]


@cache
def _keeper(model: type[models.Model]) -> Callable[[Any], Any]:
    return _as_text if connections[_home(model)].vendor == "sqlite" else _as_moment


def _as_moment(value: Any) -> Any:
    return clock.from_ms(value) if isinstance(value, int) else value


def _as_text(value: Any) -> str | None:
    if isinstance(value, int):
        day, rest = divmod(value, 86_400_000)
        minute, rest = divmod(rest, 60_000)
        second, rest = divmod(rest, 1_000)
        return f"{_day(day)}{_MINUTES[minute]}{_SECONDS[second]}{_PARTS[rest]}"
    return None if value is None else _moment(value, None)


# A stored moment is put together from parts that are there: a datetime for each costs eight times as much.
_MINUTES = [f" {hour:02}:{minute:02}:" for hour in range(24) for minute in range(60)]
_SECONDS = [f"{second:02}" for second in range(60)]
_PARTS = ["", *(f".{part:03}000" for part in range(1, 1_000))]


@lru_cache(maxsize=10_000)
def _day(number: int) -> str:
    """A day since 1970 as a stored moment begins."""
    return str((_EPOCH + timedelta(days=number)).date())


def _run(connection: Any, statement: str, columns: list[Column], objects: Sequence[models.Model]) -> int:
    written = [
        [
            value if stored is None or value is None else stored(value, connection=connection)
            for name, stored in columns
            for value in (getattr(one, name),)
        ]
        for one in objects
    ]
    return _write(connection, statement, written)


def _write(connection: Any, statement: str, written: Sequence[Sequence[Any]]) -> int:
    if not written:
        return 0
    direct = _direct(connection)
    if direct is None:
        with connection.cursor() as cursor:
            if len(written) == 1:
                cursor.execute(statement, written[0])
            else:
                cursor.executemany(statement, written)
            return int(cursor.rowcount)
    try:
        done = changed = 0
        if statement.startswith("INSERT"):
            for size in _AT_ONCE:
                while len(written) - done >= size:
                    some = written[done : done + size]
                    values = [value for row in some for value in row]
                    changed += direct.execute(_for_many(statement, size), values).rowcount
                    done += size
            return changed
        return direct.executemany(_marked(statement), written).rowcount
    except sqlite3.Error:
        with connection.wrap_database_errors:
            raise


def _fetched(connection: Any, statement: str, arguments: Sequence[Any]) -> list[tuple[Any, ...]]:
    direct = _direct(connection)
    if direct is None:
        with connection.cursor() as cursor:
            cursor.execute(statement, arguments)
            return cursor.fetchall()
    try:
        return direct.execute(_marked(statement), arguments).fetchall()
    except sqlite3.Error:
        with connection.wrap_database_errors:
            raise


def _direct(connection: Any) -> sqlite3.Connection | None:
    """The connection under Django's: its cursors cost more than the statements of a form take.

    None if there is another database under it, or if somebody watches the statements.
    """
    if connection.vendor != "sqlite" or connection.needs_rollback or connection.execute_wrappers:
        return None
    if connection.force_debug_cursor or connection.connection is None:
        return None
    return connection.connection


@lru_cache(maxsize=1000)
def _for_many(statement: str, rows: int) -> str:
    begin, one, end = re.split(r"(?<= VALUES )(\([^)]*\))", _marked(statement), maxsplit=1)
    return f"{begin}{', '.join([one] * rows)}{end}"


@lru_cache(maxsize=1000)
def _marked(statement: str) -> str:
    return statement.replace("%s", "?")


@lru_cache(maxsize=1000)
def _question(
    model: type[models.Model], alias: str, names: tuple[str, ...], parts: tuple[tuple[str, str, int], ...]
) -> tuple[str, list[tuple[int, list[Any], Any]]]:
    connection = connections[alias]
    quote = connection.ops.quote_name
    conditions = []
    for name, sign, count in parts:
        marks = "%s" if count else ""
        if count > 1:
            sign, marks = "IN", f"({', '.join(['%s'] * count)})"
        conditions.append(f"{quote(_field(model, name).column)} {sign} {marks}")
    fields = [_field(model, name) for name in names]
    columns = ", ".join(quote(field.column) for field in fields)
    statement = f"SELECT {columns} FROM {quote(model._meta.db_table)} WHERE {' AND '.join(conditions)}"
    readers = []
    for at, field in enumerate(fields):
        column = field.get_col(model._meta.db_table)
        converters = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
        if converters:
            readers.append((at, converters, column))
    return statement, readers


@cache
def _home(model: type[models.Model]) -> str:
    return router.db_for_write(model)


def _field(model: type[models.Model], name: str) -> Any:
    by_column = {field.attname: field for field in model._meta.concrete_fields}
    return by_column.get(name) or model._meta.get_field(name)


@cache
def _column(model: type[models.Model], name: str) -> Column:
    field = _field(model, name)
    if isinstance(field, _PLAIN):
        return field.attname, None
    if connections[_home(model)].vendor == "sqlite":
        # What Django stores, without asking the field and the database for each.
        if isinstance(field, models.DateTimeField):
            return field.attname, _moment
        if isinstance(field, models.JSONField):
            encode = json.JSONEncoder() if field.encoder is None else field.encoder()
            return field.attname, partial(_encoded, encode.encode)
    return field.attname, field.get_db_prep_save


def _moment(at: datetime, connection: Any) -> str:
    return str(at.replace(tzinfo=None) if at.tzinfo is UTC else at.astimezone(UTC).replace(tzinfo=None))


def _encoded(encode: Callable[[Any], str], value: Any, connection: Any) -> str:
    return encode(value)


@cache
def _insertion(model: type[models.Model], alias: str) -> tuple[str, list[Column]]:
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    statement = _addition(model, alias, tuple(field.attname for field in fields))
    return statement, [_column(model, field.attname) for field in fields]


@cache
def _addition(model: type[models.Model], alias: str, names: tuple[str, ...]) -> str:
    quote = connections[alias].ops.quote_name
    columns = ", ".join(quote(str(_field(model, name).column)) for name in names)
    marks = ", ".join(["%s"] * len(names))
    return f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({marks})"


@cache
def _conflict(model: type[models.Model], alias: str, key: tuple[str, ...], changes: tuple[str, ...]) -> str:
    quote = connections[alias].ops.quote_name

    def columns(names: tuple[str, ...]) -> list[str]:
        return [quote(str(_field(model, name).column)) for name in names]

    if not changes:
        return " ON CONFLICT DO NOTHING"
    written = ", ".join(f"{column} = excluded.{column}" for column in columns(changes))
    return f" ON CONFLICT ({', '.join(columns(key))}) DO UPDATE SET {written}"


@cache
def _change(model: type[models.Model], alias: str, names: tuple[str, ...]) -> tuple[str, list[Column]]:
    meta, quote = model._meta, connections[alias].ops.quote_name
    changes = ", ".join(f"{quote(_field(model, name).column)} = %s" for name in names)
    statement = f"UPDATE {quote(meta.db_table)} SET {changes} WHERE {quote(str(meta.pk.column))} = %s"
    return statement, [_column(model, name) for name in (*names, meta.pk.attname)]
