"""Figures on tables that are not ours, by the commands and the SQL of docs/examples/prediction.md."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from handraiser.qualify.prediction import backtest, outcomes, table, training

EXAMPLES = Path(__file__).parents[5] / "docs" / "examples" / "prediction.md"


@pytest.fixture
def made(outside_data, tmp_path):
    """Makes one of the documented tables: `made("olist")`."""

    def make(name: str) -> table.Table:
        sql = dict(re.findall(r"```sql\n-- (\w+)\n(.*?)```", EXAMPLES.read_text(), re.S))[name]
        told = re.sub(r"read_csv\('", f"read_csv('{outside_data}/", sql)
        duckdb.connect().execute(told.replace(f"'{name}.csv'", f"'{tmp_path / name}.csv'"))
        return table.read(tmp_path / f"{name}.csv")

    return make


@pytest.fixture(scope="module")
def bank(outside_data):
    """The calls of a bank, in the order in which they were made."""
    return table.read(outside_data / "scoring" / "uci_bank_full.csv")


def test_bank_refuses_duration_and_keeps_its_promises(bank):
    told = training.train(outcomes.examples(bank, label="y"))
    assert told.verdict == "usable"
    assert list(told.refused) == ["duration"]
    assert list(told.left_out) == ["Cust_num"]
    assert told.report["cross_validated"]["auc"] >= 0.795
    assert told.report["cross_validated"]["ece"] <= 0.02


def test_bank_played_forward(bank):
    told = backtest.run(outcomes.examples(bank, label="y", time="Cust_num"), block=2000, start=20_000)
    assert list(told["refused_columns"]) == ["duration"]
    assert told["mean_block_auc"] >= 0.60
    assert told["pooled_auc"] >= 0.74
    assert told["ece"] <= 0.03
    assert told["mean_block_auc"] > told["never_retrained"]["mean_block_auc"]


def test_olist_won_within_90_days(made):
    told = training.train(
        outcomes.examples(made("olist"), label="won_date", time="first_contact_date", window=90)
    )
    assert told.verdict == "usable"
    assert told.refused == {}
    assert told.report["rows"] == {"learned_from": 8000, "unlabelled": 0, "too_young": 0}
    assert told.report["cross_validated"]["auc"] >= 0.69
    assert told.report["cross_validated"]["brier"] < 0.0765


def test_maven_has_no_signal(made):
    told = training.train(outcomes.examples(made("maven"), label="deal_stage", time="engaged"))
    assert told.verdict == "no_signal"
    assert told.report["time_split"]["auc_low"] <= 0.5 <= told.report["time_split"]["auc_high"]


def test_leadforge_refuses_what_its_key_calls_leaks(made, outside_data):
    key = table.read(outside_data / "scoring" / "leadforge_intro" / "feature_dictionary.csv")
    leaks = {n for n, risk in zip(key.of("name"), key.of("leakage_risk"), strict=True) if risk == "True"}
    told = training.train(outcomes.examples(made("leadforge"), label="converted_within_90_days"))
    assert set(told.refused) == leaks
    assert told.report["cross_validated"]["auc"] >= 0.63
