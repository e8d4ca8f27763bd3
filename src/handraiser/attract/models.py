"""What is derived from the journal about visits, and what the collector leaves in records."""

from __future__ import annotations

from functools import partial

from django.db import models

from handraiser.kit import ids


class Visit(models.Model):
    """A touch: page views of one visitor without a pause of 30 minutes, and where they came from."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "visit"))
    visitor = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    last_at = models.DateTimeField()
    pages = models.PositiveIntegerField(default=1, help_text="Page views.")
    consent = models.BooleanField(default=False)
    channel = models.CharField(max_length=40, blank=True, help_text="Empty: unknown.")
    source = models.CharField(max_length=200, blank=True)
    medium = models.CharField(max_length=200, blank=True)
    campaign = models.CharField(max_length=200, blank=True)
    landing_path = models.CharField(max_length=400, blank=True)
    referrer_host = models.CharField(max_length=253, blank=True)
    rule_version = models.PositiveSmallIntegerField(default=1, help_text="Of the channel rules.")
    told = models.JSONField(
        null=True,
        help_text="What the first hit told: path, referrer, whether that was our own, utm, click_ids.",
    )
    views = models.TextField(
        default="[]",
        help_text="Its page views, as rules.visits keeps them: one that comes late may cut it anew.",
    )

    class Meta:
        db_table = "attract_visit"
        indexes = [
            models.Index(fields=["visitor", "-started_at"], name="visit_newest_of_visitor"),
            models.Index(fields=["started_at", "channel"], name="visit_by_day"),
        ]


class PageSeen(models.Model):
    """A page that a visit saw, at the first time it did: the n behind a page's conversion rate.

    There is one for each page of a visit because the reader, which alone writes them, knows what the visit had
    before; an index and a foreign key that say so again would cost it as much as the rows.
    """

    visit = models.ForeignKey(
        Visit, on_delete=models.DO_NOTHING, related_name="seen", db_index=False, db_constraint=False
    )
    path = models.CharField(max_length=400)
    at = models.DateTimeField()

    class Meta:
        db_table = "attract_page_seen"
        indexes = [models.Index(fields=["path", "at"], name="page_seen_by_day")]


class Conversion(models.Model):
    """A form that was sent from a page, as told by `capture.form_submitted`."""

    message_id = models.CharField(max_length=64, primary_key=True)
    path = models.CharField(max_length=400)
    intent = models.CharField(max_length=40)
    form = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        db_table = "attract_conversion"
        indexes = [models.Index(fields=["path", "at"], name="conversion_by_day")]


class Link(models.Model):
    """An address with campaign fields, kept so that everybody writes a campaign the same way."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "link"))
    name = models.CharField(max_length=120)
    url = models.CharField(max_length=1000, help_text="With its campaign fields.")
    source = models.CharField(max_length=120)
    medium = models.CharField(max_length=120)
    campaign = models.CharField(max_length=200)
    made_by = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "attract_link"
        indexes = [models.Index(fields=["-created_at"], name="link_newest")]


class Identification(models.Model):
    """What an `identify` call told the collector: personal, so it lives here, not in the journal.

    Written by the collector. From a secret key (`trusted`) it is applied to the person; from a public key it
    stays a claim that changes nobody.
    """

    message_id = models.CharField(max_length=64, primary_key=True)
    key_id = models.CharField(max_length=40)
    trusted = models.BooleanField()
    visitor = models.CharField(max_length=64, blank=True)
    user_id = models.CharField(max_length=400, blank=True)
    traits = models.JSONField(default=dict)
    identified_at = models.DateTimeField()
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    person_id = models.CharField(max_length=40, null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "attract_identification"
        indexes = [
            models.Index(
                fields=["identified_at"],
                condition=models.Q(trusted=True, applied_at=None, error=""),
                name="identification_waiting",
            ),
            models.Index(
                fields=["received_at"], condition=models.Q(trusted=False), name="identification_by_age"
            ),
        ]
