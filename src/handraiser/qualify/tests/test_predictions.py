"""The model that learns from the firm's own leads: only what was known by then, honest verdicts, safe contents."""

from __future__ import annotations

import pickle
from copy import copy
from datetime import timedelta

import pytest
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult

from handraiser.core.identity.models import TimelineItem, VisitorLink
from handraiser.core.notices.models import Notice
from handraiser.core.people.models import FieldDefinition, Lead
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.qualify import snapshots, tasks
from handraiser.qualify.actions import models as versions
from handraiser.qualify.actions import predictions, watches
from handraiser.qualify.models import (
    FirstPrediction,
    ModelVersion,
    Prediction,
    PredictionSettings,
    Profile,
    SalesAnswer,
    StageChange,
)
from handraiser.qualify.prediction import libraries
from handraiser.qualify.tests.leads_with_outcomes import DAY, NOW, make

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def known(lead: Lead, at) -> dict:
    [rows] = snapshots.features(
        [snapshots.Moment(lead.id, lead.person_id, clock.ms(lead.opened_at), clock.ms(at))]
    )
    return rows[0]


def viewed(
    lead: Lead, key: str, at, *, visitor: str = "", told: str = "", name="attract.page_viewed", **body
):
    return TimelineItem.objects.create(
        person_id=lead.person_id,
        lead_id=lead.id if told else "",
        visitor=visitor,
        told_person=told,
        message_id=key,
        name=name,
        occurred_at=at,
        body=body,
    )


@pytest.fixture
def lead(organisation):
    [lead] = make(1)
    TimelineItem.objects.all().delete()
    return lead


# --- what was known by then ----------------------------------------------------------------------------


def test_nothing_that_came_after_the_moment_is_seen(lead):
    at = lead.opened_at + 7 * DAY
    visitor = VisitorLink.objects.get().visitor
    viewed(lead, "then", at - HOUR, visitor=visitor)
    viewed(
        lead,
        "score",
        at - HOUR,
        told=lead.person_id,
        name="qualify.score_changed",
        fit=15_000_000,
        engagement=0,
    )
    before = known(lead, at)
    assert (before["pages_all"], before["pages_7"], before["fit"]) == (1, 1, 15)

    Profile.objects.create(
        person_id=lead.person_id, at=at + HOUR, attributes={"job_title": "Customer since May"}
    )
    viewed(lead, "later", at + HOUR, visitor=visitor)
    viewed(
        lead,
        "score2",
        at + HOUR,
        told=lead.person_id,
        name="qualify.score_changed",
        fit=90_000_000,
        engagement=0,
    )
    Lead.objects.filter(id=lead.id).update(
        stage="customer", closed_at=at + HOUR, raised_with="Renewal", points=9, attributes={"won": "yes"}
    )
    assert known(lead, at) == before


def test_the_past_of_a_browser_is_unknown_until_it_is_linked(lead):
    at = lead.opened_at + 7 * DAY
    VisitorLink.objects.create(visitor="phone", person_id=lead.person_id, how="form", linked_at=at + DAY)
    viewed(lead, "phone", at - DAY, visitor="phone")
    assert known(lead, at)["pages_all"] == 0
    assert known(lead, at + 2 * DAY)["pages_all"] == 1


def test_machines_and_private_fields_are_not_seen(lead):
    at = lead.opened_at + DAY
    viewed(
        lead,
        "a",
        at,
        told=lead.person_id,
        name="delivery.email_opened",
        message="m",
        machine="Apple Mail Privacy",
    )
    viewed(lead, "b", at, told=lead.person_id, name="delivery.email_opened", message="m", machine="")
    FieldDefinition.objects.create(entity="person", key="faith", label="Faith", personal=True, created_at=at)
    about = {
        "custom.faith": "x",
        "custom.team": 4,
        "company_name": "Halden",
        "email_domain": "halden.example.com",
    }
    Profile.objects.create(person_id=lead.person_id, at=at, attributes=about)
    seen = known(lead, at)
    assert seen["opens_all"] == 1
    assert seen["custom.team"] == 4
    assert not {"custom.faith", "company_name", "email_domain"} & seen.keys()


def test_features_cost_the_same_statements_for_one_lead_and_for_many(
    organisation, django_assert_max_num_queries
):
    from django.db import connection

    leads = make(60)
    moments = snapshots.of_leads([lead.id for lead in leads], NOW)

    def asked(some) -> int:
        with CaptureQueriesContext(
            connection,
        ) as told:
            assert sum(len(rows) for rows in snapshots.features(some)) == len(some)
        return len(told)

    assert asked(moments) == asked(moments[:1])


