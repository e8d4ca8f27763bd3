"""Making one person of two, and two of one again.

Rows go over in sets, a few statements for each table however many rows there are. Whatever a merge does to a row it
writes down, so that the way back needs no guess.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.db.models import Max, Q
from django.db.models.functions import Cast

from handraiser.core.identity import aliases
from handraiser.core.identity.models import Alias, Merge, MergedRow, TimelineItem, VisitorLink
from handraiser.core.identity.on_merge import Aside, Move, OnMerge, names_a_lead
from handraiser.core.identity.rules import survivorship
from handraiser.core.journal import outbox
from handraiser.core.journal.events.identity import PersonsMerged, PersonsUnmerged
from handraiser.core.journal.events.people import PersonChanged
from handraiser.core.people.actions import people
from handraiser.core.people.models import FieldDefinition, Lead, Person
from handraiser.kit import clock, failpoints, ids
from handraiser.kit.errors import DomainError

COMPANY = "company"


def fields_of(person: Person) -> dict[str, Any]:
    """What a merge chooses between, by key: the plain fields, the company's id, custom fields."""
    plain = {key: getattr(person, key) for key in people.FIELDS}
    return {**plain, COMPANY: person.company_id, **person.attributes}


@transaction.atomic
def merge(
    *, keep: str, gone: str, at: datetime, by: str = "", choices: Mapping[str, str] | None = None
) -> Merge:
    """Make one person of two: everything of `gone` goes over to `keep`, and `gone` becomes an alias for ever.

    `choices` names fields with "kept" or "gone"; see `rules.survivorship`. Of permissions the strictest holds. Of
    two open leads on one line the one that came further stays. Raises DomainError: no_person, same_person, erased,
    unknown_field.
    """
    keep, gone = aliases.current(keep), aliases.current(gone)
    both = people.locked([keep, gone])
    _refuse(keep, gone, both, choices or {})
    this = Merge.objects.create(
        id=ids.new("merge", at_ms=clock.ms(at)),
        kept_id=keep,
        gone_id=gone,
        at=at,
        by=by,
        timeline_upto=TimelineItem.objects.aggregate(newest=Max("id"))["newest"] or 0,
    )
    ledger = _Ledger(this, kept=keep, gone=gone, at=at, by=by)
    table: list[OnMerge] = settings.ON_MERGE()
    for entry in table:
        if entry.first:
            entry.first(ledger)
    taken = _decide_fields(ledger, both[keep], both[gone], choices or {})
    one_of_two = _join_leads(ledger, table, keep, gone)
    _go_over(ledger, table, gone, keep, leads=False)
    failpoints.reach("merge.moved")
    ledger.take_out(Person.objects.filter(id=gone))
    ledger.write()
    aliased = [Alias(old_id=gone, person_id=keep)]
    aliased += [Alias(old_id=old, lead_id=new) for old, new in one_of_two.items()]
    Alias.objects.bulk_create(aliased)
    outbox.publish(
        PersonsMerged(merge=this.id, gone=gone, by=by, leads=one_of_two, fields=taken), at=at, person=keep
    )
    return this


def _refuse(keep: str, gone: str, both: Mapping[str, Person], choices: Mapping[str, str]) -> None:
    if keep == gone:
        raise DomainError("same_person", "These are one person already.", kind="conflict")
    for one in (keep, gone):
        if one not in both:
            raise DomainError("no_person", "There is no person with this id.", kind="missing")
        if both[one].erased_at:
            raise DomainError("erased", "Somebody who was erased cannot be merged.", kind="conflict")
    known = fields_of(both[keep]).keys() | fields_of(both[gone]).keys()
    if unknown := sorted(choices.keys() - known):
        raise DomainError("unknown_field", f"There is no person field {', '.join(unknown)}.", field="choices")
    if set(choices.values()) - {survivorship.KEPT, survivorship.GONE}:
        raise DomainError("unknown_choice", "Choose kept or gone for each field.", field="choices")


def standing(merge_id: str) -> Merge:
    """A merge that holds. Raises DomainError: no_merge, undone, merged_since."""
    this = Merge.objects.select_for_update().filter(id=merge_id).first()
    if this is None:
        raise DomainError("no_merge", "There is no merge with this id.", kind="missing")
    if this.undone_at:
        raise DomainError("undone", "This merge was undone already.", kind="conflict")
    # The ledger counts on, whatever time the callers told.
    last = this.rows.aggregate(last=Max("id"))["last"]
    if MergedRow.objects.filter(merge__kept=this.kept_id, merge__undone_at=None, id__gt=last).exists():
        raise DomainError(
            "merged_since", "Undo the later merge of this person first, then this one.", kind="conflict"
        )
    return this


