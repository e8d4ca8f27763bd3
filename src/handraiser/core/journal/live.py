"""The journal of this instance, one connection a thread, opened where Django's own settings point."""

from __future__ import annotations

import threading

from django.conf import settings
from django.db import connection

from handraiser.core.journal.store import Store, open_store

_local = threading.local()


def target() -> tuple[str, str]:
    """(path, connection string) of the journal; one of them is empty."""
    if connection.vendor == "postgresql":
        # The records connection's own parameters, so that a test database is followed too.
        parameters = connection.get_connection_params()
        names = {"dbname": "dbname", "user": "user", "password": "password", "host": "host", "port": "port"}
        given = {names[key]: value for key, value in parameters.items() if key in names and value}
        return "", " ".join(f"{key}='{value}'" for key, value in given.items())
    return str(settings.JOURNAL_PATH), ""


def journal() -> Store:
    """The store of this thread; opened (and its tables made) on first use."""
    where = target()
    if getattr(_local, "target", None) != where:
        close()
        store = open_store(path=where[0] or None, conninfo=where[1])
        store.prepare()
        _local.store, _local.target = store, where
    return _local.store  # type: ignore[no-any-return]


def close() -> None:
    """Close this thread's connection, if there is one."""
    store: Store | None = getattr(_local, "store", None)
    if store is not None:
        store.close()
    _local.store = _local.target = None
