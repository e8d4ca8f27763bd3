"""Forms to begin with, so that nobody starts from an empty page; and the forms of the demo firm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from handraiser.capture.actions import forms, magnets
from handraiser.capture.models import Form, LeadMagnet
from handraiser.capture.rules.schema import Choice, Field, Schema, Type

MATERIAL = Path(__file__).resolve().parent / "material"

FIRST_NAME = Field(key="first_name", type=Type.TEXT, label="First name", required=True, maps_to="first_name")
LAST_NAME = Field(key="last_name", type=Type.TEXT, label="Last name", required=True, maps_to="last_name")
WORK_EMAIL = Field(key="email", type=Type.EMAIL, label="Work email", required=True, maps_to="email")
NEWS = Field(
    key="news",
    type=Type.CONSENT,
    label="Also send me news by email, about twice a month. I can stop any time.",
    purpose="marketing",
)
ANSWER = Field(
    key="answer",
    type=Type.NOTICE,
    label="By sending you allow us to call or write to you about this request, and about nothing else.",
    purpose="sales",
)


@dataclass(frozen=True)
class Starter:
    """A finished form that only waits to be published."""

    title: str
    text: str
    intent: str
    icon: str
    schema: Schema


STARTERS: dict[str, Starter] = {
    "magnet": Starter(
        title="Lead magnet",
        text="A first name and an address for an ebook, a checklist or a code.",
        intent="magnet",
        icon="download",
        schema=Schema(
            heading="Where shall we send it?",
            button="Send it to me",
            fine="In your inbox within a minute.",
            thanks_title="It is yours",
            thanks_text="Thank you. You can download it here, and the link is in your inbox as well.",
            fields=[FIRST_NAME, WORK_EMAIL, NEWS],
        ),
    ),
    "demo": Starter(
        title="Book a demo",
        text="Who they are, how large, and what they want to see. Sales hears of it at once.",
        intent="demo",
        icon="calendar",
        schema=Schema(
            heading="See it with your own numbers",
            button="Book a demo",
            fine="30 minutes, by video. No slides.",
            thanks_title="We will call you",
            thanks_text="Thank you. We read what you wrote before we call: you need not say it twice.",
            fields=[
                FIRST_NAME,
                LAST_NAME,
                WORK_EMAIL,
                Field(key="phone", type=Type.PHONE, label="Phone", maps_to="phone"),
                Field(key="company", type=Type.TEXT, label="Company", required=True, maps_to="company_name"),
                Field(key="job_title", type=Type.TEXT, label="Job title", maps_to="job_title"),
                Field(key="need", type=Type.TEXTAREA, label="What would you like to see?"),
                ANSWER,
                NEWS,
            ],
        ),
    ),
    "contact": Starter(
        title="Contact",
        text="A name, an address and a message.",
        intent="contact",
        icon="chat",
        schema=Schema(
            heading="Write to us",
            button="Send the message",
            thanks_title="We have your message",
            thanks_text="Thank you. A person reads it and answers.",
            fields=[
                FIRST_NAME,
                LAST_NAME,
                Field(key="email", type=Type.EMAIL, label="Email", required=True, maps_to="email"),
                Field(key="message", type=Type.TEXTAREA, label="Message", required=True),
                ANSWER,
            ],
        ),
    ),
    "newsletter": Starter(
        title="Newsletter",
        text="One address and one permission.",
        intent="newsletter",
        icon="mail",
        schema=Schema(
            heading="What we learn, twice a month",
            button="Subscribe",
            thanks_title="You are on the list",
            thanks_text="Thank you. The next issue comes to your inbox.",
            fields=[
                Field(key="email", type=Type.EMAIL, label="Email", required=True, maps_to="email"),
                Field(
                    key="news",
                    type=Type.CONSENT,
                    label="Send me news by email, about twice a month. I can stop any time.",
                    purpose="marketing",
                    required=True,
                ),
            ],
        ),
    ),
}


def from_starter(*, key: str, at: datetime, magnet: LeadMagnet | None = None) -> Form:
    """A draft form made from a starter, not yet live."""
    starter = STARTERS[key]
    return forms.create(
        name=starter.title,
        intent=starter.intent,
        schema=starter.schema,
        at=at,
        magnet=magnet if starter.intent == "magnet" else None,
    )


# --- the demo firm ------------------------------------------------------------------------------------


def playbook(*, at: datetime) -> Form:
    """The live form of "The Reporting Playbook", and the playbook itself. Made once."""
    name = "The Reporting Playbook"
    found = Form.objects.filter(name=name).first()
    if found:
        return found
    magnet = LeadMagnet.objects.filter(name=name).first()
    if magnet is None:
        with (MATERIAL / "the-reporting-playbook.pdf").open("rb") as upload:
            magnet = magnets.save(
                magnet=None,
                values={"name": name, "kind": "ebook", "text": "", "expires_hours": 72, "max_downloads": 10},
                upload=upload,
                upload_name="the-reporting-playbook.pdf",
                at=at,
            )
    reports = Field(
        key="reports",
        type=Type.CHOICE,
        label="Reports you make by hand each week",
        choices=[Choice("1-2", "1–2"), Choice("3-5", "3–5"), Choice("6+", "6 or more")],
    )
    news = Field(
        key="news",
        type=Type.CONSENT,
        label="Also send me product news, about twice a month. I can stop any time.",
        purpose="marketing",
    )
    schema = Schema(
        heading="Where shall we send it?",
        button="Send me the playbook",
        fine="A PDF, in your inbox within a minute.",
        thanks_title="Your playbook is ready",
        thanks_text="Thank you. Start with the ten-minute audit on page 3: it finds what nobody reads.",
        fields=[FIRST_NAME, WORK_EMAIL, reports, news],
    )
    form = forms.create(name=name, intent="magnet", schema=schema, at=at, magnet=magnet)
    forms.publish(form=form, at=at, by=None)
    form.refresh_from_db()
    return form


def demo(*, at: datetime) -> Form:
    """The live form "Book a demo". Made once."""
    return _live("Book a demo", "demo", at=at)


def newsletter(*, at: datetime) -> Form:
    """The live newsletter form. Made once."""
    return _live("Newsletter", "newsletter", at=at)


def contact(*, at: datetime) -> Form:
    """The live contact form. Made once."""
    return _live("Contact", "contact", at=at)


def _live(name: str, key: str, *, at: datetime) -> Form:
    found = Form.objects.filter(name=name).first()
    if found:
        return found
    form = from_starter(key=key, at=at)
    forms.publish(form=form, at=at, by=None)
    form.refresh_from_db()
    return form