@transaction.atomic
def unmerge(*, merge: str, at: datetime, by: str = "") -> Merge:
    """Make two people of one again, each row as it was before the merge.

    What came in meanwhile stays with the kept person, but for the events of the returning person, leads and
    browsers. Merges of one person are undone in reverse. Raises as `standing` does.
    """
    this = standing(merge)
    keep = this.kept_id
    people.locked([keep])
    Alias.objects.filter(old_id__in=_went(this)).delete()
    _put_back(this)
    _follow(this)
    failpoints.reach("unmerge.restored")
    this.rows.all().delete()
    Merge.objects.filter(id=this.id).update(undone_at=at, undone_by=by)
    this.undone_at, this.undone_by = at, by
    for who, other in ((keep, this.gone_id), (this.gone_id, keep)):
        outbox.publish(PersonsUnmerged(merge=this.id, other=other, by=by), at=at, person=who)
    return this


# ---------------------------------------------------------------------------- what is decided


def _decide_fields(ledger: _Ledger, kept: Person, gone: Person, chosen: Mapping[str, str]) -> list[str]:
    """Write the winning values; returns the names of those that came from the one who goes."""
    mine = fields_of(kept)
    decided = survivorship.choices(mine, fields_of(gone), chosen)
    taken = [choice for choice in decided if choice.wins == survivorship.GONE and choice.kept != choice.gone]
    values: dict[str, Any] = {}
    attributes = dict(kept.attributes)
    for choice in taken:
        if choice.key == COMPANY:
            values["company_id"] = choice.value
        elif choice.key in people.FIELDS:
            values[choice.key] = choice.value
        else:
            attributes[choice.key] = choice.value
    seen = [moment for moment in (kept.last_seen_at, gone.last_seen_at) if moment]
    values |= {
        "attributes": attributes,
        "proposed": {**gone.proposed, **kept.proposed},
        "created_at": min(kept.created_at, gone.created_at),
        "last_seen_at": max(seen, default=None),
    }
    ledger.change(Person.objects.filter(id=kept.id), values)
    _announce(kept.id, {choice.key: choice.value for choice in taken}, at=ledger.at, by=ledger.by)
    return [choice.key for choice in taken]


def _announce(person: str, values: Mapping[str, Any], *, at: datetime, by: str) -> None:
    """Tell of changed fields as `people.change_all` does: personal values by their hash."""
    others = values.keys() - people.FIELDS.keys() - {COMPANY}
    custom = dict(
        FieldDefinition.objects.filter(entity="person", key__in=others).values_list("key", "personal")
    )
    facts = []
    for name, value in values.items():
        hidden = name != COMPANY and people.FIELDS.get(name, custom.get(name, True))
        fact = PersonChanged(
            field_name=name,
            value=None if hidden else value,
            value_hash=outbox.personal_hash(str(value)) if hidden and value else None,
            by=by,
        )
        facts.append(outbox.prepare(fact, at=at, person=person))
    outbox.publish_all(facts)


_FIRST_TOUCH = ("opened_at", "how", "channel", "source", "medium", "campaign", "landing_page")
_LAST_TOUCH = ("last_touch", "raised_with")
_ACTIVITY = ("last_activity", "last_activity_at")


def _join_leads(ledger: _Ledger, table: Iterable[OnMerge], keep: str, gone: str) -> dict[str, str]:
    """Make one of two open leads on one line; returns for each that went the one that stays."""
    lines: dict[str, list[Lead]] = {}
    for lead in Lead.objects.filter(person_id__in=(keep, gone), closed_at=None).order_by("id"):
        lines.setdefault(lead.offer_line_id, []).append(lead)
    joined = {}
    for leads in lines.values():
        if len(leads) < 2:
            continue
        leads.sort(key=lambda lead: lead.person_id != keep)
        by_id = {lead.id: lead for lead in leads}
        one, other = (
            survivorship.OpenLead(lead.id, lead.stage, lead.owner_id is not None, lead.opened_at)
            for lead in leads
        )
        stays, goes = survivorship.stays(one, other)
        joined[goes] = stays
        ledger.change(Lead.objects.filter(id=stays), _lead_values(by_id[stays], by_id[goes]))
        _go_over(ledger, table, goes, stays, leads=True, people=(keep, gone))
        ledger.take_out(Lead.objects.filter(id=goes))
    return joined


