"""Starting and stopping as an operator does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handraiser.config.processes import bound_to_us
from tests.product import Product


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_starts_and_stops_within_four_seconds(how):
    with Product() as product:
        assert urllib.request.urlopen(f"{product.url}/healthz").read() == b'{"status": "ok"}'
        assert product.password and len(product.password) >= 12
        assert product.stop(how) < 4
        left = subprocess.run(["pgrep", "-f", str(product.home)], capture_output=True, text=True)
        assert left.stdout == ""


def _children(parent: int) -> list[int]:
    """The processes that this one started."""
    return [int(line) for line in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def _alive(process: int) -> bool:
    """True while it runs or could go on running; a dead one that nobody waited for is not alive."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def _all_gone(processes: list[int], *, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while any(map(_alive, processes)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(_alive, processes))


@pytest.fixture
def busy() -> Iterator[Callable[[], None]]:
    """`busy()` gives every core two processes too many until the test is over."""
    burning: list[subprocess.Popen[bytes]] = []

    def begin() -> None:
        for _ in range(2 * (os.cpu_count() or 1)):
            burning.append(
                subprocess.Popen([sys.executable, "-c", "while True: pass"], preexec_fn=bound_to_us())
            )

    yield begin
    for process in burning:
        process.kill()
        process.wait()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_what_does_not_listen_on_a_busy_machine_is_ended_within_four_seconds_too(how, busy):
    with Product() as product:
        children = _children(product.process.pid)
        assert len(children) == 3
        for child in children:
            os.kill(child, signal.SIGSTOP)  # deaf, as a process is that waits for a disk
        busy()
        assert product.stop(how) < 4
        assert _all_gone(children, seconds=0)


def test_a_killed_parent_leaves_no_orphan():
    with Product() as product:
        children = _children(product.process.pid)
        assert len(children) == 3
        os.kill(children[0], signal.SIGSTOP)
        product.process.kill()
        product.process.wait()
        assert _all_gone(children, seconds=2), children


def test_the_data_folder_is_private_and_the_password_new():
    with Product() as one, Product() as other:
        assert one.home.stat().st_mode & 0o777 == 0o700
        assert one.password != other.password


def test_demo_mode_answers_to_loopback_only():
    with Product(demo=True) as product:
        request = urllib.request.Request(f"{product.url}/healthz", headers={"Host": "handraiser.example.com"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == 400


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("HANDRAISER_HOEM", "x", "Unknown setting HANDRAISER_HOEM"),
        ("HANDRAISER_PORT", "eighty", "HANDRAISER_PORT"),
        ("DATABASE_URL", "mysql://x", "postgresql://"),
    ],
)
def test_a_wrong_setting_is_one_clear_sentence(tmp_path, name, value, says):
    environment = {**os.environ, "HANDRAISER_HOME": str(tmp_path / "home"), name: value}
    done = subprocess.run(
        [sys.executable, "-m", "handraiser.cli", "doctor"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr


def test_doctor_says_what_to_mend(tmp_path):
    product = Product()
    product.home.chmod(0o755)
    done = product.command("doctor", check=False)
    assert done.returncode == 1
    assert f"chmod 700 {product.home}" in done.stdout and "mail can be sent" in done.stdout


def test_a_process_may_ask_for_short_turns():
    script = "from handraiser.config.processes import short_turns; print(short_turns())"
    asked = subprocess.run(
        [sys.executable, "-c", f"{script}; print(open('/proc/self/sched').read())"],
        capture_output=True,
        text=True,
    ).stdout
    if asked.startswith("True") and "se.slice" in asked:
        assert next(line for line in asked.splitlines() if line.startswith("se.slice")).endswith(" 500000")
