"""Rows on busy paths: statements that are written once in the life of the process, for one row or hundreds.

The ORM compiles its SQL anew for each query and each row, which costs several times what the database needs to
answer. Use these where strangers or programs knock, and the ORM everywhere else. There are no signals; models
with files that are uploaded, or with automatic dates, are not written this way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, TypeVar

from django.db import connections, models, router

_PLAIN = (models.CharField, models.TextField, models.IntegerField, models.BooleanField, models.ForeignKey)


# The attribute, and what makes its value one that the database takes; None when it is one already.
Column = tuple[str, Callable[..., Any] | None]
Where = Mapping[str, Any]
M = TypeVar("M", bound=models.Model)


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
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        found = cursor.fetchall()
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


def insert(objects: Sequence[models.Model], *, known: bool = False) -> None:
    """Add rows of one model, inside the caller's transaction. Keys that the database counts stay unknown.

    With `known`, rows that are there already are passed over. Raises IntegrityError as the database does; then
    none of them is added.
    """
    if not objects:
        return
    model = type(objects[0])
    connection = connections[_home(model)]
    statement, columns = _insertion(model, connection.alias)
    if known:
        statement += " ON CONFLICT DO NOTHING"
    _run(connection, statement, columns, objects)
    for one in objects:
        one._state.adding, one._state.db = False, connection.alias


def update(objects: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Write these fields of rows that are there, found by their key, inside the caller's transaction."""
    if not objects:
        return
    model = type(objects[0])
    connection = connections[_home(model)]
    statement, columns = _change(model, connection.alias, tuple(fields))
    _run(connection, statement, columns, objects)


def _run(connection: Any, statement: str, columns: list[Column], objects: Sequence[models.Model]) -> None:
    written = [
        [
            value if stored is None or value is None else stored(value, connection=connection)
            for name, stored in columns
            for value in (getattr(one, name),)
        ]
        for one in objects
    ]
    with connection.cursor() as cursor:
        if len(written) == 1:
            cursor.execute(statement, written[0])
        else:
            cursor.executemany(statement, written)


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
    if isinstance(field, models.DateTimeField) and connections[_home(model)].vendor == "sqlite":
        return field.attname, _moment
    return field.attname, field.get_db_prep_save


def _moment(at: datetime, connection: Any) -> str:
    # What Django stores, without asking the field and the database for each.
    return str(at.astimezone(UTC).replace(tzinfo=None))


@cache
def _insertion(model: type[models.Model], alias: str) -> tuple[str, list[Column]]:
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    quote = connections[alias].ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({marks})"
    return statement, [_column(model, field.attname) for field in fields]


@cache
def _change(model: type[models.Model], alias: str, names: tuple[str, ...]) -> tuple[str, list[Column]]:
    meta, quote = model._meta, connections[alias].ops.quote_name
    changes = ", ".join(f"{quote(_field(model, name).column)} = %s" for name in names)
    statement = f"UPDATE {quote(meta.db_table)} SET {changes} WHERE {quote(str(meta.pk.column))} = %s"
    return statement, [_column(model, name) for name in (*names, meta.pk.attname)]