# --- what became of them -------------------------------------------------------------------------------


def labels(**how) -> dict[tuple[str, int], int]:
    found = snapshots.outcomes(**({"target": "customer", "window_days": 90, "at": NOW, "most": 100} | how))
    return {
        (moment.lead, (moment.at - moment.opened_at) // snapshots.DAY_MS): label
        for moment, label in zip(found.moments, found.label, strict=True)
    }


def moved(lead: Lead, stage: str, at, number: int = 1, closed=None) -> None:
    StageChange.objects.create(lead=lead, number=number, previous=lead.stage, stage=stage, at=at)
    Lead.objects.filter(id=lead.id).update(stage=stage, stage_at=at, closed_at=closed)


@pytest.fixture
def undecided(organisation):
    """Opened 200 days ago, and nothing became of it."""
    [lead] = make(1, until=NOW - 200 * DAY, seed=7)
    StageChange.objects.all().delete()
    Lead.objects.update(stage="lead", closed_at=None)
    lead.refresh_from_db()
    return lead


def test_a_lead_is_looked_at_three_times_while_it_is_open(undecided):
    assert labels() == {(undecided.id, 0): 0, (undecided.id, 7): 0, (undecided.id, 30): 0}
    won = undecided.opened_at + 95 * DAY
    moved(undecided, "customer", won, closed=won)
    assert labels() == {(undecided.id, 0): 0, (undecided.id, 7): 1, (undecided.id, 30): 1}
    assert labels(window_days=30) == {(undecided.id, 0): 0, (undecided.id, 7): 0, (undecided.id, 30): 0}


def test_after_the_outcome_there_is_nothing_to_foretell(undecided):
    won = undecided.opened_at + 3 * DAY
    moved(undecided, "customer", won, closed=won)
    assert labels() == {(undecided.id, 0): 1}


def test_disqualified_is_no_and_moved_back_is_not_reached(undecided):
    at = undecided.opened_at + 40 * DAY
    moved(undecided, "sql", at)
    assert labels(target="sql")[(undecided.id, 0)] == 1
    moved(undecided, "disqualified", at + DAY, 2, closed=at + DAY)
    assert labels(target="sql")[(undecided.id, 0)] == 1
    assert labels()[(undecided.id, 0)] == 0
    moved(undecided, "lead", at + 2 * DAY, 3)
    assert labels(target="sql")[(undecided.id, 0)] == 0


def test_a_young_lead_is_no_answer_even_with_an_early_yes(organisation):
    [lead] = make(1, until=NOW - 89 * DAY, seed=9)
    won = lead.opened_at + DAY
    moved(lead, "customer", won, 5, closed=won)
    found = snapshots.outcomes(target="customer", window_days=90, at=NOW, most=100)
    assert (found.moments, found.too_young) == ([], 1)


def says(lead: Lead, outcome: str, reason: str, at, key="answer") -> None:
    SalesAnswer.objects.create(key=f"{key}-{lead.id}", lead=lead, outcome=outcome, reason=reason, at=at)


def test_whom_sales_rejected_for_what_they_are_is_no_and_not_asked_about_again(undecided):
    says(undecided, "rejected", "wrong_fit", undecided.opened_at + 10 * DAY)
    assert labels() == {(undecided.id, 0): 0, (undecided.id, 7): 0}


@pytest.mark.parametrize("reason", ["not_now", "duplicate", "no_contact", "other"])
def test_whom_sales_rejected_for_another_reason_is_neither(undecided, reason):
    says(undecided, "rejected", reason, undecided.opened_at + 10 * DAY)
    assert labels() == {}
    found = snapshots.outcomes(target="customer", window_days=90, at=NOW, most=100)
    assert found.untold == 3
    # Within 5 days of the opening nobody had said anything.
    assert labels(window_days=5) == {(undecided.id, 0): 0}
    # What came of them says more than what was said.
    won = undecided.opened_at + 50 * DAY
    moved(undecided, "customer", won, closed=won)
    assert labels() == {(undecided.id, 0): 1, (undecided.id, 7): 1, (undecided.id, 30): 1}


def test_the_last_answer_in_the_window_counts(undecided):
    at = undecided.opened_at
    says(undecided, "rejected", "no_contact", at + 10 * DAY)
    says(undecided, "rejected", "no_need", at + 50 * DAY, key="later")
    assert labels() == {(undecided.id, 0): 0, (undecided.id, 7): 0, (undecided.id, 30): 0}
    says(undecided, "accepted", "", at + 60 * DAY, key="last")
    assert labels() == {(undecided.id, 0): 0, (undecided.id, 7): 0, (undecided.id, 30): 0}


def test_an_early_no_of_sales_waits_for_its_window_as_an_early_yes_does(organisation):
    [lead] = make(1, until=NOW - 89 * DAY, seed=9)
    says(lead, "rejected", "no_need", lead.opened_at + DAY)
    found = snapshots.outcomes(target="customer", window_days=90, at=NOW, most=100)
    assert (found.moments, found.too_young) == ([], 1)


def test_what_sales_said_is_in_no_column(undecided):
    moments = snapshots.outcomes(target="customer", window_days=90, at=NOW, most=100).moments
    before = list(snapshots.features(moments))
    says(undecided, "rejected", "wrong_fit", undecided.opened_at + DAY)
    at = undecided.opened_at + DAY
    viewed(undecided, "said", at, told="person", name="convert.hand_off_rejected", reason="wrong_fit")
    assert list(snapshots.features(moments)) == before


# --- trained, live, refused ----------------------------------------------------------------------------


def trained(at=NOW) -> ModelVersion:
    return versions.run(version_id=versions.ask(at=at).id, clock=lambda: at)


@pytest.fixture(scope="module")
def learned(django_db_setup, django_db_blocker):
    """Content and report of a model, trained once."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        make(260)
        model = trained()
        transaction.set_rollback(True)
    return model


@pytest.fixture
def live(learned, organisation):
    """That model, live, and leads of which some are open."""
    make(30, seed=3, until=NOW - DAY)
    model = copy(learned)
    model.save(force_insert=True)
    return model


def foretell(at=NOW) -> int:
    done = 0
    while more := predictions.step(clock=lambda: at):
        done += more
    return done


def test_a_model_is_learned_with_its_figures_and_goes_live(learned):
    assert (learned.verdict, learned.state) == ("usable", "live")
    report = learned.report
    assert report["leads"]["known"] == 260
    assert report["cross_validated"]["auc"] > 0.7
    assert report["time_split"]["auc"] > 0.65
    assert report["refused_columns"] == {}
    assert {"pages_all", "job_title"} <= set(list(report["weight_of_columns"])[:8])
    assert learned.learned_until < NOW - 90 * DAY


def test_open_leads_are_foretold_with_a_range_and_reasons(live):
    assert foretell() == Lead.objects.filter(closed_at=None).count() > 10
    for one in Prediction.objects.all():
        assert 0 < one.low <= one.probability <= one.high < 1
        assert one.reasons
    assert FirstPrediction.objects.count() == Prediction.objects.count()
    assert foretell() == 0


def test_what_happens_changes_the_prediction_and_the_first_one_is_kept(live):
    foretell()
    one = Prediction.objects.order_by("probability").first()
    lead, before = one.lead, one.probability
    visitor = VisitorLink.objects.get(person=lead.person_id).visitor
    for n in range(7):
        viewed(lead, f"new{n}", NOW + HOUR, visitor=visitor, path="/pricing/")
    assert foretell(NOW + 2 * HOUR) == 0
    Lead.objects.filter(id=lead.id).update(last_activity_at=NOW + HOUR)
    assert foretell(NOW + 2 * HOUR) == 1
    one.refresh_from_db()
    assert one.probability > before
    assert FirstPrediction.objects.get(lead=lead).probability == before
    moved(lead, "recycled", NOW + 2 * HOUR, 9, closed=NOW + 2 * HOUR)
    foretell(NOW + 3 * HOUR)
    assert not Prediction.objects.filter(lead=lead).exists()


def test_too_few_outcomes_are_called_so(organisation):
    make(40)
    model = trained()
    assert (model.verdict, model.state, versions.live()) == ("too_little_data", "no_model", None)


def test_no_signal_keeps_no_model(organisation):
    make(150, signal=False)
    model = trained()
    assert (model.verdict, model.state, model.content) == ("no_signal", "no_model", "")


class Trap:
    """What a hostile pickle does when it is opened."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was opened",))


