"""Starting and stopping as an operator does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tests.product import Product


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_starts_and_stops_within_four_seconds(how):
    with Product() as product:
        assert urllib.request.urlopen(f"{product.url}/healthz").read() == b'{"status": "ok"}'
        assert product.password and len(product.password) >= 12
        assert product.stop(how) < 4
        left = subprocess.run(["pgrep", "-f", str(product.home)], capture_output=True, text=True)
        assert left.stdout == ""


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
