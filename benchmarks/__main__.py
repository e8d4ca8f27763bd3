"""`make bench`: every figure the product promises, measured on this machine, with its target.

AREA=start,import,size chooses some of them. Seconds are wall time of whole processes unless a row says CPU.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.product import Product

ROOT = Path(__file__).resolve().parents[1]


def show(name: str, value: float, unit: str, target: str, met: bool) -> None:
    """One row: name, figure, target, and whether it is met."""
    print(f"{name:<34} {value:>10.2f} {unit:<6} target {target:<10} {'met' if met else 'MISSED'}", flush=True)


def seconds(work: Callable[[], object]) -> float:
    """Wall seconds of a piece of work."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def start() -> None:
    """A fresh data folder, a first and a later start, and the stop."""
    home = Path(tempfile.mkdtemp(prefix="handraiser-bench-"))
    environment = {**os.environ, "HANDRAISER_HOME": str(home / "fresh"), "DATABASE_URL": ""}
    command = [sys.executable, "-m", "handraiser.cli", "migrate"]
    taken = seconds(lambda: subprocess.run(command, env=environment, check=True, capture_output=True))
    show("migrate_fresh", taken, "s", "< 30", taken < 30)
    product = Product(home=home / "demo", demo=True)
    taken = seconds(product.start)
    show("first_start_with_demo", taken, "s", "< 90", taken < 90)
    taken = product.stop()
    show("stop", taken, "s", "< 4", taken < 4)
    taken = seconds(product.start)
    show("later_start", taken, "s", "< 10", taken < 10)
    product.stop()
    shutil.rmtree(home)


def imports() -> None:
    """8,000 leads and 842 deals from outside, and the figures."""
    data = os.environ.get("HANDRAISER_TEST_DATA")
    if not data:
        print("import_and_figures: set HANDRAISER_TEST_DATA to the folder of outside data")
        return
    folder, examples, product = Path(data) / "conversion", ROOT / "docs" / "examples", Product()
    period = ("--from", "2017-06-01", "--to", "2018-06-01", "--by", "source", "--json")

    def work() -> None:
        leads, deals = "olist_marketing_qualified_leads_dataset.csv", "olist_closed_deals_dataset.csv"
        product.command("import", "leads", str(folder / leads), "--map", str(examples / "olist-leads.toml"))
        product.command("import", "deals", str(folder / deals), "--map", str(examples / "olist-deals.toml"))
        total = json.loads(product.command("kpi", *period).stdout)["total"]
        assert (total["leads"], total["customers"]) == (8000, 842), total

    taken = seconds(work)
    show("import_and_figures", taken, "s", "< 60", taken < 60)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{'':<34} {used.ru_utime + used.ru_stime:>10.2f} CPU s of all processes so far")
    shutil.rmtree(product.home)


def size() -> None:
    """What a visitor's browser loads to be counted."""
    packed = len(gzip.compress((ROOT / "src/handraiser/attract/tracker/t.js").read_bytes(), 9))
    show("tracker_gzip", packed / 1000, "kB", "<= 2.5", packed <= 2560)


AREAS: dict[str, Callable[[], None]] = {"size": size, "start": start, "import": imports}


if __name__ == "__main__":
    for area in os.environ.get("AREA", ",".join(AREAS)).split(","):
        AREAS[area]()
