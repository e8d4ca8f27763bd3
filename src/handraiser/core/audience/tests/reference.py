"""What conditions mean, once more and as plainly as can be: one person at a time, from the rows themselves."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from handraiser.core.audience.models import Segment
from handraiser.core.consent.models import Grant
from handraiser.core.delivery.models import Suppression
from handraiser.core.identity.models import TimelineItem
from handraiser.core.people.models import FieldDefinition, Lead, Person

DAY = timedelta(days=1)


class World:
    def __init__(self, at: datetime) -> None:
        self.at = at
        self.fields = {(one.entity, one.key): one.kind for one in FieldDefinition.objects.all()}
        self.people = list(Person.objects.filter(erased_at=None).select_related("company"))
        self.grants, self.leads = list(Grant.objects.all()), list(Lead.objects.all())
        self.items, self.listed = list(TimelineItem.objects.all()), list(Suppression.objects.all())
        self.segments = {one.id: one.saved.condition for one in Segment.objects.all()}

    def fit(self, tree) -> set[str]:
        return {person.id for person in self.people if self.holds(tree, person)}

    def holds(self, node, person) -> bool:
        return getattr(self, type(node).__name__)(node, person)

    def AllOf(self, node, person):
        return all(self.holds(one, person) for one in node.of)

    def AnyOf(self, node, person):
        return any(self.holds(one, person) for one in node.of)

    def NoneOf(self, node, person):
        return not any(self.holds(one, person) for one in node.of)

    def InSegment(self, node, person):
        return node.inside == self.holds(self.segments[node.segment], person)

    def Bucket(self, node, person):
        digest = hashlib.md5(f"{node.draw}:{person.id}".encode()).hexdigest()
        return node.low <= int(digest[:6], 16) % 100 <= node.high

    def Consent(self, node, person):
        grants = [one for one in self.grants if (one.person_id, one.purpose_id) == (person.id, node.purpose)]
        in_force = any(grant.withdrawn_at is None for grant in grants)
        return node.state == ("granted" if in_force else "withdrawn" if grants else "never")

    def Listed(self, node, person):
        theirs = {one.reason for one in self.listed if one.email and one.email == person.email}
        return node.on == bool(theirs & set(node.reasons) if node.reasons else theirs)

    def Stage(self, node, person):
        leads = [lead for lead in self.leads if lead.person_id == person.id]
        some_open = any(lead.closed_at is None for lead in leads)
        for lead in leads:
            if lead.stage in node.stages:
                lost = lead.stage in ("recycled", "disqualified")
                if lead.stage == "customer" or (not some_open if lost else lead.closed_at is None):
                    return True
        return False

    def open_leads(self, person):
        return [lead for lead in self.leads if lead.person_id == person.id and lead.closed_at is None]

    def Score(self, node, person):
        name = node.measure + ("_points" if node.measure in ("fit", "engagement") else "")
        values = [getattr(lead, name) for lead in self.open_leads(person)]
        if node.measure in ("grade", "temperature"):
            return any(value in node.values for value in values)
        return any(self.between(value / 1_000_000, node.low, node.high) for value in values)

    def Attribute(self, node, person):
        source, _, name = node.key.partition(".")
        employer = [person.company] if person.company else []
        rows = {"person": [person], "company": employer, "lead": self.open_leads(person)}[source]
        values = [self.value(row, source, name) for row in rows]
        if node.test == "unknown":
            return all(value is None for value in values)
        return any(value is not None and self.test(value, node) for value in values)

    def value(self, row, source, name):
        if name.startswith("custom."):
            key = name.removeprefix("custom.")
            value, kind = row.attributes.get(key), self.fields[source, key]
            if kind == "boolean":
                return {"True": "yes", "yes": "yes", "False": "no", "no": "no"}.get(str(value))
            if kind == "date":
                return None if not value else datetime.fromisoformat(value).replace(tzinfo=UTC)
            return self.number(value) if kind == "number" else None if value in (None, "") else str(value)
        if name == "email_domain":
            return row.email.partition("@")[2] or None
        value = getattr(row, name)
        return None if value == "" else value

    @staticmethod
    def number(value):
        try:
            return float(value)
        except (TypeError, ValueError):
            return None

    def test(self, value, node) -> bool:
        if node.test == "known":
            return True
        if node.test == "within":
            return self.at - node.days * DAY < value <= self.at
        if node.test == "more_than_ago":
            return value <= self.at - node.days * DAY
        if node.test == "between":
            day = isinstance(value, datetime)
            return self.between(value.date().isoformat() if day else value, node.low, node.high)
        if isinstance(value, int | float):
            return (value in [float(one) for one in node.values]) == (node.test == "is")
        told = value.lower()
        wanted = [one.strip().lower() for one in node.values]
        if node.test in ("contains", "starts_with"):
            return any(one in told if node.test == "contains" else told.startswith(one) for one in wanted)
        return (told in wanted) == (node.test == "is")

    @staticmethod
    def between(value, low, high) -> bool:
        return (low is None or value >= low) and (high is None or value <= high)

    def moments(self, node, person):
        for item in self.items:
            mine = (item.person_id, item.name) == (person.id, node.event) and not item.body.get("machine")
            if mine and all(self.where(one, item.body) for one in node.where):
                yield item.occurred_at

    def where(self, one, body) -> bool:
        value = {**body, **{f"properties.{key}": of for key, of in body.get("properties", {}).items()}}.get(
            one.field
        )
        value = None if value in (None, "") else self.number(value) if one.test == "between" else str(value)
        return value is None if one.test == "unknown" else value is not None and self.test(value, one)

    def Performed(self, node, person):
        since = None if node.days is None else self.at - node.days * DAY
        count = sum(since is None or moment > since for moment in self.moments(node, person))
        more, fewer = node.amount == "at_least", node.amount == "at_most"
        return count == node.times or (more and count > node.times) or (fewer and count < node.times)

    def LastPerformed(self, node, person):
        last = max(self.moments(node, person), default=None)
        return last is not None and (last > self.at - node.days * DAY) == (node.ago == "less")