def _lead_values(stays: Lead, goes: Lead) -> dict[str, Any]:
    """How it began is told by the earlier lead, how it stands by the livelier one; gaps are filled."""
    values: dict[str, Any] = {
        "attributes": {**goes.attributes, **stays.attributes},
        "owner_id": stays.owner_id or goes.owner_id,
        "external_id": stays.external_id or goes.external_id,
    }
    if goes.opened_at < stays.opened_at:
        values |= {name: getattr(goes, name) for name in _FIRST_TOUCH}
    else:
        values |= {name: getattr(goes, name) for name in _LAST_TOUCH if getattr(goes, name)}
    if goes.last_activity_at and (
        not stays.last_activity_at or goes.last_activity_at > stays.last_activity_at
    ):
        values |= {name: getattr(goes, name) for name in _ACTIVITY}
    return values


def _go_over(
    ledger: _Ledger,
    table: Iterable[OnMerge],
    old: str,
    new: str,
    *,
    leads: bool,
    people: tuple[str, ...] = (),
) -> None:
    """Take every row that names `old` to `new`, as its folder says."""
    for entry in table:
        for column, deed in entry.columns.items():
            if names_a_lead(entry.model, column) != leads:
                continue
            name = _column(entry.model, column).attname
            found = entry.model._default_manager.filter(**{name: old})
            if isinstance(deed, Aside):
                ledger.take_out(found)
            elif isinstance(deed, Move):
                if deed.within:
                    found = found.filter(**{f"{deed.within}__in": people})
                if deed.where is not None:
                    ledger.change(_doubled(entry.model, name, deed, old, new), deed.otherwise)
                ledger.move(found, name, old, new)


def _doubled(model: type[models.Model], name: str, deed: Move, old: str, new: str) -> models.QuerySet:
    """Rows of `old` of which `new` has one already, by `where` and `once`."""
    assert deed.where is not None
    rows = model._default_manager.filter(deed.where)
    standing = rows.filter(**{name: new})
    if not deed.once:
        return rows.filter(**{name: old}) if standing.exists() else rows.none()
    meets = Q(pk__in=[])
    for values in standing.values(*deed.once):
        meets |= Q(**values)
    return rows.filter(meets, **{name: old})


# ---------------------------------------------------------------------------- what is written down


@dataclass
class _Ledger:
    """Does what a merge does to rows, and writes it down: `on_merge.Merging`."""

    merge: Merge
    kept: str
    gone: str
    at: datetime
    by: str
    lines: list[MergedRow] = field(default_factory=list)

    def change(self, rows: models.QuerySet, values: Mapping[str, Any]) -> None:
        """Set values of these rows; few, their old values are read."""
        if not values:
            return
        names = list(values)
        keys = []
        for pk, *old in rows.values_list("pk", *names):
            keys.append(pk)
            for name, was in zip(names, old, strict=True):
                if was != values[name]:
                    self._note("changed", rows.model, pk, name, _text(was), _text(values[name]))
        if keys:
            rows.model._default_manager.filter(pk__in=keys).update(**values)

    def add(self, row: models.Model) -> None:
        """Make a row that only the merge needs."""
        row.save(force_insert=True)
        self._note("added", type(row), row.pk, "", "", "")

    def take_out(self, rows: models.QuerySet) -> None:
        """Take rows out until the merge is undone. Nothing hangs on them any more, or the database objects."""
        self.write()
        for one in rows:
            self._note("removed", rows.model, one.pk, "", _text(_values(one)), "")
        # Not QuerySet.delete: that would look for what hangs on each row, and take it along.
        rows.model._default_manager.filter(pk__in=[one.pk for one in rows])._raw_delete(rows.db)

    def move(self, rows: models.QuerySet, name: str, old: str, new: str) -> None:
        """Take rows from one id to another, however many."""
        self.write()
        model = rows.model
        found = rows.order_by().annotate(row_=Cast("pk", models.CharField(max_length=64))).values("row_")
        sql, parameters = found.query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into identity_merged_row(merge_id, kind, model, row, field, was, became)"
                f" select %s, 'moved', %s, found.row_, %s, %s, %s from ({sql}) found",
                [self.merge.id, model._meta.label, name, old, new, *parameters],
            )
        rows.update(**{name: new})

    def write(self) -> None:
        """Write down what is still in memory, so that the ledger keeps the order of the deeds."""
        MergedRow.objects.bulk_create(self.lines, batch_size=200)
        self.lines.clear()

    def _note(self, kind: str, model: type[models.Model], pk: Any, name: str, was: str, became: str) -> None:
        self.lines.append(
            MergedRow(
                merge=self.merge,
                kind=kind,
                model=model._meta.label,
                row=str(pk),
                field=name,
                was=was,
                became=became,
            )
        )


