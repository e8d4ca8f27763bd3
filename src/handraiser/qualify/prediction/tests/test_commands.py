"""The command: a model goes through a file and says the same; nothing else is ever opened as a model."""

from __future__ import annotations

import gzip
import json
import pickle

import pytest
from typer.testing import CliRunner

from handraiser.cli import app
from handraiser.kit.errors import DomainError
from handraiser.qualify.prediction import libraries
from handraiser.qualify.prediction.tests.made import Made, write


def run(*words) -> str:
    done = CliRunner().invoke(app, ["model", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module", params=["logistic", "boosted"])
def home(request, tmp_path_factory):
    """A folder with a table, and a model of one kind that was trained from it."""
    place = tmp_path_factory.mktemp("model")
    made = Made(0, rows=1200)
    made.honest()
    if request.param == "boosted":
        one, other = made.chance.normal(size=(2, made.rows))
        made.yes = (made.chance.random(made.rows) < (0.05 + 0.6 * (one * other > 0))).astype(int)
        made.add(one.round(3))
        made.add(other.round(3))
    write(place / "t.csv", made)
    run(
        "train",
        "--table",
        place / "t.csv",
        "--label",
        "outcome",
        "--json",
        place / "r.json",
        "--save",
        place / "m.json",
    )
    assert json.loads((place / "r.json").read_text())["model"] == request.param
    return place


def test_a_saved_model_scores_rows_with_reasons(home):
    told = json.loads(run("score", "--model", home / "m.json", "--table", home / "t.csv", "--json"))
    assert len(told["rows"]) == 1200
    assert all(0 < row["probability"] < 1 and 1 <= len(row["reasons"]) <= 3 for row in told["rows"])
    mean = sum(row["probability"] for row in told["rows"]) / 1200
    assert mean == pytest.approx(told["base_rate"], abs=0.03)
    card = (home / "m.md").read_text()
    assert "AUC" in card and "What it may not look at" in card


def test_training_again_writes_the_same_bytes(home, tmp_path):
    run("train", "--table", home / "t.csv", "--label", "outcome", "--save", tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (home / "m.json").read_bytes()


class Trap:
    """What a hostile pickle does when it is opened."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was opened",))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (pickle.dumps(Trap()), "pickle"),
        (gzip.compress(pickle.dumps(Trap())), "archive"),
        (pickle.dumps(Trap(), protocol=0), "not JSON"),
        (b"{}", "did not write"),
        (b"[1]", "did not write"),
        (b"[" * 100_000, "not JSON"),
        (b'{"format": "handraiser-model", "version": 9}', "version"),
        (b'{"format": "handraiser-model", "version": 1, "checksum": "x", "model": {}}', "checksum"),
    ],
)
def test_anything_else_is_refused_with_the_reason(tmp_path, content, why):
    (tmp_path / "m.json").write_bytes(content)
    (tmp_path / "t.csv").write_text("a\n1\n")
    with pytest.raises(DomainError, match=why):
        run("score", "--model", tmp_path / "m.json", "--table", tmp_path / "t.csv")


def test_a_changed_model_is_refused(home, tmp_path):
    told = json.loads((home / "m.json").read_text())
    told["model"]["intercept"] += 1
    (tmp_path / "m.json").write_text(json.dumps(told))
    with pytest.raises(DomainError, match="checksum"):
        run("score", "--model", tmp_path / "m.json", "--table", home / "t.csv")


def test_a_table_without_the_models_columns_is_refused(home, tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n")
    with pytest.raises(DomainError, match="lacks columns"):
        run("score", "--model", home / "m.json", "--table", tmp_path / "t.csv")


def test_no_signal_keeps_no_model(tmp_path):
    made = Made(1, rows=400)
    made.yes = made.chance.permutation(made.yes)
    made.honest()
    write(tmp_path / "t.csv", made)
    said = run("train", "--table", tmp_path / "t.csv", "--label", "outcome", "--save", tmp_path / "m.json")
    assert said.startswith("no_signal")
    assert not (tmp_path / "m.json").exists()


def test_a_backtest_is_printed_or_written(tmp_path):
    made = Made(2, rows=900)
    made.honest()
    made.add(range(900), "when")
    write(tmp_path / "t.csv", made)
    how = [
        "backtest",
        "--table",
        tmp_path / "t.csv",
        "--label",
        "outcome",
        "--time",
        "when",
        "--block",
        200,
        "--from",
        500,
    ]
    printed = json.loads(run(*how, "--json"))
    run(*how, "--json", tmp_path / "b.json")
    assert json.loads((tmp_path / "b.json").read_text()) == printed
    assert printed.keys() >= {"mean_block_auc", "pooled_auc", "ece", "never_retrained"}


def test_without_the_libraries_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(libraries, "find_spec", lambda name: None)
    with pytest.raises(DomainError, match="make setup-ml"):
        run("train", "--table", "t.csv", "--label", "y")
