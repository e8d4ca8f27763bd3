"""Writing forms: one draft at a time beside the version that is live."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from handraiser.capture.models import Form, FormVersion, LeadMagnet
from handraiser.capture.rules import schema as schemas
from handraiser.capture.rules.schema import Field, Schema
from handraiser.core.staff.models import User
from handraiser.kit import clock, ids
from handraiser.kit.errors import DomainError


@transaction.atomic
def create(*, name: str, intent: str, schema: Schema, at: datetime, magnet: LeadMagnet | None = None) -> Form:
    """Make a form whose first draft asks this. A taken name gets a number. Raises DomainError("no_name")."""
    name = _free_name(name)
    form = Form.objects.create(
        id=ids.new("form", at_ms=clock.ms(at)),
        name=name,
        slug=_free_slug(name),
        intent=intent,
        magnet=magnet,
        created_at=at,
    )
    FormVersion.objects.create(form=form, number=1, schema=schemas.dump(schema), created_at=at)
    return form


def _free_name(name: str) -> str:
    name = name.strip()[:110]
    if not name:
        raise DomainError("no_name", "A form needs a name.", field="name")
    taken = set(Form.objects.filter(name__startswith=name).values_list("name", flat=True))
    number = 2
    free = name
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free


def _free_slug(name: str) -> str:
    base = slugify(name)[:120] or "form"
    taken = set(Form.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    number = 2
    free = base
    while free in taken:
        free, number = f"{base}-{number}", number + 1
    return free


@transaction.atomic
def describe(*, form: Form, name: str, intent: str, magnet: LeadMagnet | None) -> Form:
    """Change what a form is called, what sending it means, and what it gives. In force at once.

    Raises DomainError("no_name") or ("name_taken").
    """
    if not name.strip():
        raise DomainError("no_name", "A form needs a name.", field="name")
    if Form.objects.filter(name=name.strip()).exclude(id=form.id).exists():
        raise DomainError("name_taken", f"There is a form called {name.strip()} already.", field="name")
    form.name, form.intent, form.magnet = name.strip()[:120], intent, magnet
    form.save(update_fields=["name", "intent", "magnet"])
    return form


@transaction.atomic
def draft(*, form: Form, at: datetime) -> FormVersion:
    """The draft of a form; a copy of the live version if there is none yet."""
    Form.objects.select_for_update().get(id=form.id)
    found = form.draft
    if found is not None:
        return found
    newest = form.versions.order_by("-number").first()
    origin = form.live or newest
    return FormVersion.objects.create(
        form=form,
        number=(newest.number if newest else 0) + 1,
        schema=origin.schema if origin else schemas.dump(Schema()),
        created_at=at,
    )


@transaction.atomic
def discard(*, form: Form) -> None:
    """Throw the draft away. Raises DomainError("nothing_else") when no version was published yet."""
    found = form.draft
    if found is None:
        return
    if form.live is None:
        raise DomainError(
            "nothing_else", "This form has no other version. Archive the form instead.", kind="conflict"
        )
    found.delete()


def _change(*, form: Form, at: datetime, **changes: Any) -> FormVersion:
    version = draft(form=form, at=at)
    stored = schemas.dump(schemas.parse(version.schema))
    version.schema = schemas.dump(schemas.parse({**stored, **changes}))
    version.save(update_fields=["schema"])
    return version


def _fields(form: Form, at: datetime) -> list[Field]:
    return list(schemas.parse(draft(form=form, at=at).schema).fields)


def _store(form: Form, fields: list[Field], at: datetime) -> FormVersion:
    return _change(form=form, at=at, fields=[schemas.dump(field) for field in fields])


def _place(fields: list[Field], key: str) -> int:
    for place, field in enumerate(fields):
        if field.key == key:
            return place
    raise DomainError("no_field", "This field is no longer in the draft.", kind="missing")


@transaction.atomic
def word(*, form: Form, words: dict[str, str], at: datetime) -> FormVersion:
    """Change heading, button, fine, thanks_title or thanks_text of the draft."""
    return _change(form=form, at=at, **words)


@transaction.atomic
def add_field(*, form: Form, field: Field, at: datetime) -> str:
    """Put a field at the end, before consents and notices.

    Returns its key, which no other question of this form ever had. Raises DomainError("too_long").
    """
    fields = _fields(form, at)
    if len(fields) >= 40:
        raise DomainError("too_long", "A form holds at most 40 fields.", kind="conflict")
    used = {
        asked["key"]
        for schema in form.versions.values_list("schema", flat=True)
        for asked in schema["fields"]
    }
    key, number = field.key, 2
    while key in used:
        key, number = f"{field.key}_{number}", number + 1
    made = schemas.changed(field, key=key)
    closing = (schemas.Type.CONSENT, schemas.Type.NOTICE)
    place = len(fields)
    while made.type not in closing and place and fields[place - 1].type in closing:
        place -= 1
    fields.insert(place, made)
    _store(form, fields, at)
    return key


@transaction.atomic
def change_field(*, form: Form, key: str, changes: dict[str, Any], at: datetime) -> None:
    """Change a field of the draft; its key and type stay. Raises DomainError("no_field")."""
    fields = _fields(form, at)
    place = _place(fields, key)
    fields[place] = schemas.changed(fields[place], **changes)
    _store(form, fields, at)


@transaction.atomic
def move_field(*, form: Form, key: str, to: int, at: datetime) -> None:
    """Put a field at this place (from 0) of the draft."""
    fields = _fields(form, at)
    field = fields.pop(_place(fields, key))
    fields.insert(max(0, min(to, len(fields))), field)
    _store(form, fields, at)


@transaction.atomic
def remove_field(*, form: Form, key: str, at: datetime) -> None:
    """Take a field out of the draft; answers to older versions keep it."""
    fields = _fields(form, at)
    del fields[_place(fields, key)]
    _store(form, fields, at)


@transaction.atomic
def publish(*, form: Form, at: datetime, by: User | None) -> FormVersion:
    """Make the draft the live version, for ever as it is now.

    Raises DomainError("nothing_to_publish") or, with the first reason, ("not_ready").
    """
    form = Form.objects.select_for_update(of=("self",)).select_related("magnet").get(id=form.id)
    version = form.draft
    if version is None:
        raise DomainError("nothing_to_publish", "There is no draft. Change something first.", kind="conflict")
    found = schemas.problems(
        schemas.parse(version.schema), intent=form.intent, has_magnet=form.magnet_id is not None
    )
    blocking = next((problem for problem in found if problem.blocks), None)
    if blocking:
        raise DomainError("not_ready", blocking.sentence, field=blocking.field)
    version.published_at, version.published_by = at, by
    version.save(update_fields=["published_at", "published_by"])
    form.live, form.archived_at = version, None
    form.save(update_fields=["live", "archived_at"])
    return version


@transaction.atomic
def go_back(*, form: Form, number: int) -> FormVersion:
    """Make an earlier published version live again. Raises DomainError("no_version")."""
    version = form.versions.filter(number=number).exclude(published_at=None).first()
    if version is None:
        raise DomainError("no_version", "There is no such published version.", kind="missing")
    form.live = version
    form.save(update_fields=["live"])
    return version


@transaction.atomic
def archive(*, form: Form, at: datetime) -> None:
    """Take a form off the list and off the pages. A page that is still open can send it; answers are kept."""
    form.archived_at = at
    form.save(update_fields=["archived_at"])


@transaction.atomic
def restore(*, form: Form) -> None:
    """Bring an archived form back."""
    form.archived_at = None
    form.save(update_fields=["archived_at"])
