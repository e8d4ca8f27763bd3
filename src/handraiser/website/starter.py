# ruff: noqa: E501  (what visitors read stays unbroken)
"""A site to begin with, for an instance that starts empty: neutral words that the owner replaces."""

from __future__ import annotations

from datetime import datetime

from handraiser.core.staff.models import Organisation
from handraiser.website.building import home, put_up, rewrite, stream
from handraiser.website.models import BlogIndexPage, BlogPage, HomePage, PricingPage, StandardPage

_PRIVACY = """
<h2>Who is responsible</h2><p>{name}{address}.</p>
<h2>What we measure</h2><p>We count visits without cookies. Your address and browser are turned into a number that
nobody can reverse and that changes every night. If you accept, one cookie of our own lets us recognise you when you
come back. You can change your mind with "Privacy choices" at the foot of every page.</p>
<h2>What you send us</h2><p>What you write into a form is used to answer you. We send news only if you asked for it, and
every mail has a link to stop.</p>
<h2>How long we keep it</h2><p>Until the matter is settled, or until you ask us to erase it.</p>
<h2>Your rights</h2><p>You may ask what we know about you, have it corrected, erased or handed over, and object to its
use. Write to us; the address is in the imprint.</p>
"""


def build_site(*, organisation: Organisation, at: datetime) -> HomePage:
    """Home, blog with a first post, pricing, privacy notice and imprint. Doing it twice changes nothing."""
    name = organisation.name
    address = ", " + ", ".join(organisation.postal_address.split("\n")) if organisation.postal_address else ""
    front, new = home(
        title=name,
        seo_title="",
        description=f"{name}: what we do, what it costs, and how to reach us in one working day.",
        at=at,
    )
    if not new:
        return front
    pricing = put_up(
        front,
        PricingPage(
            title="Pricing",
            slug="pricing",
            show_in_menus=True,
            search_description=f"What {name} costs, what is included, and how to start without any risk.",
            body=stream(
                [
                    (
                        "text",
                        {"text": "<p>Say what it costs, for whom each offer is, and what is included.</p>"},
                    ),
                    (
                        "faq",
                        {
                            "heading": "Questions people ask",
                            "items": [
                                {
                                    "question": "Is there a free trial?",
                                    "answer": "<p>Answer in one sentence, with the next step.</p>",
                                }
                            ],
                        },
                    ),
                ]
            ),
        ),
        at=at,
    )
    blog = put_up(
        front,
        BlogIndexPage(
            title="Blog",
            slug="blog",
            show_in_menus=True,
            intro="What we learn, written down.",
            search_description=f"Articles of {name}: what we learn from our work, written down for others.",
        ),
        at=at,
    )
    put_up(
        blog,
        BlogPage(
            title="Why we write here",
            slug="why-we-write-here",
            date=at.date(),
            author=name,
            lede="The questions that people ask us before they buy, answered where everybody can read them.",
            search_description="The questions that people ask before they buy, answered for everybody to read.",
            body=stream(
                [
                    (
                        "text",
                        {
                            "text": "<p>Every week somebody asks a question that ten others have too. From now on the"
                            " answer stands here.</p><p>Replace this post with the question that you hear most.</p>"
                        },
                    )
                ]
            ),
        ),
        at=at,
    )
    put_up(
        front,
        StandardPage(
            title="Privacy",
            slug="privacy",
            in_foot=True,
            search_description="What we measure, what we do with what you send us, and how to have it erased.",
            body=stream([("text", {"text": _PRIVACY.format(name=name, address=address)})]),
        ),
        at=at,
    )
    put_up(
        front,
        StandardPage(
            title="Imprint",
            slug="imprint",
            in_foot=True,
            search_description=f"Who runs this site, and how to reach {name}.",
            body=stream([("text", {"text": f"<p>{name}{address}</p>"})]),
        ),
        at=at,
    )
    front.body = stream(
        [
            (
                "hero",
                {
                    "heading": f"Welcome to {name}",
                    "lede": "Say in one sentence what somebody gains here, and for whom it is.",
                    "points": [],
                    "art": "funnel",
                    "button": {"label": "See what it costs", "page": pricing.pk, "url": ""},
                    "second": {"label": "Read the blog", "page": blog.pk, "url": ""},
                },
            ),
            ("posts", {"heading": "From the blog"}),
        ]
    )
    rewrite(front, at=at)
    return front
