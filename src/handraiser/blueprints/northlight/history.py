"""Thirteen weeks in the life of the demo firm, lived through the product's own actions at simulated times.

Nothing is written past the actions: every score, mail, hand-off and number of the demo comes out of the same
machinery that real visitors set in motion.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from random import Random

from django.db import transaction

from handraiser.blueprints.northlight.cast import KEENEST, Character, business_of, characters
from handraiser.capture.actions import magnets, submissions
from handraiser.capture.models import Form, MagnetGrant
from handraiser.convert.actions import deals, hand_offs
from handraiser.convert.models import Deal, DealStage, HandOff, Pipeline, Route
from handraiser.core.delivery.actions import reactions
from handraiser.core.delivery.models import Message
from handraiser.core.journal import outbox
from handraiser.core.journal.events.attract import PageViewed
from handraiser.core.notices.actions import notices
from handraiser.core.people.actions import notes, people, tasks
from handraiser.core.people.models import Company, Lead, Person, Task
from handraiser.core.staff.models import User
from handraiser.core.staff.roles import Role
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.measure.actions import spend as spends
from handraiser.qualify.actions import stages

WEEKS = 13
CROWD = 130
TODAY = (11, 36, 150)  # minutes since the first of the story asked for a demo
SITE = "https://northlight.example.com"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass(frozen=True)
class Origin:
    """Where a stranger came from: what the address or the referrer said, and how many came that way."""

    utm: dict[str, str]
    referrer: str
    touch: dict[str, str]
    weight: int
    pounds_a_week: int = 0


def _paid(channel: str, source: str, medium: str, campaign: str, weight: int, pounds: int) -> Origin:
    named = {"source": source, "medium": medium, "campaign": campaign}
    return Origin(
        utm=named,
        referrer="",
        touch={"channel": channel, **named},
        weight=weight,
        pounds_a_week=pounds,
    )


REFERRERS = {
    "organic_search": "https://www.google.com/",
    "referral": "https://partner.example.com/",
    "ai_assistant": "https://chatgpt.com/",
}


def _free(channel: str, source: str, medium: str, weight: int) -> Origin:
    referrer = REFERRERS.get(channel, "")
    return Origin({}, referrer, {"channel": channel, "source": source, "medium": medium}, weight)


ORIGINS = (
    _free("organic_search", "google", "organic", 34),
    _paid("paid_search", "google", "cpc", "reporting_2026", 24, 420),
    _paid("paid_social", "linkedin", "paid_social", "fridays_back", 14, 260),
    _paid("email", "newsletter", "email", "november_issue", 10, 0),
    _free("referral", "partner.example.com", "referral", 8),
    _free("ai_assistant", "ChatGPT", "referral", 4),
    _free("direct", "", "", 16),
)

Step = Callable[[datetime], object]


class Story:
    """A queue of what happens when. `live(until, settle)` plays it; `settle(at)` is one turn of the loop."""

    def __init__(self, *, begins: datetime, ends: datetime, forms: dict[str, Form], seed: int = 7) -> None:
        self.chance = Random(seed)
        self.begins, self.ends = begins, ends
        self.forms = forms
        self.queue: list[tuple[datetime, int, Step]] = []
        self.number = itertools.count()
        self.answered: set[str] = set()
        self.read: set[str] = set()
        self.visitors: dict[str, str] = {}
        self.keen: dict[str, float] = {}
        self.reps = list(User.objects.filter(role=Role.REP).order_by("id"))

    def at(self, moment: datetime, step: Step) -> None:
        """Let this happen then, if the story lasts that long."""
        if moment < self.ends:
            heapq.heappush(self.queue, (moment, next(self.number), step))

    def likely(self, probability: float) -> bool:
        """Whether something of this probability happens."""
        return self.chance.random() < probability

    def hours(self, low: float, high: float) -> timedelta:
        """Some time between two numbers of hours."""
        return timedelta(hours=self.chance.uniform(low, high))

    def live(self, settle: Callable[[datetime], None], told: Callable[[float], None]) -> None:
        """Play everything in order; after each half day the readers and due rows have their turn, and once more
        before the first of the story asks for a demo."""
        turn = self.begins
        whole = (self.ends - self.begins).total_seconds()
        eve = self.ends - timedelta(minutes=TODAY[0] + 1)
        while turn < self.ends:
            turn = min(turn + timedelta(hours=12), self.ends if turn >= eve else eve)
            while self.queue and self.queue[0][0] <= turn:
                moment, _, step = heapq.heappop(self.queue)
                with clock.pretend(moment):
                    step(moment)
            with clock.pretend(turn):
                settle(turn)
                self._people_react(turn)
            if turn == eve:
                # Whatever chance did before: the first of the story is the first rep's.
                Route.objects.update(last_served=self.reps[-1])
            told((turn - self.begins).total_seconds() / whole)

    # --- strangers -----------------------------------------------------------------------------------

    def strangers(self) -> None:
        """Everybody's first visit, and those who never say who they are."""
        people = characters(self.chance, crowd=CROWD)
        weights = [origin.weight for origin in ORIGINS]
        days = (self.ends - self.begins).days
        for person, minutes in zip(people, TODAY, strict=False):
            self._asks_today(person, self.chance.choices(ORIGINS, weights)[0], timedelta(minutes=minutes))
        for person in people[len(TODAY) :]:
            # The story's people came lately, so that they are on the desk.
            day = self.chance.uniform(days - 24 if person.keen == KEENEST else 0, days - 1)
            origin = self.chance.choices(ORIGINS, weights)[0]
            self._comes(person, origin, self._working_time(self.begins + timedelta(days=day)))
        for _ in range(CROWD * 5):
            origin = self.chance.choices(ORIGINS, weights)[0]
            self._wanders(origin, self.begins + timedelta(days=self.chance.uniform(0, days)))

    def _asks_today(self, person: Character, origin: Origin, ago: timedelta) -> None:
        """Read the playbook last week, came back to the prices, and asked for a demo a moment ago."""
        visitor = visitor_of(self._visitor())
        first = self._working_time(self.ends - timedelta(days=8))
        self.at(first, lambda at: self.view(visitor, "/playbook/", at, origin))
        self.at(
            first + timedelta(minutes=3),
            lambda at: self.send(person, "playbook", visitor, "/playbook/", origin, at),
        )
        for days in (5, 2):
            back = self._working_time(self.ends - timedelta(days=days))
            self.at(back, lambda at: self.view(visitor, "/pricing/", at))
        asks = self.ends - ago
        self.at(asks - timedelta(minutes=5), lambda at: self.view(visitor, "/pricing/", at))
        self.at(asks, lambda at: self.send(person, "demo", visitor, "/pricing/", origin, at))

    def _wanders(self, origin: Origin, moment: datetime) -> None:
        visitor = visitor_of(self._visitor())
        first, *more = self._path()
        self.at(moment, lambda at: self.view(visitor, first, at, origin))
        for path in more:
            self.at(moment + timedelta(minutes=2), partial(self.view, visitor, path))

    def _working_time(self, moment: datetime) -> datetime:
        return moment.replace(
            hour=self.chance.choice((8, 9, 9, 10, 11, 13, 14, 15, 16)), minute=self.chance.randrange(60)
        )

    def _visitor(self) -> str:
        return "".join(self.chance.choice("0123456789abcdef") for _ in range(32))

    def _path(self) -> Sequence[str]:
        return self.chance.choice(
            (
                ["/"],
                ["/", "/pricing/"],
                ["/playbook/"],
                ["/blog/"],
                ["/blog/", "/playbook/"],
                ["/pricing/"],
                ["/playbook/"],
            )
        )

    def view(self, visitor: str, path: str, at: datetime, origin: Origin | None = None) -> None:
        """A page is looked at."""
        fact = PageViewed(
            url=f"{SITE}{path}",
            path=path,
            title="",
            referrer=origin.referrer if origin else "",
            consent=True,
            utm=origin.utm if origin else {},
        )
        with transaction.atomic():
            outbox.publish(fact, at=at, visitor=visitor)

    def _comes(self, person: Character, origin: Origin, moment: datetime) -> None:
        visitor = visitor_of(self._visitor())
        wants_demo = self.likely(0.16 + 0.2 * person.keen)
        form = (
            "demo" if wants_demo and person.keen > 0.6 else "playbook" if self.likely(0.8) else "newsletter"
        )
        landing = {"demo": "/pricing/", "playbook": "/playbook/", "newsletter": "/blog/"}[form]
        self.at(moment, lambda at: self.view(visitor, landing, at, origin))
        self.at(
            moment + timedelta(minutes=4), lambda at: self.send(person, form, visitor, landing, origin, at)
        )
        # The keen come back to look at prices, and in the end ask for a demo.
        for visit in range(self.chance.randrange(2, 6) if self.likely(person.keen) else 0):
            back = self._working_time(moment + self.hours(10, 60) * (visit + 1))
            self.at(back, lambda at: self.view(visitor, "/pricing/", at))
        if form != "demo" and self.likely(person.keen * 0.7):
            later = self._working_time(moment + self.hours(60, 220))
            self.at(later, lambda at: self.view(visitor, "/pricing/", at))
            self.at(
                later + timedelta(minutes=6),
                lambda at: self.send(person, "demo", visitor, "/pricing/", origin, at),
            )

    def send(
        self, person: Character, which: str, visitor: str, page: str, origin: Origin, at: datetime
    ) -> None:
        """A form is sent."""
        form = self.forms[which]
        form.refresh_from_db()
        assert form.live is not None, "the demo's forms are published"
        raw = {
            "first_name": [person.first_name],
            "last_name": [person.last_name],
            "email": [person.email],
            "work_email": [person.email],
            "company": [person.company],
            "job_title": [person.job_title],
            "phone": [person.phone],
            "need": [person.need],
            "reports": [self.chance.choice(("1-2", "3-5", "6+"))],
            "news": ["1"] if which == "newsletter" or self.likely(0.7) else [],
            "answer": ["1"],
        }
        touch = {**origin.touch, "landing_page": page}
        sent = submissions.accept(
            version=form.live,
            raw=raw,
            context=submissions.Context(
                ip=f"198.51.100.{self.chance.randrange(1, 250)}",
                user_agent=BROWSER,
                url=f"{SITE}{page}",
                visitor=visitor,
                nonce=self._visitor(),
                age=40.0,
                first_touch=touch,
                last_touch=touch,
            ),
            at=at,
        )
        if sent.person_id:
            self.keen[sent.person_id] = person.keen
            self._looks_up(sent.person_id, person, at)
        if which == "playbook":
            grant = MagnetGrant.objects.filter(person_id=sent.person_id).order_by("id").last()
            if grant is not None and self.likely(0.85):
                self.at(
                    at + timedelta(minutes=self.chance.randrange(1, 90)),
                    lambda moment: magnets.fetch(grant=grant, at=moment, counted=True),
                )

    def _looks_up(self, person_id: str, character: Character, at: datetime) -> None:
        """The playbook asks only for an address; the firm finds out the rest."""
        known = Person.objects.select_related("company").get(id=person_id)
        people.change(
            person=known,
            values={
                "first_name": character.first_name,
                "last_name": character.last_name,
                "job_title": character.job_title,
            },
            at=at,
        )
        if known.company and not known.company.industry:
            Company.objects.filter(id=known.company_id).update(
                name=character.company,
                name_key=Company.key_of(character.company),
                country="GB",
                **business_of(character.company),
            )

    # --- after each turn -----------------------------------------------------------------------------

    def _people_react(self, now: datetime) -> None:
        self._read_mail(now)
        self._answer_hand_offs(now)
        self._finish_tasks(now)
        if now < self.ends:
            for rep in self.reps:
                notices.mark_read(user=rep, at=now)

    def _finish_tasks(self, now: datetime) -> None:
        """What was due is done, but for the tasks of the last days."""
        due = Task.objects.filter(done_at=None, due_at__lt=min(now, self.ends - timedelta(days=2)))
        for task in due.select_related("assignee"):
            rep = task.assignee or self.chance.choice(self.reps)
            tasks.complete(task=task, at=(task.due_at or now) + self.hours(-3, 3), by=str(rep.id))

    def _read_mail(self, now: datetime) -> None:
        fresh = Message.objects.filter(
            state="sent", person__isnull=False, sent_at__gt=now - timedelta(hours=13)
        )
        for message in fresh.exclude(id__in=self.read):
            self.read.add(message.id)
            keen = self.keen.get(message.person_id or "", 0.3)
            if self.likely(0.25 + 0.6 * keen):
                moment = (message.sent_at or now) + self.hours(1, 30)
                self.at(moment, partial(self._opens, message))

    def _opens(self, message: Message, at: datetime) -> None:
        reactions.opened(message=message, at=at, method="GET", user_agent=BROWSER)
        if message.links and self.likely(0.3):
            reactions.clicked(
                message=message, link=0, at=at + timedelta(minutes=2), method="GET", user_agent=BROWSER
            )

    def _answer_hand_offs(self, now: datetime) -> None:
        waiting = HandOff.objects.filter(state="waiting", owner__isnull=False).select_related("lead", "owner")
        for hand_off in waiting.exclude(id__in=self.answered):
            # The last offers stay open: they are today's work.
            if hand_off.offered_at > self.ends - timedelta(hours=30):
                continue
            self.answered.add(hand_off.id)
            slow = self.likely(0.2)
            moment = hand_off.offered_at + timedelta(
                minutes=self.chance.randrange(*((16, 90) if slow else (2, 14)))
            )
            with clock.pretend(moment):
                self._answers(hand_off, moment)

    def _answers(self, hand_off: HandOff, at: datetime) -> None:
        hand_off.refresh_from_db()
        if hand_off.state != "waiting" or hand_off.owner is None:
            return
        rep: User = hand_off.owner
        if self.likely(0.16):
            reason = self.chance.choice(("wrong_fit", "no_need", "not_now"))
            day = at.date() + timedelta(days=60) if reason == "not_now" else None
            hand_offs.reject(hand_off=hand_off, by=rep, reason=reason, at=at, recycle_on=day)
            return
        hand_offs.accept(hand_off=hand_off, by=rep, at=at)
        if self.likely(0.85):
            self.at(at + self.hours(3, 70), lambda moment: self._to_sql(hand_off.lead_id, rep, moment))

    def _lead(self, lead_id: str) -> Lead:
        return Lead.objects.with_people().get(id=lead_id)

    def _to_sql(self, lead_id: str, rep: User, at: datetime) -> None:
        lead = self._lead(lead_id)
        if lead.stage != "accepted":
            return
        stages.move(lead=lead, to="sql", at=at, reason="need and budget are known", by=str(rep.id))
        notes.add(
            person=lead.person,
            lead=lead,
            author=rep,
            text="Spoke by phone. Wants the board report first.",
            at=at,
        )
        if self.likely(0.95):
            self.at(at + self.hours(2, 48), lambda moment: self._open_deal(lead_id, rep, moment))

    def _open_deal(self, lead_id: str, rep: User, at: datetime) -> None:
        lead = self._lead(lead_id)
        if lead.stage != "sql":
            return
        company = lead.person.company
        deal = deals.open(
            lead=lead,
            title=f"Northlight for {company.name if company else lead.person.name}",
            amount=self.chance.choice((480_000, 720_000, 960_000, 1_440_000, 1_900_000)),
            at=at,
            by=rep,
            next_step="Show the board report",
            next_step_at=at + timedelta(days=3),
        )
        self.at(at + self.hours(40, 200), lambda moment: self._deal_goes_on(deal.id, rep, moment))

    def _deal_goes_on(self, deal_id: str, rep: User, at: datetime) -> None:
        deal = Deal.objects.select_related("stage").get(id=deal_id)
        if deal.stage.kind != "open":
            return
        steps = list(DealStage.objects.filter(pipeline=Pipeline.default(), kind="open").order_by("position"))
        place = [step.id for step in steps].index(deal.stage_id)
        keen = self.keen.get(deal.person_id, 0.4)
        try:
            if self.likely(0.08):
                reason = self.chance.choice(("price", "no_decision", "competitor"))
                deals.lose(deal=deal, reason=reason, version=deal.version, at=at, by=rep)
            elif place + 1 < len(steps):
                moved = deals.move(deal=deal, to=steps[place + 1], version=deal.version, at=at, by=rep)
                again = at + self.hours(40, 200)
                step = ("Walk through the report", "Send the offer", "Agree the start")[place]
                planned = {"next_step": step, "next_step_at": again + self.hours(0, 30)}
                deals.change(deal=moved, values=planned, version=moved.version, at=at, by=rep)
                self.at(again, lambda moment: self._deal_goes_on(deal_id, rep, moment))
            elif self.likely(0.35 + 0.4 * keen):
                deals.win(deal=deal, version=deal.version, at=at, by=rep)
            else:
                again = at + self.hours(40, 160)
                planned = {"next_step": "Ask for the decision", "next_step_at": again + self.hours(0, 30)}
                deals.change(deal=deal, values=planned, version=deal.version, at=at, by=rep)
                self.at(again, lambda moment: self._deal_goes_on(deal_id, rep, moment))
        except DomainError:
            # Somebody of the story was faster: the lead moved on by another way.
            return


def visitor_of(digits: str) -> str:
    """The shape of the browser's own id."""
    return f"b_{digits}"


def spend(*, begins: date, ends: date, at: datetime) -> None:
    """What the paid channels cost, week by week."""
    monday = begins - timedelta(days=begins.weekday())
    while monday < ends:
        for origin in ORIGINS:
            if origin.pounds_a_week:
                spends.enter(
                    channel=origin.touch["channel"],
                    source=origin.touch["source"],
                    campaign=origin.touch["campaign"],
                    from_date=monday,
                    to_date=min(monday + timedelta(days=6), ends),
                    amount=origin.pounds_a_week * 100,
                    at=at,
                )
        monday += timedelta(days=7)
