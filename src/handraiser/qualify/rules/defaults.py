"""The classic rule set, live on a fresh instance: the five rules everybody starts with, and a demo request.

The threshold of 75 is out of reach by fit alone and by one sort of behaviour alone. Pricing counts by the
visit, so that reloading a page is worth nothing, and four visits a month are as convincing as forty. Three events
of a product make a PQL.
"""

from __future__ import annotations

from handraiser.qualify.rules.rule_set import (
    POINT,
    AttributeRule,
    Bands,
    EventRule,
    FrequencyRule,
    Limits,
    Rules,
    Signal,
)

CLASSIC = Rules(
    threshold=75 * POINT,
    leave=60 * POINT,
    limits=Limits(fit=40 * POINT, engagement=120 * POINT, against=-40 * POINT),
    bands=Bands(
        fit_a=15 * POINT,
        fit_b=5 * POINT,
        engagement_1=50 * POINT,
        engagement_2=20 * POINT,
        hot=75 * POINT,
        warm=40 * POINT,
    ),
    rules=(
        AttributeRule(
            key="vp_of_marketing",
            group="fit",
            points=15 * POINT,
            field="job_title",
            test="contains",
            value="VP of Marketing",
        ),
        EventRule(
            key="pricing",
            group="engagement",
            points=10 * POINT,
            event="attract.page_viewed",
            where_field="path",
            value="/pricing/",
            counting="visit",
            at_most=4,
            days=30,
        ),
        EventRule(
            key="ebook",
            group="engagement",
            points=5 * POINT,
            event="capture.magnet_downloaded",
            where_field="kind",
            value="ebook",
            counting="distinct",
            distinct="magnet",
            days=90,
        ),
        FrequencyRule(
            key="five_emails",
            group="engagement",
            points=20 * POINT,
            event="delivery.email_opened",
            distinct="message",
            times=5,
            within_days=7,
        ),
        EventRule(
            key="demo",
            group="engagement",
            points=40 * POINT,
            event="capture.form_submitted",
            where_field="intent",
            value="demo",
            counting="once",
            days=90,
        ),
        AttributeRule(
            key="free_mail", group="against", points=-5 * POINT, field="email_free", test="is_true"
        ),
    ),
    signals=(
        Signal(key="trial_started", event="Trial Started"),
        Signal(key="limit_reached", event="Limit Reached"),
        Signal(key="teammates_invited", event="Teammates Invited"),
    ),
)
