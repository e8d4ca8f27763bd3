"""Run a command against a PostgreSQL of its own: `python -m tests.postgres pytest …`.

The server lives in a temporary folder, listens on a socket in it and on loopback, and is gone afterwards.
PostgreSQL refuses to run as root; then it runs as the user `postgres` that Debian's package makes.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from handraiser.config.processes import bound_to_us


def programs() -> Path:
    """The folder of initdb and postgres. Raises FileNotFoundError with what to install."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise FileNotFoundError("PostgreSQL is missing. Install it with: apt-get install postgresql")
    return found[-1].parent


def _as_owner(folder: Path) -> dict[str, object]:
    if os.getuid() != 0:
        return {}
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return {"user": owner.pw_uid, "group": owner.pw_gid}


@contextlib.contextmanager
def server() -> Iterator[str]:
    """A running server; yields its DATABASE_URL."""
    folder = Path(tempfile.mkdtemp(prefix="handraiser-postgres-"))
    who = _as_owner(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"
    bin_folder = programs()
    subprocess.run(
        [bin_folder / "initdb", "-D", data, "-A", "trust", "-U", "handraiser", "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        cwd="/",
        **who,  # type: ignore[call-overload]
    )
    options = ["-c", f"unix_socket_directories={folder}", "-c", "listen_addresses=127.0.0.1"]
    # The server lives for one run: what a power cut would take is not missed.
    # Rows of a test stay in its transaction: statistics of what others see of them say that the tables are empty.
    options += ["-c", "autovacuum=off"]
    options += ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]
    process = subprocess.Popen(
        [bin_folder / "postgres", "-D", data, "-p", str(port), *options],
        preexec_fn=bound_to_us(signal.SIGINT),  # its own word for ending at once
        stdout=subprocess.DEVNULL,
        stderr=(folder / "log").open("wb") if os.getuid() else subprocess.DEVNULL,
        cwd="/",
        **who,  # type: ignore[call-overload]
    )
    url = f"postgresql://handraiser@127.0.0.1:{port}/postgres"
    try:
        import psycopg

        for _ in range(200):
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(url, connect_timeout=1).close()
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
                raise RuntimeError("PostgreSQL did not start")
        yield url
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Run the rest of the command line with DATABASE_URL set."""
    with server() as url:
        return subprocess.call(
            [str(Path(sys.executable).parent / sys.argv[1]), *sys.argv[2:]],
            env={**os.environ, "DATABASE_URL": url},
            preexec_fn=bound_to_us(),
        )


if __name__ == "__main__":
    sys.exit(main())
