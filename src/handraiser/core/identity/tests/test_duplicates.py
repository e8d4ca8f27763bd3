"""Who is here twice: found without labels, in any order, under any names; and what staff do about it."""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from django_tasks_db.models import DBTaskResult
from hypothesis import given
from hypothesis import strategies as st

from handraiser.core.identity import commands, tasks
from handraiser.core.identity.actions import duplicates, identifiers, merges
from handraiser.core.identity.models import LikelyPair, Merge, Search
from handraiser.core.identity.rules import survivorship
from handraiser.core.identity.rules.duplicates import Column, blocking, columns, find
from handraiser.core.people.actions import leads
from handraiser.core.people.models import Person
from handraiser.core.staff.actions import keys
from handraiser.kit.errors import DomainError

NOW = datetime(2026, 11, 19, 10, tzinfo=UTC)
ROLES = {
    "given_name": "given_name",
    "surname": "surname",
    "street_number": "street_number",
    "address_1": "street",
    "address_2": "text",
    "suburb": "city",
    "postcode": "postcode",
    "state": "state",
    "date_of_birth": "date",
    "soc_sec_id": "id",
}


@pytest.fixture(scope="module")
def febrl(outside_data):
    with (outside_data / "dedupe/febrl/dataset1.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines, skipinitialspace=True))
    return [row.pop("rec_id") for row in rows], rows


def f1(ids, records, told=()) -> float:
    found = {frozenset((ids[pair.one], ids[pair.other])) for pair in find(records, told)}
    right = sum(len({one.split("-")[1] for one in pair}) == 1 for pair in found)
    precision, recall = right / max(len(found), 1), right / 500
    return 2 * precision * recall / max(precision + recall, 1e-9)


@pytest.mark.parametrize(("withheld", "wanted"), [("soc_sec_id", 0.97), ("", 0.99)])
def test_the_outside_data_is_found_by_roles_by_guess_and_shuffled(febrl, withheld, wanted):
    ids, rows = febrl
    records = [{name: value for name, value in row.items() if name != withheld} for row in rows]
    told = [Column(name, role) for name, role in ROLES.items() if name != withheld]
    figures = {"roles": f1(ids, records, told), "guessed": f1(ids, records)}
    for seed in (1, 2):
        chance = random.Random(seed)
        order, names = list(range(len(records))), list(records[0])
        chance.shuffle(order)
        chance.shuffle(names)
        other = [{f"c{n}": records[at][name] for n, name in enumerate(names)} for at in order]
        figures[f"shuffled {seed}"] = f1([ids[at] for at in order], other)
    print(f"F1 without {withheld or 'nothing'}:", {name: round(value, 4) for name, value in figures.items()})
    assert min(figures.values()) >= wanted


def test_colleagues_and_namesakes_in_a_long_list_are_not_proposed():
    chance = random.Random(4)
    parts = ["ka", "lo", "mi", "ren", "ta", "vo", "sel", "dar", "bin", "hu", "ost", "eri"]

    def words(count: int) -> list[str]:
        return ["".join(chance.choices(parts, k=3)) for _ in range(count)]

    values = {
        "first_name": words(100),
        "last_name": words(900),
        "company": words(300),
        "job_title": words(12),
        "country": ["GB", "DE", "FR", "US"],
    }
    records = [{name: chance.choice(some) for name, some in values.items()} for _ in range(2_000)]
    records += [{**record, "job_title": "head of it"} for record in records[:100]]
    roles = ("given_name", "surname", "company", "job_title", "country")
    told = [Column(name, role) for name, role in zip(values, roles, strict=True)]
    pairs = {(pair.one, pair.other) for pair in find(records, told)}
    assert len(pairs) < 120
    assert len(pairs & {(number, 2_000 + number) for number in range(100)}) > 95


def test_the_command_prints_the_pairs(febrl, outside_data, tmp_path):
    said: list[str] = []
    mapping = tmp_path / "map.toml"
    mapping.write_text('[columns]\nsurname = "surname"\ngiven_name = "given_name"\ndate = "date_of_birth"\n')
    file = outside_data / "dedupe/febrl/dataset1.csv"
    commands.find_in_file(
        file=file, map_file=mapping, key="rec_id", at_least=0.5, as_json=True, say=said.append
    )
    answer = json.loads(said[0])
    assert answer["records"] == 1000 and len(answer["pairs"]) > 300
    assert answer["pairs"][0]["one"].startswith("rec-")


def test_an_unknown_role_is_refused(tmp_path):
    file, mapping = tmp_path / "a.csv", tmp_path / "map.toml"
    file.write_text("a,b\n1,2\n")
    mapping.write_text('[columns]\nshoe = "a"\n')
    with pytest.raises(DomainError, match="shoe"):
        commands.find_in_file(file=file, map_file=mapping, key="", at_least=0.5, as_json=True, say=print)


# ------------------------------------------------------------------------- rules


WORDS = st.text("abcdeé -.@0123456789", max_size=12)


@given(WORDS, WORDS)
def test_every_comparison_is_symmetric_and_equal_is_exact(a, b):
    for kind in columns.KINDS.values():
        one, other = kind.clean(a), kind.clean(b)
        assert kind.compare(one, other) == kind.compare(other, one)
        assert kind.compare(one, one) == columns.EXACT
        assert kind.clean(one) == one or kind is columns.KINDS["date"]


@given(st.lists(st.fixed_dictionaries({"x": WORDS, "y": WORDS}), max_size=30))
def test_any_records_give_pairs_with_probabilities(records):
    for pair in find(records, [Column("x", "surname"), Column("y", "email")], at_least=0.0):
        assert 0 <= pair.one < pair.other < len(records) and 0 <= pair.probability <= 1


@given(st.integers(2, 400))
def test_blocks_are_bounded(count):
    cells = [["smith", f"{number:05}"] for number in range(count)]
    pairs = blocking.pairs(cells, [Column("a", "surname"), Column("b", "code")])
    assert len(pairs) <= count * blocking.WIDEST


@given(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "2"])),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "2"])),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from(["kept", "gone"])),
)
def test_a_choice_never_empties_a_field(kept, gone, chosen):
    for choice in survivorship.choices(kept, gone, chosen):
        assert choice.value in (kept.get(choice.key, ""), gone.get(choice.key, ""))
        assert choice.value or not (kept.get(choice.key) or gone.get(choice.key))


