"""A prepared, empty records file to begin with: half a minute of processor time less on the first start.

The file beside this module was made by the product's own migrations (`make template`). It says of which, word for
word, so it is used only where each of them is still the same; newer ones are applied to the copy as to any data.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import inspect
import json
import os
import sqlite3
import sys
import tempfile
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.db.migrations.loader import MigrationLoader

FILE = Path(__file__).with_name("records.template.gz")


def migrations() -> dict[str, str]:
    """Every migration of this version by name, with a digest of its text."""
    found = {}
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        text = Path(inspect.getfile(sys.modules[migration.__module__])).read_bytes()
        found[f"{app}.{name}"] = hashlib.sha256(text).hexdigest()[:16]
    return found


def recorded() -> dict[str, str]:
    """The migrations that the template went through; empty if there is no template."""
    if not FILE.exists():
        return {}
    with gzip.open(FILE) as packed:
        known: dict[str, str] = json.loads(packed.readline())
    return known


def lay() -> bool:
    """Begin with a copy of the template where no records are yet; True if that was done."""
    default = connections["default"]
    path = Path(str(default.settings_dict["NAME"]))
    if default.vendor != "sqlite" or path.exists():
        return False
    known = recorded()
    if not known or not known.items() <= migrations().items():
        return False
    with gzip.open(FILE) as packed:
        packed.readline()
        content = packed.read()
    making = path.with_suffix(f".{os.getpid()}")
    making.write_bytes(content)
    # Whoever comes first decides, should two start at once.
    with contextlib.suppress(FileExistsError):
        os.link(making, path)
    making.unlink()
    return True


def build() -> None:
    """Make the template anew from what was prepared in this empty data folder."""
    from handraiser.config import stores

    records = Path(str(connections["default"].settings_dict["NAME"]))
    if records.exists():
        raise SystemExit(f"{settings.HOME} is not empty. Use make template.")
    stores.prepare(from_template=False)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "records.sqlite3"
        with contextlib.closing(sqlite3.connect(records)) as db:
            db.execute("vacuum into ?", (str(plain),))
        content = plain.read_bytes()
    FILE.write_bytes(gzip.compress(json.dumps(migrations()).encode() + b"\n" + content, 9, mtime=0))


if __name__ == "__main__":
    import django

    django.setup()
    build()
