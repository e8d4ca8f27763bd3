from __future__ import annotations

from datetime import timedelta

import pytest

from handraiser.blueprints.northlight.install import FOLLOW_UP
from handraiser.core.delivery.models import DeliveryEvent, Message, State
from handraiser.core.identity.models import TimelineItem
from handraiser.core.journal.events.delivery import Unsubscribed
from handraiser.core.journal.events.qualify import StageChanged
from handraiser.core.people.models import Lead, Task
from handraiser.nurture import starters
from handraiser.nurture.actions import enrolments, sequences
from handraiser.nurture.models import Enrolment, StepRun
from handraiser.nurture.tests.conftest import NOW, known_person


@pytest.fixture(autouse=True)
def _demo(settings):
    settings.DEMO = True


@pytest.fixture
def welcome(organisation):
    return starters.install(FOLLOW_UP, at=NOW)


def sent():
    return list(
        Message.objects.filter(purpose="marketing").order_by("queued_at").values_list("subject", flat=True)
    )


def pass_days(settle, days, step=timedelta(hours=6)):
    moment = NOW
    while moment <= NOW + timedelta(days=days):
        settle(at=moment)
        moment += step


def test_five_different_emails_over_a_week_if_nobody_stops_it(welcome, leila, download, settle):
    download(leila)
    settle(at=NOW)
    assert sent() == []
    settle(at=NOW + timedelta(hours=1))
    assert sent() == ["Your playbook, and one question"]
    pass_days(settle, 9)
    assert len(sent()) == len(set(sent())) == 5
    assert set(Message.objects.values_list("state", flat=True)) == {State.SENT}
    assert Enrolment.objects.get().state == "finished"
    times = list(Message.objects.order_by("queued_at").values_list("queued_at", flat=True))
    assert timedelta(days=6) < times[-1] - times[0] < timedelta(days=9)
    assert "Hi Leila," in Message.objects.order_by("queued_at")[0].text


def test_a_second_download_does_not_start_it_again(welcome, leila, download, settle):
    download(leila)
    settle(at=NOW)
    download(leila, at=NOW + timedelta(minutes=5))
    settle(at=NOW + timedelta(minutes=5))
    assert Enrolment.objects.count() == 1


def test_another_kind_of_form_starts_nothing(welcome, leila, download, settle):
    download(leila, intent="contact")
    settle(at=NOW)
    assert not Enrolment.objects.exists()


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (StageChanged(stage="customer", previous="sql"), "customer"),
        (Unsubscribed(how="link"), "unsubscribed"),
        ("demo", "demo"),
    ],
)
def test_who_reaches_the_goal_leaves_at_once(welcome, leila, download, tell, settle, fact, reason):
    download(leila)
    settle(at=NOW)
    settle(at=NOW + timedelta(hours=1))
    later = NOW + timedelta(hours=2)
    download(leila, at=later, intent="demo") if fact == "demo" else tell(fact, leila, later)
    settle(at=later)
    enrolment = Enrolment.objects.get()
    assert (enrolment.state, enrolment.reason) == ("exited", reason)
    pass_days(settle, 9)
    assert len(sent()) == 1


def test_without_permission_nothing_leaves(welcome, leila, download, settle):
    leila.grants.update(withdrawn_at=NOW)
    download(leila)
    pass_days(settle, 2)
    assert set(Message.objects.values_list("state", "reason")) == {(State.SUPPRESSED, "no_consent")}


def test_a_condition_reads_what_they_looked_at(welcome, leila, download, settle):
    download(leila)
    settle(at=NOW)
    TimelineItem.objects.create(
        person=leila,
        message_id="m1",
        name="attract.page_viewed",
        occurred_at=NOW + timedelta(days=3),
        body={"path": "/pricing"},
    )
    pass_days(settle, 9)
    assert "Which plan fits your team?" in sent()
    assert "The one number your board remembers" not in sent()
    assert Task.objects.get().title == "Call: they looked at the prices"
    assert StepRun.objects.get(step="c1").outcome == "yes"


def test_a_condition_reads_what_they_did_with_the_email_before(organisation, leila, download, settle):
    def yes_no(kind):
        return [{"key": f"{kind}{n}", "kind": "task", "title": f"{kind} {n}"} for n in ("yes",)]

    plan = {
        "trigger": {"type": "form", "form": "", "intent": "magnet"},
        "exits": [],
        "steps": [
            {"key": "e", "kind": "email", "subject": "One", "body": "[x](/x)", "sender": "organisation"},
            {"key": "w", "kind": "wait", "amount": 1, "unit": "days"},
            {
                "key": "c",
                "kind": "condition",
                "test": {"type": "clicked"},
                "yes": yes_no("clicked"),
                "no": [],
            },
        ],
    }
    sequences.publish(sequences.create(name="Clicks", at=NOW, plan=plan), at=NOW)
    machine, _ = known_person("Theo", "Marsh", "theo@tarn.example.com")
    for person in (leila, machine):
        download(person)
    settle(at=NOW)
    for person, who in ((leila, ""), (machine, "scanner")):
        message = Message.objects.get(person=person)
        DeliveryEvent.objects.create(message=message, kind="clicked", at=NOW, machine=who, link=0)
    pass_days(settle, 2)
    assert [task.person_id for task in Task.objects.all()] == [leila.id]


