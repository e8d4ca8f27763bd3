"""Writing rows by the hundred, or one on a busy path: one prepared statement, no signals, no per-row SQL.

Django's own `bulk_create` and `bulk_update` compile their SQL anew for each row, which costs several times what
the database needs. Use these where a row is one of many; models with files or automatic dates do not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connections, models, router

_PLAIN = (models.CharField, models.TextField, models.IntegerField, models.BooleanField, models.ForeignKey)


def insert(objects: Sequence[models.Model], *, known: bool = False) -> None:
    """Add rows of one model, inside the caller's transaction. Keys that the database counts stay unknown.

    With `known`, rows that are there already are passed over. Raises IntegrityError as the database does; then
    none of them is added.
    """
    if not objects:
        return
    model = type(objects[0])
    alias = router.db_for_write(model)
    statement, columns = _insertion(model, alias)
    if known:
        statement += " ON CONFLICT DO NOTHING"
    _run(alias, statement, [_values(one, columns, alias) for one in objects])
    for one in objects:
        one._state.adding, one._state.db = False, alias


def update(objects: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Write these fields of rows that are there, found by their key, inside the caller's transaction."""
    if not objects:
        return
    model = type(objects[0])
    alias = router.db_for_write(model)
    statement, columns = _change(model, alias, tuple(fields))
    _run(alias, statement, [_values(one, columns, alias) for one in objects])


def _run(alias: str, statement: str, rows: list[list[Any]]) -> None:
    with connections[alias].cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(statement, rows[0])
        else:
            cursor.executemany(statement, rows)


@cache
def _insertion(model: type[models.Model], alias: str) -> tuple[str, list[Any]]:
    columns = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    quote = connections[alias].ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in columns)
    marks = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({marks})", columns


@cache
def _change(model: type[models.Model], alias: str, names: tuple[str, ...]) -> tuple[str, list[Any]]:
    meta, quote = model._meta, connections[alias].ops.quote_name
    columns: list[Any] = [meta.get_field(name) for name in names]
    changes = ", ".join(f"{quote(field.column)} = %s" for field in columns)
    statement = f"UPDATE {quote(meta.db_table)} SET {changes} WHERE {quote(str(meta.pk.column))} = %s"
    return statement, [*columns, meta.pk]


def _values(one: models.Model, columns: Sequence[Any], alias: str) -> list[Any]:
    connection = connections[alias]
    return [
        value
        if value is None or isinstance(field, _PLAIN)
        else field.get_db_prep_save(value, connection=connection)
        for field in columns
        for value in (getattr(one, field.attname),)
    ]
