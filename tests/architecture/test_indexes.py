"""No busy path reads a whole table: what the records are asked for a form, a lead and a due row has an index."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection

from handraiser.capture import starters
from handraiser.capture.actions import submissions
from handraiser.capture.actions.submissions import Context
from handraiser.convert.models import Deal
from handraiser.core.people.actions import companies
from handraiser.kit import clock
from handraiser.measure.models import Spend

# What somebody set up, and queues that are empty again in a moment: their size does not follow that of the people.
SMALL = re.compile(
    r"staff_|auth_|django_|wagtail|console_|website_|consent_(purpose|wording)|people_(offer_line|field)"
    r"|audience_segment$|qualify_(rule|source)|nurture_(sequence|version|step)|convert_(pipeline|stage|route|reason)"
    r"|capture_(form|form_version|magnet)$|desk_bulk|journal_(cursor|outbox|parked)"
)
WHOLE = {"sqlite": r"\bSCAN (?:TABLE )?(\w+)\b(?! USING)", "postgresql": r"Seq Scan on (\w+)"}


class Asked:
    """The statements that were sent, to be explained afterwards."""

    def __init__(self):
        self.statements = {}

    def __call__(self, execute, sql, params, many, context):
        if not many and sql.startswith(("SELECT", "UPDATE", "DELETE")):
            self.statements.setdefault(sql, params)
        return execute(sql, params, many, context)

    def whole_tables(self):
        """(table, statement) for each table that would be read from end to end."""
        found = []
        asking = dict(self.statements)
        how = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL enable_seqscan = off")
            for sql, params in asking.items():
                cursor.execute(f"{how} {sql}", params)
                for row in cursor.fetchall():
                    for table in re.findall(WHOLE[connection.vendor], str(row[-1])):
                        if not SMALL.match(table):
                            found.append((table, sql))
        return found


@pytest.fixture
def asked(organisation):
    found = Asked()
    with connection.execute_wrapper(found):
        yield found


def test_a_form_and_all_that_follows(asked, settle):
    at = clock.now()
    form = starters.playbook(at=at)
    raw = {"first_name": ["Leila"], "email": ["leila@harbour.example.com"], "news": ["yes"]}
    asked.statements.clear()
    context = Context(ip="192.0.2.77", age=12.0, nonce="n")
    submissions.accept(version=form.live, raw=raw, context=context, at=at)
    settle(at=at)
    settle(at=at + timedelta(days=3))
    assert asked.whole_tables() == []


def test_a_company_by_its_domain_and_a_row_by_the_id_of_another_system(asked):
    asked.statements.clear()
    companies.named([("Harbour", "harbour.example.com")], at=clock.now())
    list(Deal.objects.filter(external_id__in=["a", "b"]))
    list(Spend.objects.filter(external_id__in=["a", "b"]))
    assert asked.whole_tables() == []
