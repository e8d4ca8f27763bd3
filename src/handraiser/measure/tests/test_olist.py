"""The Olist marketing funnel: imported by the command's own code, measured against the files themselves."""

from __future__ import annotations

import csv
import json
import time
from collections import Counter
from math import sqrt
from pathlib import Path

import pytest

from handraiser.capture.imports import commands as imports
from handraiser.capture.imports.models import Import
from handraiser.convert.models import Deal
from handraiser.core.people.models import Lead, Person
from handraiser.kit.errors import DomainError
from handraiser.measure import commands

MAPS = Path(__file__).parents[4] / "docs" / "examples"


@pytest.fixture
def funnel(outside_data) -> tuple[Path, Path]:
    folder = outside_data / "conversion"
    return (
        folder / "olist_marketing_qualified_leads_dataset.csv",
        folder / "olist_closed_deals_dataset.csv",
    )


def counted_from_the_files(leads: Path, deals: Path) -> dict[str, tuple[int, int]]:
    """Leads and customers by source, by nothing but the csv module."""
    with deals.open(encoding="utf-8", newline="") as file:
        won = {row["mql_id"] for row in csv.DictReader(file)}
    found: Counter[str] = Counter()
    customers: Counter[str] = Counter()
    with leads.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            source = row["origin"].replace(" ", "_") or "(not given)"
            found[source] += 1
            customers[source] += row["mql_id"] in won
    return {source: (count, customers[source]) for source, count in found.items()}


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Solved as a quadratic, unlike the product's form: (p - hits/n)^2 = z^2 p (1 - p) / n."""
    z2 = 1.959964**2
    a, b, c = 1 + z2 / n, -(2 * hits / n + z2 / n), (hits / n) ** 2
    root = sqrt(max(0.0, b * b - 4 * a * c))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def test_leads_deals_and_figures(funnel, settings, tmp_path, organisation, settle):
    settings.PRIVATE_ROOT = tmp_path
    leads, deals = funnel
    said: list[str] = []
    # The processor's time: other work on the machine is not ours to answer for.
    began = time.process_time()
    imports.bring_in(
        kind="leads", file=leads, map_file=MAPS / "olist-leads.toml", dry_run=False, say=said.append
    )
    assert said[0] == "8,000 rows: 8,000 new."
    imports.bring_in(
        kind="deals", file=deals, map_file=MAPS / "olist-deals.toml", dry_run=False, say=said.append
    )
    assert "842 rows: 842 recorded. 1 deal was won before its first contact." in said
    assert Lead.objects.filter(how="import", stage="customer").count() == Deal.objects.count() == 842

    printed: list[str] = []
    commands.kpi(start="2017-06-01", end="2018-06-01", by="source", as_json=True, say=printed.append)
    assert time.process_time() - began < 60
    [line] = printed
    found = json.loads(line)
    assert set(found) == {"from", "to", "total", "by"}
    assert (found["from"], found["to"]) == ("2017-06-01", "2018-06-01")
    assert (found["total"]["leads"], found["total"]["customers"]) == (8000, 842)
    assert found["total"]["lead_to_customer_rate"] == {
        "value": 0.10525,
        "low": 0.0987,
        "high": 0.1122,
        "n": 8000,
    }
    oracle = counted_from_the_files(leads, deals)
    assert {row["source"]: (row["leads"], row["customers"]) for row in found["by"]} == oracle
    assert oracle["unknown"][0] == 1099 and oracle["(not given)"][0] == 60
    for row in found["by"]:
        share = row["lead_to_customer_rate"]
        low, high = wilson(row["customers"], row["leads"])
        assert share["n"] == row["leads"]
        assert (share["low"], share["high"]) == pytest.approx((low, high), abs=6e-5)
    settle()
    again: list[str] = []
    imports.bring_in(
        kind="deals", file=deals, map_file=MAPS / "olist-deals.toml", dry_run=False, say=again.append
    )
    assert again[0] == "842 rows: 0 recorded, 842 known already."


def test_both_imports_can_be_taken_back(funnel, settings, tmp_path, organisation, settle):
    settings.PRIVATE_ROOT = tmp_path
    for kind, file in zip(("leads", "deals"), funnel, strict=True):
        short = tmp_path / f"{kind}.csv"
        short.write_text("".join(file.read_text().splitlines(keepends=True)[:301]))
        imports.bring_in(
            kind=kind, file=short, map_file=MAPS / f"olist-{kind}.toml", dry_run=False, say=lambda _: None
        )
    settle()
    won = Deal.objects.count()
    assert won
    said: list[str] = []
    imports.take_back(import_id=Import.objects.get(kind="deals").id, say=said.append)
    assert said == [f"{won} rows taken back."]
    assert not Lead.objects.exclude(stage="lead").exists()
    settle()
    imports.take_back(import_id=Import.objects.get(kind="leads").id, say=said.append)
    # Those that were customers for a while have a history: they stay.
    assert Person.objects.count() == won


@pytest.mark.parametrize(
    "bad", [("yesterday", "2018-06-01", "source"), ("2018-06-01", "2017-06-01", "source")]
)
def test_days_that_cannot_be_are_refused(db, bad):
    with pytest.raises(DomainError):
        commands.kpi(start=bad[0], end=bad[1], by=bad[2], as_json=True, say=print)
    with pytest.raises(DomainError, match="Group by"):
        commands.kpi(start="2018-01-01", end="2018-02-01", by="shoe", as_json=True, say=print)


def test_the_table_says_the_same_to_people(organisation):
    printed: list[str] = []
    commands.kpi(start="2018-01-01", end="2018-02-01", by="channel", as_json=False, say=printed.append)
    assert any("unknown" in line for line in printed)