@pytest.mark.parametrize("kind", ["pickle", "tampered", "foreign"])
def test_a_model_from_elsewhere_is_refused_and_never_opened(live, kind, settings):
    if kind == "pickle":
        live.content = pickle.dumps(Trap(), protocol=0).decode("latin-1")
    elif kind == "tampered":
        live.content = live.content.replace('"intercept": ', '"intercept": 1')
    else:
        settings.SECRET_KEY = "of another instance"
    live.save()
    with pytest.raises(DomainError, match="not written by this instance"):
        predictions.step(clock=lambda: NOW)
    assert not Prediction.objects.exists()


def test_a_pickle_with_a_good_signature_is_refused_too(live):
    live.content = pickle.dumps(Trap(), protocol=0).decode("latin-1")
    live.signature = versions._signature(live.content)
    live.save()
    with pytest.raises(DomainError, match="not JSON"):
        predictions.step(clock=lambda: NOW)


def test_a_challenger_needs_later_outcomes_and_must_foretell_them_better(live, mira):
    make(4, seed=4, until=NOW - 95 * DAY)
    second = trained(NOW + HOUR)
    assert second.state == "no_model"  # of 4 later leads and 0 earlier ones nothing can be learned
    make(260)
    third = trained(NOW + 2 * HOUR)
    assert (third.state, versions.live()) == ("lost", live)
    assert "needed" in third.decision
    make(160, seed=5, until=NOW + 60 * DAY)
    live.refresh_from_db()
    worse = versions.model_of(live)
    ModelVersion.objects.filter(id=live.id).update(**rewritten(live, worse))
    fourth = trained(NOW + 160 * DAY)
    assert (fourth.state, versions.live()) == ("live", fourth), fourth.decision
    assert "foretold better" in fourth.decision
    back = versions.roll_back(to=ModelVersion.objects.get(id=live.id), at=NOW + 161 * DAY, by=mira)
    assert (versions.live(), back.state) == (back, "live")


