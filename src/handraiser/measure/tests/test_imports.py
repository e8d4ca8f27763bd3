"""Spend from a file."""

from __future__ import annotations

import io
from datetime import date

from handraiser.capture.imports import sentences
from handraiser.capture.imports.actions import runs
from handraiser.measure.models import Spend

from .conftest import NOW

FILE = """channel,campaign,day,cost
paid_search,spring,2026-11-01,"1,250.50"
paid_search,spring,2026-11-02,10
paid_search,spring,2026-11-02,10
,spring,2026-11-02,10
display,,tomorrow,10
display,,2026-11-02,-5
"""


def test_spend_is_imported_once_and_taken_back(settings, tmp_path, organisation, settle):
    settings.PRIVATE_ROOT = tmp_path

    def bring():
        this = runs.receive(file=io.BytesIO(FILE.encode()), name="spend.csv", kind="spend", at=NOW)
        runs.start(this=this, at=NOW)
        return runs.run(import_id=this.id, clock=lambda: NOW)

    first = bring()
    assert (first.created, first.joined, first.rejected) == (2, 1, 3)
    assert "1 without a value that is needed" in sentences.of_import(first)
    row = Spend.objects.order_by("from_date")[0]
    assert (row.amount, row.from_date, row.to_date) == (125050, date(2026, 11, 1), date(2026, 11, 1))
    assert bring().joined == 3
    settle()
    runs.undo(this=first, at=NOW)
    assert not Spend.objects.exists()
