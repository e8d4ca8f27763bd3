"""Restoring elsewhere, as after the loss of a machine: another folder, and on PostgreSQL another database."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

from tests import databases
from tests.product import Product


def restore(archive: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run `handraiser restore` into this folder and, on PostgreSQL, into an empty database of its own."""
    environment = {**os.environ, "HANDRAISER_HOME": str(home)}
    name = f"handraiser_home_{secrets.token_hex(6)}"
    if databases.on_postgres():
        environment["DATABASE_URL"] = databases._url(name)
        with databases._server() as db:
            db.execute(f"create database {name}")
    words = [sys.executable, "-m", "handraiser.cli", "restore", str(archive)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    if databases.on_postgres() and done.returncode == 0:
        (home / "database").write_text(name)
        (home / "records.sqlite3").touch()  # so that no template is laid over it
    return done


def product_at(home: Path, **environment: str) -> Product:
    """The product on a restored folder."""
    assert (home / "records.sqlite3").exists()
    return Product(home=home, **environment)