# ------------------------------------------------------------------------- people here


def known(first: str, email: str, company: str = "Halden Roofs") -> Person:
    values = {"first_name": first, "last_name": "Brandt", "company_name": company, "job_title": "Owner"}
    return identifiers.resolve(at=NOW, how="hand", email=email, values=values, proven=True).person


@pytest.fixture
def twins(organisation):
    for number in range(30):
        values = {"first_name": f"Name{number}", "last_name": f"Other{number * 37}"}
        identifiers.resolve(at=NOW, how="hand", email=f"x{number}@y{number}.example.com", values=values)
    return known("Johanna", "j.brandt@halden.example.com"), known("Johana", "j.brandt@post.example.com")


def look() -> Search:
    return duplicates.run(search_id=duplicates.ask(at=NOW).id, clock=lambda: NOW)


def test_people_here_are_proposed_with_reasons_and_no_values(twins):
    this = look()
    assert (this.people, this.found) == (32, 1)
    [pair] = LikelyPair.objects.all()
    assert {pair.one_id, pair.other_id} == {person.id for person in twins}
    assert pair.probability > 0.5 and "Johan" not in json.dumps(pair.reasons)


def test_each_night_somebody_new_is_looked_for(twins, organisation):
    def handed_over() -> int:
        return DBTaskResult.objects.filter(task_path=tasks.find_duplicates.module_path).count()

    night = datetime(2026, 11, 20, 3, tzinfo=UTC)  # in London too
    tasks.look(night - timedelta(hours=12))
    assert handed_over() == 0
    for _ in range(2):
        tasks.look(night)
        assert handed_over() == Search.objects.count() == 1
    tasks.look(night + timedelta(days=1))
    assert handed_over() == 1, "nobody came since"
    identifiers.resolve(at=night, how="api", email="new@halden.example.com")
    Person.objects.filter(email="new@halden.example.com").update(created_at=night + timedelta(hours=5))
    tasks.look(night + timedelta(days=1))
    assert handed_over() == 2


def test_not_the_same_is_remembered_and_can_be_taken_back(twins):
    look()
    pair = duplicates.keep_apart(one=twins[1].id, other=twins[0].id, at=NOW)
    look()
    assert LikelyPair.objects.get().state == "not_same"
    duplicates.reconsider(pair_id=pair.id)
    assert LikelyPair.objects.get().state == "open"


