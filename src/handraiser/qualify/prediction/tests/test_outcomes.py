"""Which rows have an answer, and when it is ripe."""

from __future__ import annotations

import pytest

from handraiser.kit.errors import DomainError
from handraiser.qualify.prediction import outcomes, table
from handraiser.qualify.prediction.table import Table


def of(**words) -> Table:
    return Table(words, len(next(iter(words.values()))), "")


def test_types_are_guessed_from_the_values():
    kinds = {
        name: table.column(name, words).kind
        for name, words in {
            "number": ["1", "2.5", "", "-3e4"],
            "date": ["2026-01-02", "2026-01-02T10:00:00+02:00", "na"],
            "american": ["1/31/2017", "12/1/2016"],
            "words": ["1", "two"],
            "empty": ["", "null"],
        }.items()
    }
    assert kinds == {
        "number": "number", "date": "date", "american": "date", "words": "category", "empty": "category",
    }  # fmt: skip


def test_missing_is_no_number_and_no_word():
    assert table.column("n", ["1", "", "nan"]).missing.tolist() == [False, True, True]
    assert table.column("c", ["a", "", "unknown"]).missing.tolist() == [False, True, False]


def test_a_file_is_read_whatever_stands_between_its_values(tmp_path):
    for mark in ",;\t":
        file = tmp_path / "t.csv"
        file.write_bytes(f"\ufeffa{mark}b\r\n1{mark}yes\r\n".encode())
        assert table.read(file).words == {"a": ["1"], "b": ["yes"]}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"a,b\n", "empty_file"),
        (b"a,a\n1,2\n", "not_a_table"),
        (b"a,b\n1\n", "not_a_table"),
        (b"\xff\xfe\x00", "not_a_table"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, code):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DomainError) as refusal:
        table.read(tmp_path / "t.csv")
    assert refusal.value.code == code


def test_a_row_younger_than_the_window_is_left_out():
    made = of(
        day=["2026-01-01", "2026-01-05", "2026-03-02", "2026-03-30"],
        won=["2026-02-20", "", "", "2026-03-31"],
        source=["a", "b", "c", "d"],
    )
    ripe = outcomes.examples(made, label="won", time="day", window=30)
    # The first was won too late, the second never; the last two are not 30 days old on the day of the last win.
    assert ripe.label.tolist() == [0, 0]
    assert ripe.too_young == 1 + 1
    told = outcomes.examples(made, label="won", time="day", window=60)
    assert told.label.tolist() == [1, 0]
    later = outcomes.examples(made, label="won", time="day", window=30, as_of="2026-06-01")
    assert later.label.tolist() == [0, 0, 0, 1]
    assert later.too_young == 0


def test_rows_come_oldest_first_and_time_is_no_feature():
    made = of(day=["3", "1", "2", ""], y=["1", "0", "", "1"], x=["30", "10", "20", "40"])
    told = outcomes.examples(made, label="y", time="day")
    assert told.label.tolist() == [0, 1]
    assert [column.name for column in told.columns] == ["x"]
    assert told.columns[0].values.tolist() == [10, 30]
    assert told.unlabelled == 1


def test_a_label_that_is_not_plain_asks_which_value_means_yes():
    made = of(stage=["Won", "Lost", "Talks", ""])
    with pytest.raises(DomainError, match="--positive"):
        outcomes.examples(made, label="stage")
    assert outcomes.examples(made, label="stage", positive="Won").label.tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"label": "nowhere"}, "no_column"),
        ({"label": "y", "time": "x"}, "no_time"),
        ({"label": "y", "window": 30}, "no_time"),
        ({"label": "day"}, "label"),
        ({"label": "y", "positive": "maybe"}, "label"),
        ({"label": "y", "time": "day", "window": 3, "as_of": "soon"}, "as_of"),
    ],
)
def test_what_makes_no_sense_is_refused(how, code):
    made = of(y=["1", "0"], x=["a", "b"], day=["2026-01-01", "2026-01-02"])
    with pytest.raises(DomainError) as refusal:
        outcomes.examples(made, **how)
    assert refusal.value.code == code
