"""Many rows with one statement: what is written is what Django would have written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from handraiser.core.people.models import Identifier, Person
from handraiser.kit import clock, rows

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)


def person(**values):
    return Person(created_at=AT, attributes={"size": 4, "words": ["ä", "'"]}, **values)


def test_it_works():
    ann, bea = person(first_name="Ann"), person(first_name="Bea", last_seen_at=AT)
    rows.insert([ann, bea])
    assert Person.objects.get(id=bea.id).last_seen_at == AT
    kept = Person.objects.get(id=ann.id)
    for field in Person._meta.concrete_fields:
        assert getattr(kept, field.attname) == getattr(ann, field.attname)
    ann.first_name, ann.attributes, bea.first_name = "Anna", {}, "Béa"
    rows.update([ann, bea], ["first_name", "attributes"])
    assert list(Person.objects.order_by("first_name").values_list("first_name", "attributes")) == [
        ("Anna", {}),
        ("Béa", bea.attributes),
    ]
    # A row that was inserted this way is one that Django knows as stored.
    ann.save()
    assert Person.objects.count() == 2


def test_many_rows_and_moments_as_milliseconds_are_what_django_would_have_written():
    moments = [AT.replace(microsecond=0) + timedelta(milliseconds=501 * number) for number in range(150)]
    names = ["id", "first_name", "last_name", "created_at", "last_seen_at", "attributes", "proposed"]
    written = [
        (f"person_{number}", "%s ?", "(x)", clock.ms(at), None, "{}", "{}")
        for number, at in enumerate(moments)
    ]
    with transaction.atomic():
        rows.insert([person(id="person_7", first_name="Ann")])
        others = [
            field.attname
            for field in Person._meta.concrete_fields
            if field.attname not in names and not field.null and field.attname != "id"
        ]
        plain = [tuple(getattr(person(), name) for name in others)] * len(written)
        rows.put(
            Person,
            [*names, *others],
            [(*one, *more) for one, more in zip(written, plain, strict=True)],
            key=["id"],
            changes=["created_at"],
        )
    kept = Person.objects.in_bulk()
    assert [kept[f"person_{number}"].created_at for number in range(150)] == moments
    assert (kept["person_7"].first_name, kept["person_8"].first_name) == ("Ann", "%s ?")
    assert Person.objects.filter(created_at=moments[33]).count() == 1


def test_nothing_is_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        rows.insert([])
        rows.update([], ["first_name"])


def test_a_conflict_adds_none_of_them_unless_known_rows_are_passed_over():
    ann = person(first_name="Ann")
    rows.insert([ann])
    two = [
        Identifier(kind="email", value=value, person=ann, created_at=AT)
        for value in ("a@one.example.com", "a@one.example.com")
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.insert(two)
    assert not Identifier.objects.exists()
    rows.insert(two, known=True)
    assert Identifier.objects.count() == 1


def test_what_is_found_is_what_the_orm_finds(django_assert_num_queries):
    people = [
        person(first_name=name, last_seen_at=AT if name == "Ann" else None) for name in ("Ann", "Bea", "Cy")
    ]
    rows.insert(people)
    with django_assert_num_queries(1):
        [ann] = rows.find(Person, {"first_name": "Ann"})
    kept = Person.objects.get(id=ann.id)
    for field in Person._meta.concrete_fields:
        assert getattr(ann, field.attname) == getattr(kept, field.attname)
    ann.last_name = "Lee"
    ann.save()
    named = rows.values(
        Person, ["last_name", "attributes"], {"first_name": ["Ann", "Cy"], "last_name": "Lee"}
    )
    assert named == [("Lee", people[0].attributes)]
    earlier = {"created_at__gt": AT - timedelta(seconds=1)}
    assert len(rows.values(Person, ["id"], earlier)) == 3
    assert rows.values(Person, ["id"], {"created_at__gt": AT}) == []
    assert sorted(rows.values(Person, ["first_name"], {"last_seen_at": None, "last_name": ""})) == [
        ("Bea",),
        ("Cy",),
    ]
    with django_assert_num_queries(0):
        assert rows.values(Person, ["id"], {"first_name": []}) == []
