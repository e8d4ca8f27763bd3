"""The whole suite, on SQLite and on PostgreSQL at the same time: `python -m tests.both`.

Many tests wait, for a browser, a process or a disk; while those of one run wait, the other has the processor. What
the run on SQLite says is printed as it comes, what the other says when that is over. Files are kept in memory
where there is room, and none is left.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from handraiser.config.processes import bound_to_us

# A file stays together for what its tests share; conftest.py puts the long files first.
_PYTEST = ("pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
_ON_POSTGRES = (
    "--database-tests",
    *("-m", "not browser and not proof"),
    *("--ignore", "src/handraiser/qualify/prediction"),  # that folder knows none
    "src",
)
_MEMORY = Path("/dev/shm")
_ENOUGH = 6 << 30  # bytes; both runs together need about one GiB


def _roomy() -> Path | None:
    """Where files cost no disk; None where that has little room, as in most containers."""
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH:
        return _MEMORY
    return None


def main() -> int:
    """Run both; 0 when both passed. What follows on the command line goes to both, as `-k merge`."""
    more = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folder goes
    # A short name: paths of sockets may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="hr-", dir=_roomy(), ignore_cleanup_errors=True) as own:
        Path(own).chmod(0o755)  # PostgreSQL may run as somebody else
        environment = {**os.environ, "TMPDIR": own}
        python = sys.executable
        said = Path(own) / "said-on-postgresql"
        with said.open("wb") as output:
            on_postgres = subprocess.Popen(
                [python, "-m", "tests.postgres", *_PYTEST, f"--basetemp={own}/p", *_ON_POSTGRES, *more],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=bound_to_us(),
            )
            print("On SQLite; at the same time on PostgreSQL, of which is told below.", flush=True)
            failed = subprocess.call(
                [python, "-m", *_PYTEST, f"--basetemp={own}/s", *more],
                env=environment,
                preexec_fn=bound_to_us(),
            )
            print("On PostgreSQL:", flush=True)
            failed = on_postgres.wait() or failed
        sys.stdout.buffer.write(said.read_bytes())
        sys.stdout.flush()
    return failed


if __name__ == "__main__":
    sys.exit(main())
