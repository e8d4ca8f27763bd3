"""Random firms: people, what they did, what became known, and trees of conditions about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import transaction

from handraiser.config import wiring
from handraiser.core.audience.actions import touched
from handraiser.core.audience.rules import conditions as c
from handraiser.core.consent.actions import grants
from handraiser.core.delivery.actions import suppressions
from handraiser.core.identity.actions import identifiers, merges, visitors
from handraiser.core.identity.models import Merge
from handraiser.core.journal import loop, outbox
from handraiser.core.journal.events.attract import EventTracked, PageViewed
from handraiser.core.journal.events.capture import FormSubmitted
from handraiser.core.journal.events.delivery import EmailOpened
from handraiser.core.people.actions import companies, leads, people
from handraiser.core.people.models import FieldDefinition, Lead, Person
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.qualify.actions import stages

START = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
DAY, MS = timedelta(days=1), timedelta(milliseconds=1)
COUNTRIES = ["DE", "GB", "FR", ""]
TITLES = ["VP of Marketing", "Chef Einkauf", "CÉO", "intern", ""]
PATHS = ["/pricing/", "/Pricing/plans/", "/blog/", "/demo/"]
WINDOWS = [1, 2, 7, 30]
_FIELDS = {"city": "text", "seats": "number", "renewal": "date", "trial": "boolean"}
_READERS = ("identity.timeline", "audience.segments")


class Firm:
    """A firm whose people do things at random; `now` only goes on."""

    def __init__(self, chance, size: int = 8) -> None:
        self.chance, self.now = chance, START
        for key, kind in _FIELDS.items():
            FieldDefinition.objects.create(entity="person", key=key, label=key, kind=kind, created_at=START)
        FieldDefinition.objects.create(
            entity="lead", key="budget", label="Budget", kind="number", created_at=START
        )
        for number in range(size):
            self.newcomer(number)

    def newcomer(self, number: int) -> None:
        chance = self.chance
        values = {
            "country": chance.choice(COUNTRIES),
            "job_title": chance.choice(TITLES),
            "company_name": chance.choice(["Aster", "Bright", ""]),
            **self.fields(),
        }
        email = f"p{number}@{chance.choice(['one', 'TWO'])}.example.com"
        identifiers.resolve(at=self.past(), how="hand", email=email, values=values, proven=True)

    def fields(self):
        values = {
            "city": self.chance.choice(["Köln", "KÖLN", "Bonn", ""]),
            "seats": self.chance.choice([3, "12", 2.5, "many", "-4", ""]),
            "renewal": self.chance.choice([(self.past() + 9 * DAY).date().isoformat(), ""]),
            "trial": self.chance.choice([True, False, "yes", ""]),
        }
        return {key: value for key, value in values.items() if value != ""}

    def past(self) -> datetime:
        """A moment up to now; often just where a window ends."""
        if self.chance.random() < 0.5:
            return self.now - self.chance.choice(WINDOWS) * DAY + self.chance.choice([-1, 0, 1]) * MS
        return self.now - timedelta(milliseconds=self.chance.randrange(40 * 86_400_000))

    def anybody(self) -> Person:
        return self.chance.choice(list(Person.objects.order_by("id")))

    def happen(self, deeds: int) -> None:
        """So many random deeds, then the readers read."""
        for _ in range(deeds):
            deed = self.chance.choices(_DEEDS, weights=[weight for _, weight in _WEIGHED])[0]
            try:
                with transaction.atomic():
                    deed(self)
            except DomainError:
                pass
        self.read()

    def read(self) -> None:
        with clock.pretend(self.now):
            readers = [one for one in wiring.READERS if one.name in _READERS]
            sweeps = [one for one in wiring.SWEEPS if one.name.startswith("audience.")]
            loop.settle(readers, sweeps, at=self.now)

    def tell(self, fact) -> None:
        who = (
            {"person": self.anybody().id}
            if self.chance.random() < 0.8
            else {"visitor": f"v{self.chance.randrange(4)}"}
        )
        outbox.publish(fact, at=min(self.past(), self.now), **who)

    def view(self) -> None:
        path = self.chance.choice(PATHS)
        self.tell(PageViewed(url=f"https://x{path}", path=path, bot=self.chance.choice(["", "", "", "ua"])))

    def track(self) -> None:
        properties = {
            "plan": self.chance.choice(["team", "Solo", ""]),
            "seats": self.chance.choice([1, 5, "9", None]),
        }
        self.tell(EventTracked(event=self.chance.choice(["trial", "invite"]), properties=properties))

    def open_mail(self) -> None:
        self.tell(EmailOpened(message="m", machine=self.chance.choice(["", "", "proxy"])))

    def send_form(self) -> None:
        intent = self.chance.choice(["demo", "newsletter"])
        self.tell(FormSubmitted(form="f", form_name="F", form_version=1, submission="s", intent=intent))

    def learn(self) -> None:
        values = {
            "country": self.chance.choice(COUNTRIES),
            "job_title": self.chance.choice(TITLES),
            **self.fields(),
        }
        people.change(person=self.anybody(), values=values, at=self.now, proven=True)

    def employ(self) -> None:
        domain = self.chance.choice(["aster.example.com", "bright.example.com"])
        name = self.chance.choice(["Aster", "Bright", ""])
        people.change(
            person=self.anybody(),
            values={"company_name": name, "company_domain": domain},
            at=self.now,
            proven=True,
        )
        values = {
            "industry": self.chance.choice(["Solar", "Retail"]),
            "employees": self.chance.choice([5, 50, None]),
        }
        companies.learn(domain=domain, values=values, at=self.now)

    def allow(self) -> None:
        person = self.anybody()
        if self.chance.random() < 0.6:
            grants.grant(person=person, purpose_key="marketing", wording_text="Yes", at=self.now, proof={})
        else:
            grants.withdraw(person=person, purpose_key="marketing", at=self.now, how="link")

    def suppress(self) -> None:
        email = self.anybody().email
        if self.chance.random() < 0.6:
            reason = self.chance.choice(["bounced", "unsubscribed", "complained"])
            scope = self.chance.choice(["marketing", "all"])
            suppressions.add(email=email, reason=reason, scope=scope, at=self.now)
        else:
            suppressions.remove(email=email)

    def raise_hand(self) -> None:
        touch = {"channel": "paid", "source": self.chance.choice(["google", "bing", ""])}
        leads.open(
            person=self.anybody(),
            at=self.now,
            how="form",
            touch=touch,
            attributes={"budget": self.chance.choice([1, 900])},
        )

    def move(self) -> None:
        lead = self.chance.choice(list(Lead.objects.order_by("id")) or [None])
        if lead:
            to = self.chance.choice(["lead", "mql", "accepted", "customer", "recycled", "disqualified"])
            stages.move(lead, to, at=self.now, reason="no_budget")

    def score(self) -> None:
        lead = self.chance.choice(list(Lead.objects.order_by("id")) or [None])
        if lead:
            Lead.objects.filter(id=lead.id).update(
                points=self.chance.randrange(-5, 90) * 500_000,
                temperature=self.chance.choice(["cold", "hot"]),
            )
            touched.points([lead.person_id])

    def link(self) -> None:
        visitors.link(
            visitor=f"v{self.chance.randrange(4)}", person_id=self.anybody().id, how="form", at=self.now
        )

    def merge(self) -> None:
        done = Merge.objects.filter(undone_at=None).order_by("-id").first()
        if done and self.chance.random() < 0.5:
            merges.unmerge(merge=done.id, at=self.now)
        elif Person.objects.count() > 5:
            merges.merge(keep=self.anybody().id, gone=self.anybody().id, at=self.now)


_WEIGHED = [
    (Firm.view, 8), (Firm.track, 5), (Firm.open_mail, 5), (Firm.send_form, 3), (Firm.learn, 4), (Firm.employ, 2),
    (Firm.allow, 3), (Firm.raise_hand, 4), (Firm.move, 3), (Firm.score, 3), (Firm.link, 2), (Firm.merge, 2),
    (Firm.suppress, 3),
]  # fmt: skip
_DEEDS = [deed for deed, _ in _WEIGHED]


def tree(chance, segments=(), depth: int = 0) -> c.Condition:
    """A random tree, up to three groups deep."""
    if depth == 0 or (depth < 3 and chance.random() < 0.35):
        kind = chance.choice([c.AllOf, c.AllOf, c.AnyOf, c.NoneOf])
        return kind(tuple(tree(chance, segments, depth + 1) for _ in range(chance.randrange(1, 4))))
    return chance.choice([_performed, _performed, _last, _attribute, _attribute, _known, _other])(
        chance, segments
    )


def _where(chance, event):
    if event == "attract.page_viewed" and chance.random() < 0.6:
        test = chance.choice(["is", "is_not", "starts_with", "contains"])
        return (c.Where("path", test, (chance.choice(["/pricing/", "/PRICING", "/demo/"]),)),)
    if event == "attract.event_tracked":
        wheres = [
            c.Where("event", "is", ("trial",)),
            c.Where("properties.plan", chance.choice(["is", "is_not"]), ("solo", "x")),
            c.Where("properties.plan", "unknown"),
            c.Where("properties.seats", "between", low=2),
        ]
        return tuple(chance.sample(wheres, chance.randrange(3)))
    return ()


_EVENTS = ["attract.page_viewed", "attract.event_tracked", "delivery.email_opened", "capture.form_submitted"]


def _performed(chance, _):
    event, amount = chance.choice(_EVENTS), chance.choice(["at_least", "exactly", "at_most"])
    times = chance.randrange(1 if amount == "at_least" else 0, 4)
    return c.Performed(event, amount, times, chance.choice([*WINDOWS, None]), _where(chance, event))


def _last(chance, _):
    event = chance.choice(_EVENTS)
    return c.LastPerformed(
        event, chance.choice(["less", "more"]), chance.choice(WINDOWS), _where(chance, event)
    )


def _attribute(chance, _):
    test = chance.choice(["is", "is_not", "contains", "starts_with", "known", "unknown"])
    key, values = chance.choice(
        [
            ("person.country", ("de", "GB")),
            ("person.job_title", ("vp", "CHEF EINKAUF", "céo")),
            ("person.custom.city", ("köln",)),
            ("person.email_domain", ("two.example.com",)),
            ("company.name", ("aster",)),
            ("company.industry", ("Solar",)),
            ("lead.source", ("Google",)),
        ]
    )
    return c.Attribute(key, test, () if test in ("known", "unknown") else values)


def _known(chance, _):
    day = (START + timedelta(days=chance.randrange(-20, 20))).date().isoformat()
    key = chance.choice(["person.custom.renewal", "person.created_at", "lead.opened_at"])
    return chance.choice(
        [
            c.Attribute(
                "person.custom.seats", chance.choice(["between", "known", "unknown"]), low=2.5, high=12
            ),
            c.Attribute("person.custom.seats", chance.choice(["is", "is_not"]), ("12", "3")),
            c.Attribute("company.employees", "between", high=20),
            c.Attribute("lead.custom.budget", "between", low=100),
            c.Attribute("person.custom.trial", "is", (chance.choice(["yes", "no"]),)),
            c.Attribute(key, chance.choice(["within", "more_than_ago"]), days=chance.choice(WINDOWS)),
            c.Attribute(key, chance.choice(["within", "more_than_ago"]), days=chance.choice(WINDOWS)),
            c.Attribute(key, "between", low=day),
        ]
    )


def _other(chance, segments):
    kinds = [
        c.Consent("marketing", chance.choice(["granted", "withdrawn", "never"])),
        c.Stage(tuple(chance.sample(["lead", "mql", "customer", "recycled", "disqualified"], 2))),
        c.Score("points", low=chance.choice([None, 0.5, 20]), high=chance.choice([30, 30.5])),
        c.Score("temperature", ("hot",)),
        c.Listed(
            "suppressed",
            chance.random() < 0.6,
            tuple(chance.sample(["bounced", "complained"], chance.randrange(3))),
        ),
        c.Bucket(0, chance.choice([30, 60]), chance.choice("ab")),
    ]
    if segments:
        kinds += [c.InSegment(chance.choice(segments), chance.random() < 0.6)] * 2
    return chance.choice(kinds)
