"""Which database a table lives in."""

from __future__ import annotations


class CacheRouter:
    """The cache table lives in its own file; everything else in records."""

    def db_for_read(self, model, **hints):
        return "cache" if model._meta.app_label == "django_cache" else None

    db_for_write = db_for_read

    def allow_migrate(self, db, app_label, **hints):
        return (app_label == "django_cache") == (db == "cache")
