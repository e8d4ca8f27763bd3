# ruff: noqa: E501  (what visitors read stays unbroken)
"""Northlight's public site: a landing page with one goal, and the pages around it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from handraiser.core.staff.models import Organisation
from handraiser.website.building import home, put_up, rewrite, stream
from handraiser.website.models import (
    BlogIndexPage,
    BlogPage,
    HomePage,
    LandingPage,
    PricingPage,
    StandardPage,
)

VIOLET = "#3D2F9E"

_QUOTE = {
    "text": "We stopped eleven reports and nobody noticed. The twelfth now takes ten minutes.",
    "name": "Rosa Lindqvist",
    "role": "Marketing Director, Tarn Energy",
}

_FRIDAY_POST = """
<p>Ask a marketing team what they do on Friday afternoon. Nine out of ten say "the report". Four people copy numbers out
of five tools, somebody makes the chart green, and on Monday the board looks at it for ninety seconds.</p>
<h2>What the report really costs</h2>
<p>Count it once. Four people, three hours, 46 Fridays: 552 hours a year. At a loaded rate of £45 that is £24,840, before
anybody has made a decision. Then count how many decisions came out of it last quarter. Most teams find two.</p>
<h2>Three questions that stop a report</h2>
<ol><li><b>Who opened it?</b> Not "who gets it". If nobody opened the last three, stop it without telling anyone and wait
for a complaint. It rarely comes.</li>
<li><b>What changed because of it?</b> If the answer is "we feel informed", it is a newsletter. Send it monthly.</li>
<li><b>Which number would make you act?</b> Keep that one, with its range and its definition. Drop the other forty.</li></ol>
<h2>The one that stays</h2>
<p>One page, six numbers. Each has a definition a new colleague understands, the count behind it, and a range that says
how sure you may be. If this week's conversion rate is 16.7 % and the range is 14.7 to 18.8, then 15 % next week is not
news, and nobody has to explain it on Monday.</p>
<p>The form below sends you the playbook with the audit sheet, a one-page board report to copy, and the questions to ask
before you buy any tool, ours included.</p>
"""

_COMPARE_POST = """
<p>A spreadsheet is the right tool for longer than people who sell software admit. We sell software, so take this with
the grain of salt it deserves: here is when to stay, and when to leave.</p>
<h2>Stay with the spreadsheet</h2>
<ul><li>You have one or two sources, and one person who looks after the file.</li><li>The questions change every week, so
nothing is worth automating yet.</li><li>A wrong number costs an apology, not a budget.</li></ul>
"""

_COMPARE_END = """
<h2>How to leave without a project</h2>
<p>Do not move the whole file. Take the one report that people wait for, rebuild it, run both for two weeks, and compare
line by line. Where they differ, the reason is nearly always a definition that two people read differently. Write it
down. That page is worth more than the tool.</p>
"""

_PRIVACY = """
<h2>Who is responsible</h2><p>Northlight Ltd, 1 Example Street, London.</p>
<h2>What we measure</h2><p>We count visits without cookies. Your address and browser are turned into a number that nobody
can reverse and that changes every night. If you accept, one cookie of our own lets us recognise you when you come back.
No other company sees it. Change your mind with "Privacy choices" at the foot of every page. If your browser sends Global
Privacy Control, the answer is no and we do not ask.</p>
<h2>What you send us</h2><p>What you write into a form is used to send you what you asked for and to answer you. We send
product news only if you ticked the box, about twice a month, and every mail has a link to stop.</p>
<h2>How long we keep it</h2><p>Two years after your last visit or answer, unless you become a customer. Ask and we erase
it within a week.</p>
<h2>Your rights</h2><p>You may ask what we know about you, have it corrected, erased or handed over, and object to its
use. Write to hello@northlight.example.com.</p>
"""


def build_pages(*, form_ids: Mapping[str, str], at: datetime) -> HomePage:
    """The site as of a moment. `form_ids`: ids of the forms `playbook`, `demo` and `newsletter`. Made once."""
    Organisation.objects.filter(id=1).update(brand_hue=VIOLET)
    front, new = home(
        title="Northlight",
        seo_title="Northlight: marketing reports that write themselves",
        description="Northlight makes one marketing report from all your tools, every Friday, with numbers that"
        " say how sure you can be.",
        at=at,
    )
    if not new:
        return front
    pricing = put_up(front, _pricing(form_ids["demo"]), at=at)
    playbook = put_up(front, _playbook(form_ids["playbook"]), at=at)
    blog = put_up(
        front,
        BlogIndexPage(
            title="Blog",
            slug="blog",
            show_in_menus=True,
            intro="Short pieces about reports, numbers, and the people who have to explain them on Monday.",
            search_description="Short pieces about marketing reports, honest numbers, and getting Fridays back.",
            body=stream(
                [
                    (
                        "form",
                        {"form": form_ids["newsletter"], "heading": "One piece, twice a month", "button": ""},
                    )
                ]
            ),
        ),
        at=at,
    )
    for post in _posts(form_ids, at.date()):
        put_up(blog, post, at=at)
    put_up(
        front,
        StandardPage(
            title="Privacy",
            slug="privacy",
            in_foot=True,
            search_description="What Northlight measures, what happens to what you send us, and how to have it erased.",
            body=stream([("text", {"text": _PRIVACY})]),
        ),
        at=at,
    )
    put_up(
        front,
        StandardPage(
            title="Imprint",
            slug="imprint",
            in_foot=True,
            search_description="Northlight Ltd, London: who runs this site, and how to reach us.",
            body=stream(
                [
                    (
                        "text",
                        {
                            "text": "<p>Northlight Ltd<br/>1 Example Street, London</p>"
                            "<p>hello@northlight.example.com<br/>020 7946 0123</p>"
                        },
                    )
                ]
            ),
        ),
        at=at,
    )
    front.body = stream(
        [
            (
                "hero",
                {
                    "heading": "The marketing report that writes itself.",
                    "lede": "Northlight reads your ad accounts, your site and your CRM, and sends one page every"
                    " Friday. Six numbers, each with how sure you can be.",
                    "points": [],
                    "art": "report",
                    "button": {"label": "Book a demo", "page": None, "url": f"{pricing.url}#form"},
                    "second": {"label": "Get the playbook", "page": playbook.pk, "url": ""},
                },
            ),
            (
                "benefits",
                {
                    "heading": "Less copying, fewer meetings, better questions",
                    "items": [
                        {
                            "art": "stop",
                            "heading": "Stop eleven reports",
                            "text": "See who opens what. The reports nobody reads end quietly, and nobody asks.",
                        },
                        {
                            "art": "funnel",
                            "heading": "Six numbers that hold",
                            "text": "From first click to signed contract, with the count and the range behind each.",
                        },
                        {
                            "art": "checklist",
                            "heading": "Ready on Friday at nine",
                            "text": "Sources are checked overnight. If one is silent, the report says so first.",
                        },
                    ],
                },
            ),
            ("quote", _QUOTE),
            ("posts", {"heading": "From the blog"}),
            (
                "cta",
                {
                    "heading": "Your next Friday could be free.",
                    "button": {"label": "Get the playbook", "page": playbook.pk, "url": ""},
                },
            ),
        ]
    )
    front.button_label, front.button_page = "Get the playbook", playbook
    rewrite(front, at=at)
    return front


def _playbook(form: str) -> LandingPage:
    return LandingPage(
        title="Get your Fridays back",
        slug="playbook",
        seo_title="Get your Fridays back · The Reporting Playbook",
        search_description="The Reporting Playbook: how nine marketing teams swapped hand-made reports for one that"
        " writes itself. 24 pages, free.",
        body=stream(
            [
                (
                    "hero",
                    {
                        "heading": "Get your Fridays back.",
                        "lede": "The Reporting Playbook shows how nine marketing teams swapped hand-made reports for"
                        " one that writes itself. 24\u00a0pages, no fluff, free.",
                        "points": [
                            "The five reports nobody reads, and what to send instead",
                            "A one-page board report you can copy today",
                            "The questions to ask before you buy any tool, ours included",
                        ],
                        "art": "cover",
                        "art_title": "The Reporting Playbook",
                        "art_line": "Nine teams, one report",
                    },
                ),
                ("form", {"form": form, "heading": "", "button": ""}),
                ("quote", _QUOTE),
                (
                    "benefits",
                    {
                        "heading": "What is inside",
                        "items": [
                            {
                                "art": "stop",
                                "heading": "Find the reports to stop",
                                "text": "A ten-minute audit that shows who reads what, and what each report costs.",
                            },
                            {
                                "art": "report",
                                "heading": "Build the one that stays",
                                "text": "One page, six numbers, each with its definition and how sure you can be.",
                            },
                            {
                                "art": "checklist",
                                "heading": "Let it write itself",
                                "text": "A checklist for your data, your calendar and the people who get the report.",
                            },
                        ],
                    },
                ),
                (
                    "faq",
                    {
                        "heading": "Before you ask",
                        "items": [
                            {
                                "question": "Is it a sales brochure?",
                                "answer": "<p>No. It works with a spreadsheet. Our product appears on the last page,"
                                " once.</p>",
                            },
                            {
                                "question": "Will you call me?",
                                "answer": "<p>Not unless you ask. You get the playbook and a few short mails about"
                                " using it; every one has a link to stop.</p>",
                            },
                            {
                                "question": "May I share it?",
                                "answer": "<p>Yes, with your whole team. Link to this page instead of sending"
                                " the file, as we correct it now and then.</p>",
                            },
                        ],
                    },
                ),
                (
                    "cta",
                    {
                        "heading": "Your next Friday could be free.",
                        "button": {"label": "Send me the playbook", "page": None, "url": "#form"},
                    },
                ),
            ]
        ),
    )


def _pricing(form: str) -> PricingPage:
    demo = {"label": "Book a demo", "page": None, "url": "#form"}
    return PricingPage(
        title="Pricing",
        slug="pricing",
        show_in_menus=True,
        seo_title="Pricing: three plans, all reports included",
        search_description="Northlight costs £190, £490 or £1,200 a month. Every plan has all reports, all sources"
        " and a person to talk to.",
        body=stream(
            [
                (
                    "prices",
                    {
                        "heading": "Pay for the team, not for the reports",
                        "plans": [
                            {
                                "name": "Team",
                                "price": "£190",
                                "per": "a month",
                                "whom": "One team, one market, up to five sources.",
                                "points": [
                                    "All reports",
                                    "Five people",
                                    "Friday report by email",
                                    "Answers in a day",
                                ],
                                "button": demo,
                                "chosen": False,
                            },
                            {
                                "name": "Growth",
                                "price": "£490",
                                "per": "a month",
                                "whom": "Several channels, a CRM, and a board that asks.",
                                "points": [
                                    "Everything in Team",
                                    "Twenty people",
                                    "Twenty sources, CRM included",
                                    "Forecast with its track record",
                                ],
                                "button": demo,
                                "chosen": True,
                            },
                            {
                                "name": "Group",
                                "price": "£1,200",
                                "per": "a month",
                                "whom": "Several brands or countries that must add up.",
                                "points": [
                                    "Everything in Growth",
                                    "No limit on people and sources",
                                    "Own definitions per brand",
                                    "Named person on your side",
                                ],
                                "button": demo,
                                "chosen": False,
                            },
                        ],
                        "small_print": "Without VAT. Cancel any month. The first 30 days cost nothing.",
                    },
                ),
                ("form", {"form": form, "heading": "", "button": ""}),
                (
                    "faq",
                    {
                        "heading": "Questions people ask",
                        "items": [
                            {
                                "question": "How long does the set-up take?",
                                "answer": "<p>Most teams see their first report the same week. Connecting a source"
                                " takes ten minutes; agreeing on definitions takes an afternoon.</p>",
                            },
                            {
                                "question": "What if a source is missing?",
                                "answer": "<p>Send a CSV by mail every night, and it is a source. We build the"
                                " connection when three customers ask.</p>",
                            },
                            {
                                "question": "Who can see our numbers?",
                                "answer": "<p>You, and the person at Northlight you invite. Leaving takes one click"
                                " and a file with everything.</p>",
                            },
                        ],
                    },
                ),
            ]
        ),
    )


def _posts(form_ids: Mapping[str, str], today: date) -> list[BlogPage]:
    ask = (
        "form",
        {"form": form_ids["playbook"], "heading": "Get the playbook", "button": "Send me the playbook"},
    )
    return [
        BlogPage(
            title="Northlight or a spreadsheet: when to leave",
            slug="northlight-or-a-spreadsheet",
            date=today - timedelta(days=26),
            author="Noor Haddad",
            lede="A spreadsheet is the right tool for longer than people who sell software admit.",
            search_description="When a spreadsheet is enough for marketing reports, when it is not, and how to leave"
            " without a project.",
            body=stream(
                [
                    ("text", {"text": _COMPARE_POST}),
                    (
                        "compare",
                        {
                            "heading": "Side by side",
                            "ours": "Northlight",
                            "theirs": "A spreadsheet",
                            "rows": [
                                {
                                    "what": "First report",
                                    "ours": "The same week",
                                    "theirs": "The same afternoon",
                                },
                                {
                                    "what": "Every report after it",
                                    "ours": "Nobody's time",
                                    "theirs": "Two to four hours",
                                },
                                {
                                    "what": "A source goes silent",
                                    "ours": "The report says so first",
                                    "theirs": "Somebody notices, or not",
                                },
                                {
                                    "what": "A new question",
                                    "ours": "Minutes, within the model",
                                    "theirs": "Minutes, in any direction",
                                },
                                {"what": "Costs", "ours": "From £190 a month", "theirs": "Fridays"},
                            ],
                        },
                    ),
                    ("text", {"text": _COMPARE_END}),
                    ask,
                ]
            ),
        ),
        BlogPage(
            title="What your Friday report really costs",
            slug="what-your-friday-report-costs",
            date=today - timedelta(days=5),
            author="Mira Voss",
            lede="552 hours a year, two decisions. A short audit that finds the reports nobody reads.",
            search_description="What a hand-made marketing report costs in a year, and three questions that find the"
            " ones nobody reads.",
            body=stream([("text", {"text": _FRIDAY_POST}), ask]),
        ),
    ]
