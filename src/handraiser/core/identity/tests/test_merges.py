"""Two people become one, and two again: nothing is lost, nothing is guessed, the strictest permission holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from handraiser.config import wiring
from handraiser.convert.actions import deals
from handraiser.core.consent import queries as consent
from handraiser.core.consent.actions import grants
from handraiser.core.consent.models import Grant
from handraiser.core.delivery.actions import messages, suppressions
from handraiser.core.delivery.models import Message, Suppression
from handraiser.core.identity import aliases, queries
from handraiser.core.identity.actions import identifiers, merges, visitors
from handraiser.core.identity.models import Alias, LikelyPair, Merge, MergedRow, TimelineItem, VisitorLink
from handraiser.core.identity.on_merge import Aside, Leave, Move
from handraiser.core.journal import outbox, replay
from handraiser.core.journal.events.attract import PageViewed
from handraiser.core.journal.models import OutboxEvent
from handraiser.core.people.actions import leads, notes, tasks
from handraiser.core.people.models import Lead, Note, OfferLine, Person
from handraiser.kit.errors import DomainError
from handraiser.nurture import starters
from handraiser.nurture.actions import enrolments
from handraiser.nurture.models import Enrolment, SequenceVersion
from handraiser.qualify.actions import stages
from handraiser.qualify.models import Profile, ScoreState, StageChange

NOW = datetime(2026, 11, 19, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def known(email: str, **values) -> Person:
    return identifiers.resolve(at=NOW, how="hand", email=email, values=values, proven=True).person


def open_lead(person: Person, **told) -> Lead:
    return leads.open(person=person, at=NOW, how="hand", **told)[0]


def view(path: str, **who) -> None:
    with transaction.atomic():
        outbox.publish(PageViewed(url=f"https://x{path}", path=path), at=NOW, **who)


@pytest.fixture
def pair(organisation):
    return known("a@one.example.com", first_name="Ines"), known(
        "b@two.example.com", first_name="Inès", job_title="CFO"
    )


# ------------------------------------------------------------------------- what is declared


def ours():
    for model in apps.get_models():
        if model.__module__.startswith("handraiser."):
            yield model


def names_somebody(column: models.Field) -> bool:
    """Whether a column may hold the id of a person or a lead."""
    if column.is_relation:
        return column.related_model in (Person, Lead)
    words = set(column.name.split("_"))
    if isinstance(column, models.JSONField):
        return bool(words & {"person", "lead", "leads", "people", "made", "before", "ids"})
    return isinstance(column, models.CharField) and (
        bool(words & {"person", "lead", "subject", "gone"}) and column.name != "subject_line"
    )


# Text that is called like an id and is none.
NO_IDS = {("delivery.Message", "subject"), ("identity.MergedRow", "row")}


def test_every_model_that_points_to_a_person_or_a_lead_says_what_a_merge_does():
    declared = {(entry.model._meta.label, name) for entry in settings.ON_MERGE() for name in entry.columns}
    wanted = {
        (model._meta.label, column.name)
        for model in ours()
        for column in (*model._meta.local_fields, *model._meta.local_many_to_many)
        if names_somebody(column)
    }
    assert wanted - declared - NO_IDS == set(), "say it in the merging.py of the folder"
    assert declared - wanted == set()


def test_every_deed_has_a_reason_and_every_column_exists():
    for entry in settings.ON_MERGE():
        for name, deed in entry.columns.items():
            entry.model._meta.get_field(name)
            assert isinstance(deed, Move) or (isinstance(deed, Aside | Leave) and deed.why)


def test_nothing_that_a_unique_rule_forbids_is_moved_blindly():
    """A column of a unique constraint moves only where its folder says what happens when both have a row."""
    told = {
        (entry.model, name): deed for entry in settings.ON_MERGE() for name, deed in entry.columns.items()
    }
    blind = []
    for (model, name), deed in told.items():
        forbidding = [one for one in model._meta.constraints if name in getattr(one, "fields", ())]
        blind += [
            f"{model.__name__}.{name}"
            for _ in forbidding
            if isinstance(deed, Move) and deed.where is None and model is not Lead
        ]
    assert blind == []


# ------------------------------------------------------------------------- merging


def test_it_works(pair):
    keep, gone = pair
    note = notes.add(person=gone, lead=None, author=None, text="likes tea", at=NOW)
    this = merges.merge(keep=keep.id, gone=gone.id, at=LATER, by="7")
    keep.refresh_from_db()
    assert (keep.first_name, keep.job_title, keep.email) == ("Ines", "CFO", "a@one.example.com")
    assert Note.objects.get(id=note.id).person_id == keep.id
    assert not Person.objects.filter(id=gone.id).exists() and aliases.current(gone.id) == keep.id
    assert identifiers.resolve(at=LATER, how="form", email="b@two.example.com").person == keep
    assert (this.kept_id, this.gone_id, this.by) == (keep.id, gone.id, "7")


def test_a_chosen_value_wins(pair):
    keep, gone = pair
    merges.merge(keep=keep.id, gone=gone.id, at=LATER, choices={"first_name": "gone", "email": "gone"})
    keep.refresh_from_db()
    assert (keep.first_name, keep.email) == ("Inès", "b@two.example.com")


def test_a_merge_tells_no_personal_value(pair):
    keep, gone = pair
    merges.merge(keep=keep.id, gone=gone.id, at=LATER, choices={"first_name": "gone"})
    told = "".join(OutboxEvent.objects.filter(payload__contains="merged").values_list("payload", flat=True))
    assert "identity.persons_merged" in told and "first_name" in told
    assert "Inès" not in told and "example.com" not in told


def test_the_strictest_permission_holds_and_comes_back(pair):
    keep, gone = pair
    for person in pair:
        grants.grant(person=person, purpose_key="marketing", wording_text="News", at=NOW, proof={})
        grants.grant(person=person, purpose_key="sales", wording_text="Calls", at=NOW, proof={})
    grants.withdraw(person=gone, purpose_key="marketing", at=NOW, how="link")
    this = merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    assert consent.may([keep.id], "marketing") == set()
    assert consent.may([keep.id], "sales") == {keep.id}
    assert Grant.objects.filter(person=keep).count() == 4
    merges.unmerge(merge=this.id, at=LATER)
    assert consent.may([keep.id, gone.id], "marketing") == {keep.id}


def test_a_permission_of_one_alone_goes_over(pair):
    keep, gone = pair
    grants.grant(person=gone, purpose_key="marketing", wording_text="News", at=NOW, proof={})
    merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    assert consent.may([keep.id], "marketing") == {keep.id}


def test_who_unsubscribed_with_one_address_is_left_alone_at_the_other(pair):
    keep, gone = pair
    suppressions.add(email="b@two.example.com", reason="unsubscribed", at=NOW)
    suppressions.add(email="a@one.example.com", reason="bounced", scope="all", at=NOW)
    this = merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    assert suppressions.of(["a@one.example.com", "b@two.example.com"]) == {
        "a@one.example.com": {"marketing": "unsubscribed", "all": "bounced"},
        "b@two.example.com": {"marketing": "unsubscribed"},
    }
    merges.unmerge(merge=this.id, at=LATER)
    assert suppressions.of(["a@one.example.com"])["a@one.example.com"] == {"all": "bounced"}


def test_two_open_leads_on_one_line_become_the_one_that_came_further(pair):
    keep, gone = pair
    mine, theirs = open_lead(keep), open_lead(gone)
    stages.move(theirs, "mql", at=NOW)
    note = notes.add(person=keep, lead=mine, author=None, text="called", at=NOW)
    this = merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    assert list(Lead.objects.values_list("id", "person_id", "stage")) == [(theirs.id, keep.id, "mql")]
    assert Note.objects.get(id=note.id).lead_id == theirs.id
    assert aliases.current(mine.id) == theirs.id
    merges.unmerge(merge=this.id, at=LATER)
    assert dict(Lead.objects.values_list("id", "person_id")) == {mine.id: keep.id, theirs.id: gone.id}
    assert Note.objects.get(id=note.id).lead_id == mine.id and aliases.current(mine.id) == mine.id


def test_closed_leads_and_other_lines_stay_apart(pair):
    keep, gone = pair
    other_line = OfferLine.objects.create(name="Solar")
    open_lead(keep), open_lead(gone, offer_line=other_line)
    closed = open_lead(gone)
    stages.move(closed, "disqualified", at=NOW, reason="no_need")
    merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    assert Lead.objects.filter(person=keep).count() == 3


def test_nobody_is_in_a_sequence_twice(pair):
    keep, gone = pair
    sequence = starters.install(starters.STARTERS["download"], at=NOW)
    version = SequenceVersion.objects.filter(sequence=sequence).first()
    for person in pair:
        enrolments.enrol(version=version, person=person, lead=None, at=NOW)
    before = list(Enrolment.objects.order_by("id").values())
    assert len(before) == 2
    this = merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    assert sorted(Enrolment.objects.filter(person=keep).values_list("state", flat=True)) == [
        "active",
        "exited",
    ]
    merges.unmerge(merge=this.id, at=LATER)
    assert list(Enrolment.objects.order_by("id").values()) == before


def test_what_was_said_to_be_somebody_else_stays_said(pair):
    keep, gone = pair
    third = known("c@three.example.com")
    one, other = sorted((gone.id, third.id))
    LikelyPair.objects.create(
        one_id=one, other_id=other, probability=0.9, state="not_same", found_at=NOW, decided_at=NOW
    )
    this = merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    [moved] = LikelyPair.objects.all()
    assert {moved.one_id, moved.other_id} == {keep.id, third.id} and moved.state == "not_same"
    merges.unmerge(merge=this.id, at=LATER)
    assert list(LikelyPair.objects.values_list("one_id", "other_id")) == [(one, other)]


# ------------------------------------------------------------------------- readers


def timeline_of(person: Person) -> list[str]:
    views = TimelineItem.objects.filter(person=person, name="attract.page_viewed")
    return sorted(views.values_list("body__path", flat=True))


def test_the_timeline_and_the_score_are_of_both_and_then_of_each_again(pair, settle):
    keep, gone = pair
    lead = open_lead(keep)
    open_lead(gone)
    visitors.link(visitor="v_1", person_id=gone.id, how="form", at=NOW)
    view("/pricing/", person=keep.id)
    view("/pricing/", visitor="v_1")
    settle(at=LATER)
    alone = Lead.objects.get(id=lead.id).points
    assert alone > 0
    this = merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    view("/late/", person=gone.id)
    view("/after/", visitor="v_1")
    settle(at=LATER)
    assert timeline_of(keep) == ["/after/", "/late/", "/pricing/", "/pricing/"]
    assert Lead.objects.get(person=keep).points > alone
    merges.unmerge(merge=this.id, at=LATER)
    settle(at=LATER)
    assert timeline_of(gone) == ["/after/", "/late/", "/pricing/"]
    assert Lead.objects.get(id=lead.id).points == alone
    assert Lead.objects.get(person=gone.id).points == alone


@pytest.mark.parametrize("stage", ["lead", "mql"])
def test_what_was_told_while_they_were_one_returns_to_whom_it_names(pair, settle, stage):
    keep, gone = pair
    third = known("c@three.example.com")
    mine, theirs = open_lead(keep), open_lead(gone)
    stages.move(theirs, stage, at=NOW)  # decides which of the leads stays
    visitors.link(visitor="v_1", person_id=gone.id, how="form", at=NOW)
    merges.merge(keep=gone.id, gone=third.id, at=LATER)
    view("/waits/", person=keep.id, lead=mine.id)
    view("/waits too/", person=gone.id, lead=theirs.id)
    this = merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    view("/kept/", person=keep.id)
    view("/named/", person=gone.id)
    view("/older name/", person=third.id)
    view("/their browser/", visitor="v_1")
    view("/kept on their browser/", visitor="v_1", person=keep.id)
    settle(at=LATER)
    assert len(timeline_of(keep)) == 7 and timeline_of(gone) == []
    merges.unmerge(merge=this.id, at=LATER)
    settle(at=LATER)
    assert timeline_of(keep) == ["/kept on their browser/", "/kept/", "/waits/"]
    assert timeline_of(gone) == ["/named/", "/older name/", "/their browser/", "/waits too/"]
    leads_of = dict(TimelineItem.objects.filter(lead_id__gt="").values_list("body__path", "lead_id"))
    assert (leads_of["/waits/"], leads_of["/waits too/"]) == (mine.id, theirs.id)
    [reader] = [one for one in wiring.READERS if one.name == "identity.timeline"]
    [table] = replay.compare(reader).tables
    assert table.examples == []


def test_an_event_under_an_old_id_is_met_under_the_new_one(pair, settle):
    keep, gone = pair
    third = known("c@three.example.com")
    merges.merge(keep=gone.id, gone=third.id, at=LATER)
    merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    view("/old/", person=third.id)
    settle(at=LATER)
    assert timeline_of(keep) == ["/old/"]


# ------------------------------------------------------------------------- refusals


def test_a_merge_with_oneself_is_refused(pair):
    keep, gone = pair
    merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    with pytest.raises(DomainError, match="one person already"):
        merges.merge(keep=keep.id, gone=gone.id, at=LATER)


def test_strangers_and_the_erased_are_refused(pair):
    keep, gone = pair
    with pytest.raises(DomainError, match="no person"):
        merges.merge(keep=keep.id, gone="person_none", at=LATER)
    Person.objects.filter(id=gone.id).update(erased_at=NOW)
    with pytest.raises(DomainError, match="erased"):
        merges.merge(keep=keep.id, gone=gone.id, at=LATER)


def test_unknown_choices_are_refused(pair):
    keep, gone = pair
    with pytest.raises(DomainError, match="field"):
        merges.merge(keep=keep.id, gone=gone.id, at=LATER, choices={"shoe_size": "gone"})
    with pytest.raises(DomainError, match="kept or gone"):
        merges.merge(keep=keep.id, gone=gone.id, at=LATER, choices={"email": "mine"})


def test_merges_are_undone_in_reverse_and_once(pair):
    keep, gone = pair
    third = known("c@three.example.com")
    first = merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    second = merges.merge(keep=keep.id, gone=third.id, at=LATER)
    with pytest.raises(DomainError, match="later merge"):
        merges.unmerge(merge=first.id, at=LATER)
    merges.unmerge(merge=second.id, at=LATER)
    with pytest.raises(DomainError, match="undone already"):
        merges.unmerge(merge=second.id, at=LATER)
    merges.unmerge(merge=first.id, at=LATER)
    assert Person.objects.count() == 3 and MergedRow.objects.count() == 0


def test_attributes_return_in_whatever_order_the_database_keeps_them(pair):
    keep, gone = pair  # PostgreSQL keeps the shorter names first
    Person.objects.filter(id=keep.id).update(attributes={"roof": 1, "storeys": 2})
    Person.objects.filter(id=gone.id).update(attributes={"bays": 3})
    merge = merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    assert Person.objects.get(id=keep.id).attributes == {"roof": 1, "storeys": 2, "bays": 3}
    merges.unmerge(merge=merge.id, at=LATER)
    assert Person.objects.get(id=keep.id).attributes == {"roof": 1, "storeys": 2}


# ------------------------------------------------------------------------- the law


LEDGER = (Merge, MergedRow, OutboxEvent)


def dump() -> dict[str, list]:
    """Every row of every table of ours but the ledger and what is announced."""
    return {
        model._meta.label: sorted(str(sorted(row.items())) for row in model.objects.values())
        for model in ours()
        if model not in LEDGER
    }


PEOPLE = st.integers(0, 3)
DEEDS = st.lists(
    st.tuples(
        PEOPLE,
        st.sampled_from(
            [
                "lead",
                "solar",
                "mql",
                "note",
                "task",
                "mail",
                "grant",
                "withdraw",
                "visitor",
                "view",
                "deal",
                "enrol",
                "suppress",
                "close",
                "stranger",
                "score",
                "value",
                "attribute",
            ]
        ),
    ),
    max_size=24,
)


class World:
    """Four people, and what happened with them."""

    def __init__(self) -> None:
        self.people = [known(f"p{number}@x.example.com") for number in range(4)]
        self.line = OfferLine.objects.create(name="Solar")
        self.version = SequenceVersion.objects.filter(
            sequence=starters.install(starters.STARTERS["download"], at=NOW)
        ).first()
        self.count = 0

    def do(self, number: int, deed: str) -> None:
        person, at = self.people[number], NOW + timedelta(microseconds=7 * self.count)
        self.count += 1
        lead = Lead.objects.filter(person=person, closed_at=None).order_by("id").last()
        if deed in ("lead", "solar"):
            leads.open(person=person, at=at, how="hand", offer_line=self.line if deed == "solar" else None)
        elif deed == "note":
            notes.add(person=person, lead=lead, author=None, text="x", at=at)
        elif deed == "task":
            tasks.add(title="x", kind="call", person=person, lead=lead, assignee=None, due_at=at, at=at)
        elif deed == "mail":
            messages.queue(
                key=f"k{self.count}",
                person=person,
                lead=lead,
                purpose="transactional",
                subject="s",
                text="t",
                at=at,
            )
        elif deed == "grant":
            grants.grant(person=person, purpose_key="marketing", wording_text="News", at=at, proof={"p": 1})
        elif deed == "withdraw":
            grants.withdraw(person=person, purpose_key="marketing", at=at, how="link")
        elif deed == "visitor":
            visitors.link(visitor=f"v_{self.count}", person_id=person.id, how="form", at=at)
        elif deed == "view":
            TimelineItem.objects.create(
                person=person,
                lead_id=lead.id if lead else "",
                message_id=f"m{self.count}",
                name="attract.page_viewed",
                occurred_at=at,
                body={"path": "/"},
            )
        elif deed == "enrol":
            enrolments.enrol(version=self.version, person=person, lead=lead, at=at)
        elif deed == "suppress":
            suppressions.add(email=person.email, reason="unsubscribed", at=at)
        elif deed == "score":
            ScoreState.objects.update_or_create(
                person=person, defaults={"rule_set_number": 1, "scored_at": at, "next_change_at": None}
            )
            Profile.objects.create(person=person, at=at, attributes={"n": self.count})
        elif deed == "value":
            Person.objects.filter(id=person.id).update(first_name=f"N{self.count}", last_seen_at=at)
        elif deed == "attribute":
            Person.objects.filter(id=person.id).update(
                attributes={"roof": self.count, f"only{number}": [1, {"é": None}]}, proposed={"x": "y"}
            )
        elif deed == "stranger":
            one, other = sorted((person.id, self.people[(number + 1) % 4].id))
            LikelyPair.objects.get_or_create(
                one_id=one,
                other_id=other,
                defaults={"probability": 0.7, "found_at": at, "state": "not_same" if number else "open"},
            )
        elif lead and deed == "mql" and lead.stage == "lead":
            stages.move(lead, "mql", at=at)
        elif lead and deed == "close":
            stages.move(lead, "disqualified", at=at, reason="no_need")
        elif lead and deed == "deal" and lead.stage == "mql":
            deals.open(lead=lead, title="d", amount=1, at=at)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    deeds=DEEDS,
    merged=st.lists(st.tuples(PEOPLE, PEOPLE), min_size=1, max_size=4),
    chosen=st.sampled_from(["kept", "gone"]),
)
def test_a_merge_that_is_undone_leaves_every_table_as_it_was(organisation, deeds, merged, chosen):
    with transaction.atomic():
        world = World()
        for number, deed in deeds:
            world.do(number, deed)
        before = [dump()]
        done: list[Merge] = []
        for keep, gone in merged:
            one, other = (aliases.current(world.people[number].id) for number in (keep, gone))
            if one == other:
                continue
            done.append(merges.merge(keep=one, gone=other, at=LATER, choices={"email": chosen}))
            nobody = str(other)
            left = {
                label: rows
                for label, rows in dump().items()
                if any(nobody in row for row in rows) and label != "identity.Alias"
            }
            assert left == {}, "somebody still says the old id"
            before.append(dump())
        for this in reversed(done):
            assert dump() == before.pop()
            merges.unmerge(merge=this.id, at=LATER)
        assert dump() == before.pop() and before == []
        assert MergedRow.objects.count() == 0
        transaction.set_rollback(True)


def test_a_merge_takes_the_same_statements_for_one_row_and_for_a_thousand(pair):
    keep, gone = pair
    third = known("c@three.example.com")

    def live(person, n):
        TimelineItem.objects.bulk_create(
            TimelineItem(person=person, message_id=f"{person.id}{i}", name="x", occurred_at=NOW)
            for i in range(n)
        )
        Note.objects.bulk_create(Note(person=person, text="x", written_at=NOW) for _ in range(n))

    live(gone, 1), live(third, 1000)
    with CaptureQueriesContext(
        connection,
    ) as few:
        merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    with CaptureQueriesContext(connection) as many:
        this = merges.merge(keep=keep.id, gone=third.id, at=LATER)
    assert len(many) <= len(few) + 2
    with CaptureQueriesContext(connection) as back:
        merges.unmerge(merge=this.id, at=LATER)
    assert len(back) < 60
    assert TimelineItem.objects.filter(person=third.id).count() == 1000


# ------------------------------------------------------------------------- visitors


def test_a_click_in_a_mail_links_only_a_browser_that_nobody_has(pair, settle):
    keep, gone = pair
    assert visitors.link(visitor="v_1", person_id=keep.id, how="email_click", at=NOW)
    assert VisitorLink.objects.get(visitor="v_1").certainty == "likely"
    assert not visitors.link(visitor="v_1", person_id=gone.id, how="email_click", at=NOW)
    assert queries.people_of(["v_1"]) == {"v_1": keep.id}


def test_proof_wins_over_a_click_and_takes_the_history_along(pair, settle):
    keep, gone = pair
    visitors.link(visitor="v_1", person_id=keep.id, how="email_click", at=NOW)
    view("/read/", visitor="v_1")
    view("/own/", visitor="v_1", person=keep.id)
    settle(at=LATER)
    assert timeline_of(keep) == ["/own/", "/read/"]
    assert visitors.link(visitor="v_1", person_id=gone.id, how="form", at=LATER)
    settle(at=LATER)
    assert timeline_of(keep) == ["/own/"] and timeline_of(gone) == ["/read/"]
    assert VisitorLink.objects.get(visitor="v_1").certainty == "certain"
    assert not visitors.link(visitor="v_1", person_id=keep.id, how="identify", at=LATER)


def test_a_likely_browser_of_the_same_person_becomes_certain(pair):
    keep, _ = pair
    visitors.link(visitor="v_1", person_id=keep.id, how="email_click", at=NOW)
    visitors.link(visitor="v_1", person_id=keep.id, how="identify", at=LATER)
    link = VisitorLink.objects.get(visitor="v_1")
    assert (link.how, link.certainty, link.person_id) == ("identify", "certain", keep.id)


def test_a_person_has_many_devices(pair, settle):
    keep, _ = pair
    for number in range(3):
        visitors.link(visitor=f"v_{number}", person_id=keep.id, how="form", at=NOW)
        view(f"/{number}/", visitor=f"v_{number}")
    settle(at=LATER)
    assert timeline_of(keep) == ["/0/", "/1/", "/2/"]


def test_a_visitor_of_an_old_id_is_the_kept_persons(pair):
    keep, gone = pair
    merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    assert visitors.link(visitor="v_1", person_id=gone.id, how="form", at=LATER)
    assert queries.people_of(["v_1"]) == {"v_1": keep.id}


def test_the_unused_are_gone(pair):
    """Rows that hang on nobody are no part of a merge."""
    keep, gone = pair
    message = messages.queue(
        key="k", person=None, to="staff@x.example.com", purpose="notice", subject="s", text="t", at=NOW
    )
    merges.merge(keep=keep.id, gone=gone.id, at=LATER)
    assert Message.objects.get(id=message.id).person_id is None
    assert (
        Alias.objects.count() == 1 and not Suppression.objects.exists() and not StageChange.objects.exists()
    )
