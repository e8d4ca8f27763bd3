"""The product as its users start it: real processes on a data folder of their own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from handraiser.config.processes import bound_to_us
from tests import databases


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Loaded and left as the product's own processes are: by itself Python takes twice as long for both.
_SCRIPT = """
import os, sys
from handraiser.cli import load_django
load_django()
{text}
sys.stdout.flush()
os._exit(0)
"""
_SETTLE = """
import django; django.setup()
from handraiser.config import wiring
from handraiser.core.journal import loop
loop.settle(wiring.READERS, wiring.SWEEPS)
"""


class Product:
    """`handraiser up` on a copy of the migrated template. Use it as a context manager."""

    def __init__(self, *, demo: bool = False, home: Path | None = None, **environment: str) -> None:
        self.demo = demo
        self.home = home or Path(tempfile.mkdtemp(prefix="handraiser-home-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = environment
        self.process: subprocess.Popen[str] | None = None
        self.email = self.password = ""
        if not (self.home / "records.sqlite3").exists():
            databases.lay(self.home)

    def _environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if k != "HANDRAISER_FAILPOINT"}
        return {
            **inherited,
            "DATABASE_URL": databases.url_of(self.home),
            "HANDRAISER_HOME": str(self.home),
            "HANDRAISER_PORT": str(self.port),
            **self.environment,
        }

    def command(self, *verb: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a `handraiser` command on this data folder."""
        done = subprocess.run(
            [sys.executable, "-m", "handraiser.cli", *verb],
            env=self._environment(),
            capture_output=True,
            text=True,
        )
        if check and done.returncode:
            raise RuntimeError(f"handraiser {' '.join(verb)} failed:\n{done.stdout}{done.stderr}")
        return done

    def script(self, text: str) -> str:
        """Run Python with this product's settings; returns what it printed. RuntimeError if it fails."""
        environment = {**self._environment(), "DJANGO_SETTINGS_MODULE": "handraiser.config.settings"}
        script = _SCRIPT.format(text=text)
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"the script failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self) -> Product:
        """Start everything and wait until it answers."""
        verb = ["up", "--demo"] if self.demo else ["up"]
        self.process = self.spawn("-m", "handraiser.cli", *verb)
        try:
            self.wait_for(self.process, seconds=900 if self.demo else 120)
        except BaseException:
            self.end()
            raise
        if signed_in := re.search(r"Sign in\s+(\S+)\s+(\S+)", self.log()):
            self.email, self.password = signed_in.groups()
        return self

    def spawn(self, *arguments: str, own_session: bool = False, **environment: str) -> subprocess.Popen[str]:
        """Start one Python process on this data folder; what it prints is added to `log()`.

        `own_session`: as a service manager starts it; the kernel then shares the processor between it and the rest.
        """
        with (self.home / "log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-u", *arguments],
                env={**self._environment(), **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=own_session,
                preexec_fn=bound_to_us(),
            )

    def settle(self) -> None:
        """Do what the loop would do until nothing is left; no loop may run beside it."""
        process = self.spawn("-c", _SETTLE, DJANGO_SETTINGS_MODULE="handraiser.config.settings")
        if process.wait(900):
            raise RuntimeError(f"the loop does not come to rest:\n{self.log()}")

    def wait_for(
        self, process: subprocess.Popen[str], *, seconds: float = 120, port: int | None = None
    ) -> None:
        """Wait until the product answers. RuntimeError if the process ends first, or when time is up."""
        url = f"http://127.0.0.1:{port or self.port}/readyz"
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if process.poll() is not None:
                raise RuntimeError(f"the product did not start:\n{self.log()}")
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                urllib.request.urlopen(url, timeout=5).close()
                return
            time.sleep(0.1)
        raise RuntimeError(f"the product did not answer:\n{self.log()}")

    def log(self) -> str:
        """What it printed so far."""
        return (self.home / "log").read_text()

    def stop(self, how: int = signal.SIGTERM) -> float:
        """Ask it to stop; returns how many seconds that took."""
        assert self.process is not None
        begun = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(30)
        return time.monotonic() - begun

    def end(self) -> None:
        """Leave nothing running, whatever state it is in."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> Product:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.end()
        databases.sweep_away(self.home)