def rewritten(version: ModelVersion, saved) -> dict:
    """The same model turned round, as if the world had turned."""
    from dataclasses import replace

    from handraiser.qualify.prediction import model_file

    model = saved.predictor.model
    turned = replace(saved.predictor, model=replace(model, weights=[-weight for weight in model.weights]))
    content = model_file.write(turned, saved.about)
    return {"content": content, "signature": versions._signature(content)}


def test_without_the_extra_one_sentence_says_what_to_install(organisation, monkeypatch):
    monkeypatch.setattr(libraries, "find_spec", lambda name: None)
    with pytest.raises(DomainError, match="make setup-ml"):
        versions.ask(at=NOW)


def test_one_training_at_a_time_and_a_dead_one_gives_way(organisation):
    first = versions.ask(at=NOW)
    with pytest.raises(DomainError, match="already"):
        versions.ask(at=NOW + HOUR / 4)
    versions.ask(at=NOW + HOUR)
    first.refresh_from_db()
    assert first.state == "failed"


# --- drift and what happens by itself -------------------------------------------------------------------


def test_leads_like_those_before_raise_no_alarm_and_others_do(live, mira):
    Lead.objects.all().delete()
    make(260)
    make(80, seed=11, until=NOW + 10 * DAY)
    assert not watches.look(at=NOW + 11 * DAY)
    live.refresh_from_db()
    assert "Nothing moved among the 80 leads" in live.watch["sentence"]
    Lead.objects.filter(id__startswith="lead_11").update(channel="Fair")
    assert watches.look(at=NOW + 12 * DAY)
    live.refresh_from_db()
    assert "First channel (stability index" in live.watch["sentence"]
    watches.look(at=NOW + 13 * DAY)
    [notice] = Notice.objects.filter(user=mira)
    assert notice.title == "Model 1 no longer fits the leads that come"


def test_broken_promises_raise_an_alarm_once_their_window_is_over(live):
    leads = make(60, seed=12, until=NOW + DAY)
    FirstPrediction.objects.bulk_create(
        FirstPrediction(lead=lead, model=live, at=lead.opened_at, probability=0.9) for lead in leads
    )
    assert not watches.look(at=NOW + 60 * DAY)
    assert watches.look(at=NOW + 100 * DAY)
    live.refresh_from_db()
    assert "of 60 leads 54 were to say yes" in live.watch["sentence"]


