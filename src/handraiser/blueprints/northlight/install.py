"""Installs the demo firm into an empty instance: site, forms, rules, welcome, segments, people, thirteen weeks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection

from handraiser.attract.actions import links
from handraiser.blueprints.northlight import history, pages
from handraiser.blueprints.northlight.cast import REPS
from handraiser.capture import starters
from handraiser.capture.models import Form, FormPlace
from handraiser.convert.actions import routes
from handraiser.convert.models import Route
from handraiser.core.audience.actions import segments
from handraiser.core.audience.models import Segment
from handraiser.core.audience.rules import conditions as c
from handraiser.core.journal import loop
from handraiser.core.journal.readers import Reader
from handraiser.core.staff.models import Organisation, User
from handraiser.core.staff.roles import Role
from handraiser.nurture import starters as sequences
from handraiser.nurture.rules.segments import STARTERS
from handraiser.qualify.actions import rule_sets

CAMPAIGNS = (
    ("google", "cpc", "reporting_2026"),
    ("linkedin", "paid_social", "fridays_back"),
    ("newsletter", "email", "november_issue"),
)
FOLLOW_UP = sequences.read(Path(__file__).parent / "playbook_follow_up.toml")
"""Five mails in a week after the playbook, and a call when somebody looks at the prices."""


def organisation(*, at: datetime) -> Organisation:
    """Northlight, which sells reporting software to marketing teams."""
    row = Organisation.get()
    row.name, row.time_zone, row.currency, row.country = "Northlight", "Europe/London", "GBP", "GB"
    row.postal_address = "Northlight, 1 Example Street, London"
    row.sender_name, row.sender_email = "Northlight", "hello@northlight.example.com"
    row.set_up_at = at
    row.save()
    return row


def staff() -> None:
    """Mira leads; Dana and Ben sell; Noor writes; Tove counts. Only the owner's password is printed."""
    team = (("Mira Voss", "mira", Role.OWNER), *((name, box, Role.REP) for name, box in REPS))
    team += (("Noor Haddad", "noor", Role.MARKETER), ("Tove Lind", "tove", Role.ANALYST))
    for name, box, role in team:
        User.objects.get_or_create(
            email=f"{box}@northlight.example.com",
            defaults={"name": name, "role": role, "takes_leads": role == Role.REP, "password": "!"},
        )


def audiences(*, at: datetime) -> None:
    """Whom marketing looks at: who was won, who comes back to the prices, and the leaders who are still to win."""

    def kept(name: str, definition: c.Definition) -> Segment:
        one = segments.create(name=name, at=at)
        segments.save(segment=one, definition=definition, at=at)
        return one

    if Segment.objects.exists():
        return
    won = kept(STARTERS["customers"].name, STARTERS["customers"].definition)
    kept(STARTERS["interested"].name, STARTERS["interested"].definition)
    leaders = c.AllOf(
        (
            c.Attribute("person.job_title", "contains", ("VP", "Head", "Director", "CMO", "Founder")),
            c.Attribute("company.employees", "between", low=50),
            c.AnyOf((c.Consent("marketing"), c.Performed("capture.magnet_downloaded"))),
        )
    )
    kept("Leaders to win", c.Definition(leaders, without=(won.id,)))


def business(*, at: datetime) -> dict[str, Form]:
    """The firm on its first day: site, forms, rules, welcome and segments. Returns the forms by name."""
    organisation(at=at)
    staff()
    forms = {
        "playbook": starters.playbook(at=at),
        "demo": starters.demo(at=at),
        "newsletter": starters.newsletter(at=at),
    }
    pages.build_pages(form_ids={name: form.id for name, form in forms.items()}, at=at)
    for name, path in (("playbook", "/playbook/"), ("demo", "/pricing/"), ("newsletter", "/blog/")):
        FormPlace.objects.get_or_create(form=forms[name], path=path, defaults={"since": at})
    for source, medium, campaign in CAMPAIGNS:
        url = f"{settings.BASE_URL}/playbook/"
        links.keep(url=url, source=source, medium=medium, campaign=campaign, at=at, by="Noor Haddad")
    rule_sets.live(at=at)
    sequences.install(FOLLOW_UP, at=at)
    audiences(at=at)
    routes.set_answer_time(route=Route.catch_all(), minutes=60)
    return forms


def run(
    *,
    now: datetime,
    readers: Sequence[Reader],
    sweeps: Sequence[loop.Sweep],
    told: Callable[[float], None] = lambda share: None,
) -> None:
    """Install the firm and its past; `told` hears the share that is done, from 0 to 1.

    Takes about a minute of one core.
    """
    if connection.vendor == "sqlite":
        # A demo that is cut off is made anew, so its thousands of small commits need not wait for the disk.
        connection.cursor().execute("pragma synchronous=off")
    begins = (now - timedelta(weeks=history.WEEKS)).replace(hour=0, minute=0, second=0, microsecond=0)
    forms = business(at=begins)
    history.spend(begins=begins.date(), ends=now.date(), at=begins)
    story = history.Story(begins=begins, ends=now, forms=forms)
    story.strangers()
    story.live(lambda at: loop.settle(readers, sweeps, at=at), told)
    row = Organisation.get()
    row.demo = True
    row.save()
