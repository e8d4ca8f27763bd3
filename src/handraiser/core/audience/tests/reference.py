"""What conditions mean, once more and as plainly as can be: one person at a time, from the rows themselves."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from handraiser.core.audience.models import Segment
from handraiser.core.audience.rules import conditions as c
from handraiser.core.consent.models import Grant
from handraiser.core.identity.models import TimelineItem
from handraiser.core.people.models import FieldDefinition, Lead, Person

DAY = timedelta(days=1)


def fit(tree, at) -> set[str]:
    world = World(at)
    return {person.id for person in Person.objects.filter(erased_at=None) if world.holds(tree, person)}


class World:
    def __init__(self, at: datetime) -> None:
        self.at = at
        self.fields = {(one.entity, one.key): one.kind for one in FieldDefinition.objects.all()}

    def holds(self, node, person) -> bool:
        return getattr(self, type(node).__name__)(node, person)

    def AllOf(self, node, person):
        return all(self.holds(one, person) for one in node.of)

    def AnyOf(self, node, person):
        return any(self.holds(one, person) for one in node.of)

    def NoneOf(self, node, person):
        return not any(self.holds(one, person) for one in node.of)

    def InSegment(self, node, person):
        segment = Segment.objects.get(id=node.segment)
        return node.inside == self.holds(segment.saved.condition, person)

    def Bucket(self, node, person):
        digest = hashlib.md5(f"{node.draw}:{person.id}".encode()).hexdigest()
        return node.low <= int(digest[:6], 16) % 100 <= node.high

    def Consent(self, node, person):
        grants = list(Grant.objects.filter(person=person, purpose=node.purpose))
        in_force = any(grant.withdrawn_at is None for grant in grants)
        state = "granted" if in_force else "withdrawn" if grants else "never"
        return state == node.state

    def Stage(self, node, person):
        leads = list(Lead.objects.filter(person=person))
        some_open = any(lead.closed_at is None for lead in leads)
        for lead in leads:
            if lead.stage in node.stages:
                if lead.closed_at is None and lead.stage not in ("recycled", "disqualified"):
                    return True
                if lead.stage == "customer" or (lead.stage in ("recycled", "disqualified") and not some_open):
                    return True
        return False

    def Score(self, node, person):
        for lead in Lead.objects.filter(person=person, closed_at=None):
            if node.measure in ("grade", "temperature"):
                if getattr(lead, node.measure) in node.values:
                    return True
                continue
            micro = lead.points if node.measure == "points" else getattr(lead, f"{node.measure}_points")
            if self.between(micro / 1_000_000, node.low, node.high):
                return True
        return False

    def Attribute(self, node, person):
        source, _, name = node.key.partition(".")
        if source == "person":
            rows = [person]
        elif source == "company":
            rows = [person.company] if person.company else []
        else:
            rows = list(Lead.objects.filter(person=person, closed_at=None))
        values = [self.value(row, source, name) for row in rows]
        if node.test == "unknown":
            return all(value is None for value in values)
        return any(value is not None and self.test(value, node) for value in values)

    def value(self, row, source, name):
        if name.startswith("custom."):
            key = name.removeprefix("custom.")
            value, kind = row.attributes.get(key), self.fields[source, key]
            if kind == "number":
                return self.number(value)
            if kind == "boolean":
                told = str(value).lower()
                return {"true": "yes", "yes": "yes", "1": "yes", "false": "no", "no": "no", "0": "no"}.get(told)
            if kind == "date":
                return None if not value else datetime.fromisoformat(value).replace(tzinfo=UTC)
            return None if value in (None, "") else str(value)
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
        if node.test == "between" and isinstance(value, datetime):
            return self.between(value.date().isoformat(), node.low, node.high)
        if node.test == "between":
            return self.between(value, node.low, node.high)
        if isinstance(value, int | float):
            return (value in [float(one) for one in node.values]) == (node.test == "is")
        told = value.lower()
        wanted = [one.strip().lower() for one in node.values]
        if node.test == "contains":
            return any(one in told for one in wanted)
        if node.test == "starts_with":
            return any(told.startswith(one) for one in wanted)
        return (told in wanted) == (node.test == "is")

    @staticmethod
    def between(value, low, high) -> bool:
        return (low is None or value >= low) and (high is None or value <= high)

    def moments(self, node, person):
        for item in TimelineItem.objects.filter(person=person, name=node.event):
            if not item.body.get("machine") and all(self.where(one, item.body) for one in node.where):
                yield item.occurred_at

    def where(self, one, body) -> bool:
        value = body.get("properties", {}).get(one.field[11:]) if one.field[:11] == "properties." else body.get(one.field)
        value = None if value in (None, "") else self.number(value) if one.test == "between" else str(value)
        return value is None if one.test == "unknown" else value is not None and self.test(value, one)

    def Performed(self, node, person):
        since = None if node.days is None else self.at - node.days * DAY
        count = sum(since is None or moment > since for moment in self.moments(node, person))
        return {"at_least": count >= node.times, "exactly": count == node.times, "at_most": count <= node.times}[node.amount]

    def LastPerformed(self, node, person):
        last = max(self.moments(node, person), default=None)
        if last is None:
            return False
        return last > self.at - node.days * DAY if node.ago == "less" else last <= self.at - node.days * DAY
