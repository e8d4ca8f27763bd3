"""Files as other people write them."""

from __future__ import annotations

import pytest

from handraiser.capture.imports import reading
from handraiser.kit.errors import DomainError


@pytest.fixture
def file(tmp_path):
    def write(content: str | bytes):
        place = tmp_path / "file.csv"
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
        return place

    return write


def cells(path):
    shape = reading.inspect(path)
    rows = reading.rows(path, encoding=shape.encoding, delimiter=shape.delimiter, columns=shape.columns)
    return shape, list(rows)


def test_it_reads_what_a_spreadsheet_writes(file):
    shape, rows = cells(file('\ufeffName;E-Mail\r\nJürgen;j@example.com\r\n\r\n"a\nb";c@example.com\r\n'))
    assert (shape.encoding, shape.delimiter, shape.columns, shape.rows) == (
        "utf-8-sig",
        ";",
        ["Name", "E-Mail"],
        2,
    )
    assert [(row.number, row.line, row.cells) for row in rows] == [
        (1, 2, ["Jürgen", "j@example.com"]),
        (2, 4, ["a\nb", "c@example.com"]),
    ]


def test_old_windows_and_utf16_files_are_read(file):
    assert cells(file("name,town\nJosé,Köln\n".encode("cp1252")))[1][0].cells == ["José", "Köln"]
    assert cells(file("name\ttown\nJosé\tKöln\n".encode("utf-16")))[1][0].cells == ["José", "Köln"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"  \n\n", "The file is empty."),
        (b"PK\x03\x04rest", "This is a spreadsheet"),
        ("name\nJosé\n".encode() + b"Jos\xe9\n", "Line 3 is not UTF-8, although other lines are."),
        (b"\xef\xbb\xbfname\nJos\xe9\n", "says that it is UTF-8, but line 2 is not"),
        (b"name\nA\nB\x81\n", "Line 3 is neither UTF-8 nor Windows-1252."),
        (b"email,Email\na,b\n", "Two columns are called “Email”."),
        ("a\tb\n1\t2\n".encode("utf-16")[:-1], "breaks off in the middle"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_what_to_do(file, content, sentence):
    with pytest.raises(DomainError) as refused:
        reading.inspect(file(content))
    assert sentence in refused.value.message


def test_a_bad_row_spoils_only_itself(file):
    huge = "x" * 10 * 1024 * 1024
    shape, rows = cells(file(f"a,b\n1,2\n3\n4,5,6\n7,nul\0\n8,{huge}\n9,10\n"))
    assert shape.rows == 6
    problems = [row.problem for row in rows]
    assert problems[0] == problems[5] == ""
    assert "has 1 columns, the header has 2" in problems[1]
    assert "has 3 columns" in problems[2]
    assert "NUL" in problems[3]
    assert "10,485,760 characters" in problems[4] and len(rows[4].cells[1]) < 600


def test_it_goes_on_after_the_rows_that_are_done(file):
    path = file("a\n" + "".join(f"{n}\n" for n in range(10)))
    rest = list(reading.rows(path, encoding="utf-8", delimiter=",", columns=["a"], skip=7))
    assert [row.cells[0] for row in rest] == ["7", "8", "9"]


def test_a_field_beyond_all_measure_stops_the_file_with_its_line(file):
    with pytest.raises(DomainError) as refused:
        reading.inspect(file(b'a,b\n1,2\n3,"' + b"x" * (33 * 1024 * 1024)))
    assert "line 3" in refused.value.message