def test_the_sweep_hands_on_what_is_due_and_only_then(live):
    night = NOW.replace(hour=3)

    def due(at) -> set[str]:
        DBTaskResult.objects.all().delete()
        tasks.look_at_predictions(at)
        return {row.task_path.rpartition(".")[2] for row in DBTaskResult.objects.all()}

    assert due(NOW) == {"foretell"}
    foretell(NOW)
    assert due(NOW) == set()
    assert due(night + 2 * DAY) == {"foretell", "watch_model"}
    assert due(night + 31 * DAY) == {"foretell", "watch_model", "train_model"}
    assert "train_model" not in due(night + 31 * DAY)
    ModelVersion.objects.filter(id=live.id).update(signature="x")
    assert due(night + 90 * DAY) == set()
    ModelVersion.objects.update(state="retired")
    assert due(night + 90 * DAY) == set()
    ModelVersion.objects.update(state="no_model")
    assert due(night + 90 * DAY) == {"train_model"}


# --- screens -------------------------------------------------------------------------------------------


@pytest.fixture
def as_mira(mira, login):
    return login(mira)


PAGE = "/admin/qualify/prediction/"


def test_the_screen_says_what_is_missing_and_where_to_get_it(organisation, as_mira, monkeypatch):
    page = as_mira.get(PAGE).content.decode()
    assert "0 outcomes so far. A prediction needs about 100; rules are used until then." in page
    make(12)
    page = as_mira.get(PAGE).content.decode()
    assert "12 outcomes so far." in page and "Learn from your leads" not in page
    monkeypatch.setattr(libraries, "find_spec", lambda name: None)
    assert "make setup-ml" in as_mira.get(PAGE).content.decode()


def test_training_is_asked_for_on_the_screen_and_shows_its_progress(organisation, as_mira):
    make(120, signal=False)
    assert "enough to learn from" in as_mira.get(PAGE).content.decode()
    assert as_mira.post(PAGE + "train/").status_code == 302
    page = as_mira.get(PAGE).content.decode()
    assert "waiting for the tasks process" in page and 'hx-trigger="every 2s"' in page
    version = ModelVersion.objects.get()
    versions.run(version_id=version.id, clock=lambda: NOW)
    assert as_mira.get(PAGE + "progress/")["HX-Refresh"] == "true"
    page = as_mira.get(PAGE).content.decode()
    assert "We trained on 120 leads and found nothing" in page and "The score stays off." in page


def test_a_live_model_is_shown_with_its_report_and_on_the_lead_page(live, as_mira):
    foretell()
    page = as_mira.get(PAGE).content.decode()
    assert "Model 1 is live" in page and "Likeliest now" in page
    report = as_mira.get(PAGE + "1/").content.decode()
    for words in (
        "Does it tell them apart?",
        "Job title",
        "Pages viewed",
        "more say nothing that could be learned",
        "may stand for a group",
    ):
        assert words in report
    assert report.count("<polyline") == 8 and report.count("<table") == 6
    lead = Prediction.objects.order_by("-probability").first().lead
    shown = as_mira.get(f"/admin/leads/{lead.id}/").content.decode()
    assert "Likely " in shown and "Speaks for it" in shown and "pages viewed" in shown
    listed = as_mira.get("/admin/leads/?sort=-likely&columns=stage,likely").content.decode()
    first = listed.index(f"/admin/leads/{lead.id}/")
    assert all(
        first <= listed.index(f"/admin/leads/{one.id}/") for one in Lead.objects.filter(closed_at=None)
    )


def test_settings_are_saved_and_refused(organisation, as_mira):
    asked = {"target": "sql", "window_days": 30, "retrain_days": 0, "left_out": ["country"]}
    assert as_mira.post(PAGE + "settings/", asked).status_code == 302
    settings = PredictionSettings.get()
    assert (settings.target, settings.window_days, settings.left_out) == ("sql", 30, ["country"])
    wrong = as_mira.post(PAGE + "settings/", asked | {"window_days": 1})
    assert wrong.status_code == 422 and "Between 7 and 730 days." in wrong.content.decode()


def test_a_model_is_turned_off_and_back_on(live, as_mira):
    foretell()
    as_mira.post(PAGE + "off/")
    assert (versions.live(), Prediction.objects.count()) == (None, 0)
    as_mira.post(PAGE + "1/back/")
    assert versions.live() == live
    ModelVersion.objects.filter(id=live.id).update(content="{}")
    page = as_mira.get(PAGE).content.decode()
    assert "was not written by this instance" in page and "Nothing is foretold" in page


def test_analysts_read_and_change_nothing(live, login, analyst, dana):
    reader = login(analyst)
    assert reader.get(PAGE).status_code == reader.get(PAGE + "1/").status_code == 200
    assert "Learn anew" not in reader.get(PAGE).content.decode()
    assert reader.post(PAGE + "train/").status_code == 403
    assert login(dana).get(PAGE).status_code == 403