def test_who_is_inside_stays_on_their_version(welcome, leila, download, settle):
    download(leila)
    settle(at=NOW + timedelta(hours=1))
    draft = sequences.draft(welcome, at=NOW)
    assert draft.number == 2
    sequences.change_step(welcome, key="w1", values={"amount": 2, "unit": "hours"}, at=NOW)
    sequences.change_step(welcome, key="e5", values={"subject": "A new ending"}, at=NOW)
    added = sequences.add_step(welcome, kind="task", after="e5", at=NOW)
    sequences.change_step(welcome, key=added, values={"title": "Say hello"}, at=NOW)
    sequences.publish(welcome, at=NOW + timedelta(hours=1))
    theo, _ = known_person("Theo", "Marsh", "theo@tarn.example.com")
    download(theo, at=NOW + timedelta(hours=2))
    pass_days(settle, 12)
    numbers = dict(Enrolment.objects.values_list("person_id", "version__number"))
    assert numbers == {leila.id: 1, theo.id: 2}
    last = {
        person: Message.objects.filter(person=person).order_by("-queued_at")[0].subject
        for person in (leila, theo)
    }
    assert last == {leila: "Shall we leave it here?", theo: "A new ending"}
    assert [task.person_id for task in Task.objects.filter(title="Say hello")] == [theo.id]
    assert Message.objects.filter(person=theo).count() == 5


def test_a_published_version_is_not_changed_by_editing(welcome):
    before = welcome.versions.get(state="live").flow
    sequences.remove_step(welcome, key="e1", at=NOW)
    assert welcome.versions.get(state="live").flow == before


def test_a_step_is_done_once_even_when_two_run_it(welcome, leila, download, settle):
    download(leila)
    settle(at=NOW)
    rows = Enrolment.objects.select_related("version", "person", "lead")
    one, two = rows.get(), rows.get()
    at = NOW + timedelta(hours=1)
    Enrolment.objects.update(step="e1", due_at=at)
    one.step = two.step = "e1"
    for enrolment in (one, two):
        enrolments._step(enrolment, enrolments.flow.Known(), at)
    assert StepRun.objects.filter(step="e1").count() == 1
    assert Message.objects.count() == 1


def test_a_failed_step_stands_still_and_can_be_tried_again(welcome, leila, download, settle):
    download(leila)
    settle(at=NOW)
    version = welcome.versions.get(state="live")
    good = version.flow["steps"][1].pop("body")
    version.save()
    settle(at=NOW + timedelta(hours=1))
    enrolment = Enrolment.objects.get()
    assert (enrolment.state, enrolment.reason) == ("paused", "failed")
    assert not StepRun.objects.filter(step="e1").exists()
    version.flow["steps"][1]["body"] = good
    version.save()
    enrolments.resume(enrolment, at=NOW)
    settle(at=NOW + timedelta(hours=2))
    assert sent() == ["Your playbook, and one question"]


def test_a_paused_sequence_lets_nobody_in_or_on(welcome, leila, download, settle):
    download(leila)
    settle(at=NOW)
    sequences.pause(welcome, at=NOW)
    settle(at=NOW + timedelta(days=1))
    theo, _ = known_person("Theo", "Marsh", "theo@tarn.example.com")
    download(theo, at=NOW + timedelta(days=1))
    settle(at=NOW + timedelta(days=1))
    assert sent() == [] and Enrolment.objects.count() == 1
    sequences.resume(welcome)
    settle(at=NOW + timedelta(days=1))
    assert len(sent()) == 1


def test_after_a_long_stop_the_emails_do_not_come_all_at_once(welcome, leila, download, settle):
    download(leila)
    settle(at=NOW)
    settle(at=NOW + timedelta(days=30))
    assert len(sent()) == 1


def test_stop_and_resume_one_person(welcome, leila, download, settle):
    download(leila)
    settle(at=NOW)
    enrolment = Enrolment.objects.get()
    enrolments.stop(enrolment, at=NOW)
    settle(at=NOW + timedelta(days=1))
    assert sent() == []
    enrolments.resume(enrolment, at=NOW)
    settle(at=NOW + timedelta(days=1))
    assert len(sent()) == 1


def test_from_the_owner_when_there_is_one(welcome, leila, dana, download, settle):
    Lead.objects.update(owner=dana)
    download(leila)
    settle(at=NOW + timedelta(hours=1))
    settle(at=NOW + timedelta(hours=2))
    message = Message.objects.get()
    assert (message.sender_name, message.reply_to) == ("Dana Okafor", dana.email)
    assert "\n\nDana\n" in message.text


def test_a_batch_of_conditions_costs_a_fixed_number_of_queries(
    organisation, settle, download, django_assert_max_num_queries
):
    asked = []
    plan = FOLLOW_UP.plan
    sequence = sequences.create(name="Many", at=NOW, plan=plan)
    version = sequences.publish(sequence, at=NOW)
    for number in range(12):
        person, lead = known_person("A", str(number), f"a{number}@many.example.com")
        enrolment = enrolments.enrol(version=version, person=person, lead=lead, at=NOW)
        asked.append((enrolment, version.flow["steps"][7]))
    with django_assert_max_num_queries(2):
        enrolments._known(asked, NOW)