class _Exact(DjangoJSONEncoder):
    """Moments to the microsecond; Django's own encoder stops at the millisecond."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def _column(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    column = model._meta.get_field(name)
    assert isinstance(column, models.Field)
    return column


def _text(value: Any) -> str:
    return json.dumps(value, cls=_Exact)


def _values(row: models.Model) -> dict[str, Any]:
    return {one.attname: getattr(row, one.attname) for one in row._meta.concrete_fields}


def _value(model: type[models.Model], name: str, text: str) -> Any:
    column = _column(model, name)
    value = json.loads(text)
    return value if isinstance(column, models.JSONField) else column.to_python(value)


# ---------------------------------------------------------------------------- the way back


def _put_back(this: Merge) -> None:
    """Undo the ledger from its last line to its first: moves in sets, the rest row by row (few)."""
    keys = ("kind", "model", "field", "was", "became")
    moved = this.rows.filter(kind="moved").values(*keys).annotate(last=Max("id"))
    single = this.rows.exclude(kind="moved").order_by("-id")
    steps: list[tuple[int, Any]] = [(group["last"], group) for group in moved]
    steps += [(line.id, line) for line in single]
    # First everything that stands goes back to its place, then comes what was taken out: a lead that returns
    # must not meet the one that stood in for it.
    removed = []
    for _, step in sorted(steps, key=lambda one: -one[0]):
        if isinstance(step, MergedRow):
            if step.kind == "removed":
                removed.append(step)
            else:
                _restore(step)
            continue
        model = apps.get_model(step["model"])
        kept = this.rows.filter(**{key: step[key] for key in keys})
        returning = kept.values(key=Cast("row", output_field=_plain(model._meta.pk)))
        rows = model._default_manager.filter(pk__in=returning, **{step["field"]: step["became"]})
        rows.update(**{step["field"]: step["was"]})
    # People before their leads, leads before what hangs on them.
    for line in removed:
        model = apps.get_model(line.model)
        stored = json.loads(line.was)
        row = model(**{name: _value(model, name, _text(value)) for name, value in stored.items()})
        row.save_base(raw=True, force_insert=True)


def _plain(key: models.Field) -> models.Field:
    """The type of a key for a comparison; a counted key is a number."""
    while isinstance(key, models.ForeignKey):
        key = key.target_field
    if isinstance(key, models.AutoField | models.IntegerField):
        return models.BigIntegerField()
    return models.CharField(max_length=64)


def _restore(line: MergedRow) -> None:
    model = apps.get_model(line.model)
    rows = model._default_manager.filter(pk=line.row)
    if line.kind == "added":
        rows.delete()
        return
    # Whoever changed it since knew better.
    now = rows.values_list(line.field, flat=True).first()
    # As values, not as text: a database keeps the keys of JSON in an order of its own.
    if rows.exists() and json.loads(_text(now)) == json.loads(line.became):
        rows.update(**{line.field: _value(model, line.field, line.was)})


def _went(this: Merge) -> list[str]:
    """The ids that became aliases by this merge."""
    leads = this.rows.filter(kind="removed", model=Lead._meta.label).values_list("row", flat=True)
    return [this.gone_id, *leads]


def _follow(this: Merge) -> None:
    """What was told of the returning person, leads and browsers since the merge returns with them, on the timeline.

    Each event goes where the reader would put it today.
    """
    since = TimelineItem.objects.filter(person=this.kept_id, id__gt=this.timeline_upto)
    for lead in _went(this)[1:]:
        old = Alias.objects.filter(lead=lead).values_list("old_id", flat=True)
        since.filter(told_lead__in=[lead, *old]).update(lead_id=lead)
    old = Alias.objects.filter(person=this.gone_id).values_list("old_id", flat=True)
    visitors = VisitorLink.objects.filter(person=this.gone_id).values("visitor")
    about = Q(told_person__in=[this.gone_id, *old]) | Q(told_person="", visitor__in=visitors)
    theirs = Q(lead_id__in=Lead.objects.filter(person=this.gone_id).values("id"))
    stays = Q(lead_id__in=Lead.objects.filter(person=this.kept_id).values("id"))
    since.filter(theirs | (about & ~stays)).update(person=this.gone_id)
