"""A collector for tests that kill it: `python process.py HOME PORT here|thread` says where it commits."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

from handraiser.collector.app import Collector, Settings
from handraiser.collector.records import Records
from handraiser.core.journal.store import Store, open_store


def main(home: Path, port: int, *, alone: bool) -> None:
    """Serve until killed."""

    def open_journal() -> Store:
        store = open_store(path=home / "journal.sqlite3")
        store.prepare()
        return store

    collector = Collector(
        Settings(
            open_journal=open_journal,
            records=Records(path=home / "records.sqlite3"),
            home=home,
            secret="s" * 40,
            hosts=["127.0.0.1"],
            burst=1e9,
            per_second=1e9,
            alone=alone,
        )
    )
    uvicorn.run(collector, host="127.0.0.1", port=port, log_level="warning", lifespan="off")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), alone=sys.argv[3] == "here")