def test_a_pair_that_is_found_no_more_goes(twins):
    LikelyPair.objects.create(
        one=twins[0], other=Person.objects.exclude(id__in=[one.id for one in twins]).first(),
        probability=0.9, found_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    look()
    assert LikelyPair.objects.count() == 1


def test_two_searches_at_once_are_refused(organisation):
    duplicates.ask(at=NOW)
    with pytest.raises(DomainError, match="going on"):
        duplicates.ask(at=NOW)


# ------------------------------------------------------------------------- screens


def test_review_compare_merge_and_undo(twins, mira, login):
    client = login(mira)
    assert b"Nobody has looked yet" in client.get("/admin/people/duplicates/").content
    look()
    page = client.get("/admin/people/duplicates/").content.decode()
    assert "Johanna Brandt" in page and "Johana Brandt" in page and "Not the same" in page
    keep, gone = twins
    compare = client.get("/admin/people/compare/", {"keep": keep.id, "gone": gone.id}).content.decode()
    assert 'name="field:first_name" value="gone"' in compare
    answer = client.post(
        "/admin/people/merge/", {"keep": keep.id, "gone": gone.id, "field:first_name": "gone"}
    )
    assert answer.status_code == 303
    keep.refresh_from_db()
    assert keep.first_name == "Johana"
    assert client.get(f"/admin/people/{gone.id}/")["Location"] == f"/admin/people/{keep.id}/"
    shown = client.get(f"/admin/people/{keep.id}/").content.decode()
    assert "Un-merge" in shown
    this = Merge.objects.get()
    assert this.by == str(mira.id)
    assert client.post(f"/admin/people/merges/{this.id}/undo/").status_code == 303
    assert Person.objects.filter(id=gone.id).exists()


def test_the_address_of_a_lead_that_went_leads_on(twins, mira, login):
    keep, gone = twins
    mine, theirs = (leads.open(person=person, at=NOW, how="hand")[0] for person in twins)
    merges.merge(keep=keep.id, gone=gone.id, at=NOW)
    client = login(mira)
    assert client.get(f"/admin/leads/{theirs.id}/")["Location"] == f"/admin/leads/{mine.id}/"
    assert client.get(f"/admin/people/{gone.id}/", follow=True).redirect_chain[-1][0].endswith(f"{mine.id}/")
    assert b"Un-merge" in client.get(f"/admin/leads/{mine.id}/").content


def test_a_rep_meets_no_person_of_anothers_leads(twins, dana, ben, login):
    lead, _ = leads.open(person=twins[0], at=NOW, how="hand")
    leads.assign(lead=lead, owner=ben, at=NOW)
    client = login(dana)
    assert client.get(f"/admin/people/{twins[0].id}/").status_code == 404
    assert client.get("/admin/people/duplicates/").status_code == 403


# ------------------------------------------------------------------------- the API


def test_programs_merge_undo_and_use_old_ids(twins, client):
    _, secret = keys.create(name="t", scopes=["leads:read", "leads:write"], public=False, at=NOW)
    auth = {"HTTP_AUTHORIZATION": f"Bearer {secret}", "content_type": "application/json"}
    keep, gone = twins
    merged = client.post(
        f"/api/people/{keep.id}/merge",
        {"gone": gone.id, "choices": {"first_name": "gone"}},
        HTTP_IDEMPOTENCY_KEY="once",
        **auth,
    )
    assert merged.status_code == 200, merged.content
    again = client.post(
        f"/api/people/{keep.id}/merge",
        {"gone": gone.id, "choices": {"first_name": "gone"}},
        HTTP_IDEMPOTENCY_KEY="once",
        **auth,
    )
    assert again.json() == merged.json() and Merge.objects.count() == 1
    assert client.get(f"/api/people/{gone.id}", **auth).json()["id"] == keep.id
    listed = client.get(f"/api/people/{gone.id}/merges", **auth).json()["merges"]
    assert [one["gone"] for one in listed] == [gone.id]
    undone = client.post(f"/api/merges/{merged.json()['id']}/undo", {}, **auth)
    assert undone.json()["undone_at"]
    assert client.get(f"/api/people/{gone.id}", **auth).json()["id"] == gone.id
    assert client.post("/api/merges/merge_none/undo", {}, **auth).status_code == 404
