"""Landing pages to begin with: a form stands on them, and each has its first words."""

from __future__ import annotations

from dataclasses import dataclass

from handraiser.capture.models import Form
from handraiser.core.staff.models import Organisation
from handraiser.website.building import stream
from handraiser.website.models import HomePage, LandingPage


@dataclass(frozen=True)
class Words:
    """What a page says at first. "{firm}" and "{offer}" are filled in."""

    heading: str
    lede: str
    points: tuple[str, str, str]
    art: str
    gains: str
    items: tuple[tuple[str, str, str], ...]
    questions: tuple[tuple[str, str], ...]
    again: str


_STOP = ("Will I get mail from now on?", "Only if you tick the box, and each mail has a link to stop.")

WORDS: dict[str, Words] = {
    "demo": Words(
        heading="See what {firm} can do for you",
        lede="Bring one question of your own. In half an hour you know whether we can help, and what it takes.",
        points=(
            "With your own example, not with slides",
            "Answers from somebody who does the work",
            "Nothing to sign, nothing to prepare",
        ),
        art="report",
        gains="What you leave with",
        items=(
            ("checklist", "An answer", "To the question that you bring, in plain words."),
            ("report", "A price", "What it would cost you, and what is included."),
            ("funnel", "A next step", "Ours, yours, or none. You decide."),
        ),
        questions=(
            ("What happens after I send this?", "A person reads what you wrote and answers you."),
            ("Do I have to prepare anything?", "No. One example from your week makes it more useful."),
        ),
        again="Half an hour, and you know",
    ),
    "magnet": Words(
        heading="{offer}",
        lede="Tell us where to send it. It is free, and yours to keep.",
        points=(
            "In your inbox within a minute",
            "Short enough to be read today",
            "No call unless you ask for one",
        ),
        art="cover",
        gains="What is inside",
        items=(
            ("checklist", "Where to begin", "The first step, and what it needs."),
            ("report", "What good looks like", "An example that you can copy."),
            ("stop", "What to leave out", "The work that nobody will miss."),
        ),
        questions=(_STOP, ("What does it cost?", "Nothing.")),
        again="It takes a minute",
    ),
    "contact": Words(
        heading="Talk to {firm}",
        lede="Say what it is about, in your own words. A person reads it and answers.",
        points=(
            "No menu to fight through",
            "The answer comes from somebody who knows",
            "You need not say anything twice",
        ),
        art="checklist",
        gains="What people write about",
        items=(
            ("report", "A price", "What something would cost, and what is included."),
            ("checklist", "A problem", "What does not work, and since when."),
            ("funnel", "An idea", "Something that we could do together."),
        ),
        questions=(
            ("What happens after I send this?", "A person reads what you wrote and answers you."),
            ("Will you call me?", "Only about what you wrote."),
        ),
        again="One message is enough",
    ),
    "newsletter": Words(
        heading="What we learn, in your inbox",
        lede="Short, useful, and about twice a month. One click ends it.",
        points=(
            "What worked, with the numbers",
            "What did not, and why",
            "Nothing that you could not use the same day",
        ),
        art="report",
        gains="What you get",
        items=(
            ("report", "One idea", "Worked out far enough to try it."),
            ("checklist", "One list", "What to do, in which order."),
            ("stop", "One thing to stop", "The work that nobody will miss."),
        ),
        questions=(
            ("How do I stop it?", "With the link at the foot of each mail."),
            ("Do you pass my address on?", "No."),
        ),
        again="Twice a month, and easy to stop",
    ),
}


def begin(*, form: Form, title: str = "") -> LandingPage:
    """A draft below the home page with the form on it and its first words; nobody sees it yet.

    Without a title it is called as its headline. Raises HomePage.DoesNotExist before the set-up is finished.
    """
    assert form.live is not None
    firm = Organisation.get().name
    offer = form.magnet.name if form.magnet else form.name
    words = WORDS[form.intent]
    heading = words.heading.format(firm=firm, offer=offer)
    button = str(form.live.schema.get("button") or "Send")
    page = LandingPage(
        title=title or heading,
        live=False,
        search_description=words.lede[:160],
        body=stream(
            [
                (
                    "hero",
                    {
                        "heading": heading,
                        "lede": words.lede,
                        "points": list(words.points),
                        "art": words.art,
                        "art_title": offer if words.art == "cover" else "",
                    },
                ),
                ("form", {"form": form.id}),
                (
                    "benefits",
                    {
                        "heading": words.gains,
                        "items": [
                            {"art": art, "heading": name, "text": text} for art, name, text in words.items
                        ],
                    },
                ),
                (
                    "faq",
                    {
                        "heading": "Before you ask",
                        "items": [
                            {"question": question, "answer": f"<p>{answer}</p>"}
                            for question, answer in words.questions
                        ],
                    },
                ),
                ("cta", {"heading": words.again, "button": {"label": button, "url": "#form"}}),
            ]
        ),
    )
    HomePage.objects.get().add_child(instance=page)
    page.save_revision()
    return page
