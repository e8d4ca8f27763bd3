"""What is wrong with a data folder after everything came to rest: what is missing, and what is there twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handraiser.collector.shapes import _message_id
from tests import stores
from tests.proof.business import POINTS
from tests.proof.traffic import Traffic


@dataclass
class Verdict:
    """Counts by kind of effect; nothing in either is what we want."""

    checked: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    doubled: Counter[str] = field(default_factory=Counter)
    unknown_mails: int = 0

    def once(self, kind: str, wanted: Iterable[str], found: Counter[str]) -> None:
        """Each of these must be found exactly once, and nothing else more than once."""
        wanted = set(wanted)
        self.checked[kind] += len(wanted)
        self.lost[kind] += len(wanted - found.keys())
        self.doubled[kind] += sum(count - 1 for count in found.values())

    def none_but(self, kind: str, wanted: Iterable[str], found: Counter[str]) -> None:
        """Like `once`, and what nobody wanted counts as doubled."""
        wanted = set(wanted)
        self.once(kind, wanted, found)
        self.doubled[kind] += len(found.keys() - wanted)

    @property
    def clean(self) -> bool:
        """True when nothing was lost and nothing doubled."""
        return not self.lost.total() and not self.doubled.total()

    def __str__(self) -> str:
        told = sum(count for kind, count in self.checked.items() if kind.endswith(" told"))
        stored = {kind: count for kind, count in self.checked.items() if not kind.endswith(" told")}
        checked = ", ".join(f"{count} {kind}" for kind, count in {**stored, "facts told": told}.items())
        return (
            f"lost {dict(+self.lost) or 0}, doubled {dict(+self.doubled) or 0};"
            f" checked {checked}; mails whose answer a kill cut off: {self.unknown_mails}"
        )


def of(home: Path, traffic: Traffic, imported: set[str], mails: Iterable[str], *, filled: int = 0) -> Verdict:
    """Compare what clients were told with what is stored, sealed or not, and every effect with its cause.

    `mails`: the Message-ID of each mail that the mail server got. `filled`: how many page views with the titles
    filled-0, filled-1 and so on were there before.
    """
    verdict = Verdict()
    _arrivals(verdict, home, traffic, imported, filled)
    _readers(verdict, home)
    _qualified(verdict, home, traffic)
    _mails(verdict, home, Counter(mails))
    return verdict


def _column(home: Path, store: str, sql: str) -> Counter[str]:
    return Counter(str(row[0]) for row in stores.ask(home, store, sql))


def _told(home: Path, sql: str) -> Counter[str]:
    """(value, how often) of all events, sealed or not."""
    return Counter({str(value): int(count) for value, count in stores.events(home, sql)})


def _facts(home: Path, name: str) -> Counter[str]:
    """How often the journal tells this of each lead."""
    return _told(home, f"select lead, count(*) from events where name = '{name}' group by 1")


def _bodies(home: Path, name: str) -> list[tuple[str, dict[str, Any]]]:
    rows = stores.events(home, f"select lead, body from events where name = '{name}'")
    return [(lead, json.loads(body)) for lead, body in rows]


def _arrivals(verdict: Verdict, home: Path, traffic: Traffic, imported: set[str], filled: int) -> None:
    of_before = {f"filled-{number}" for number in range(filled)}
    titles = _told(
        home,
        "select json_extract_string(body, '$.title'), count(*) from events"
        " where name = 'attract.page_viewed' group by 1",
    )
    verdict.once("events", traffic.events | of_before, titles)
    facts = _told(
        home,
        "select message_id, count(*) from events"
        " where message_id is not null and name <> 'attract.page_viewed' group by 1",
    )
    verdict.once("facts", facts, facts)
    people = _column(home, "records", "select email from people_person")
    verdict.once("people", traffic.leads | traffic.forms | imported, people)
    of_person = _column(home, "records", "select person_id from people_lead")
    verdict.none_but("leads", _column(home, "records", "select id from people_person"), of_person)
    opened = _facts(home, "people.lead_opened")
    verdict.none_but("leads told", _column(home, "records", "select id from people_lead"), opened)
    answered = _column(home, "records", "select answers->>'email' from capture_submission")
    verdict.once("forms", traffic.forms, answered)
    submissions = _column(home, "records", "select id from capture_submission where state = 'accepted'")
    told = Counter(body["submission"] for _, body in _bodies(home, "capture.form_submitted"))
    verdict.none_but("forms told", submissions, told)


def _sent_as(name: str) -> str:
    """The message id that the collector gives to an event of our tracker."""
    own, _, at = name.partition("@")
    return _message_id("e", own, int(at))


def _readers(verdict: Verdict, home: Path) -> None:
    viewed = "select count(*) from events where name = 'attract.page_viewed' and visitor is not null"
    views = stores.events(home, viewed)[0][0]
    pages = stores.ask(home, "records", "select coalesce(sum(pages), 0) from attract_visit")[0][0]
    verdict.checked["pages in visits"] += views
    verdict.lost["pages in visits"] += max(0, views - pages)
    verdict.doubled["pages in visits"] += max(0, pages - views)
    of_people = _told(home, "select message_id, 1 from events where person is not null group by 1")
    kept = _column(home, "records", "select message_id from identity_timeline")
    verdict.once("timeline items", of_people, kept)
    # Everybody who sent a form looked at one page before. In the lake it has another message id.
    looked = _column(
        home, "records", "select visitor from identity_timeline where name = 'attract.page_viewed'"
    )
    senders = _column(
        home,
        "records",
        "select distinct visitor from identity_timeline where name = 'capture.form_submitted'",
    )
    verdict.none_but("looks before a form", senders, looked)


def _qualified(verdict: Verdict, home: Path, traffic: Traffic) -> None:
    """Whoever asked for a demo has all points, once, and everything that follows from them."""
    rows = stores.ask(
        home,
        "records",
        "select l.id, l.points, l.stage, l.grade, l.temperature from people_lead l"
        " join capture_submission s on s.lead_id = l.id where s.state = 'accepted'",
    )
    leads = {lead for lead, *_ in rows}
    verdict.checked["scores"] += len(leads)
    verdict.lost["scores"] += sum(points < POINTS for _, points, *_ in rows)
    verdict.doubled["scores"] += sum(points > POINTS for _, points, *_ in rows)
    _told_bands(verdict, home, {lead: (grade, temperature) for lead, _, _, grade, temperature in rows})
    verdict.lost["stages"] += sum(stage != "mql" for _, _, stage, *_ in rows)
    changes = _column(home, "records", "select lead_id from qualify_stage_change")
    verdict.none_but("stages", leads, changes)
    verdict.none_but("stages told", leads, _facts(home, "qualify.stage_changed"))
    offered = _column(home, "records", "select lead_id from convert_hand_off")
    verdict.none_but("hand-offs", leads, offered)
    verdict.none_but("hand-offs told", leads, _facts(home, "convert.hand_off_offered"))
    offers = _column(home, "records", "select 'hand_off:' || id from convert_hand_off")
    verdict.none_but(
        "notices", offers, _column(home, "records", "select key from notices_notice where kind = 'hand_off'")
    )
    people = _column(home, "records", "select person_id from capture_submission where state = 'accepted'")
    inside = _column(home, "records", "select person_id from nurture_enrolment")
    verdict.none_but("enrolments", people, inside)


def _told_bands(verdict: Verdict, home: Path, bands: dict[str, tuple[str, str]]) -> None:
    """The journal tells of each lead's grade and temperature, and of no change twice; points only rise here."""
    told = Counter(
        (lead, body["grade"], body["temperature"]) for lead, body in _bodies(home, "qualify.score_changed")
    )
    verdict.checked["scores told"] += len(bands)
    verdict.lost["scores told"] += sum(not told[lead, *band] for lead, band in bands.items())
    verdict.doubled["scores told"] += sum(times > 1 for times in told.values())


def _mails(verdict: Verdict, home: Path, arrived: Counter[str]) -> None:
    queued = _column(home, "records", "select key from delivery_message")
    verdict.none_but(
        "messages",
        {
            *_column(home, "records", "select 'notice:' || id from notices_notice"),
            *_column(home, "records", "select 'seq:' || id || ':e1' from nurture_enrolment"),
        },
        queued,
    )
    states = dict(stores.ask(home, "records", "select message_id, state from delivery_message"))
    verdict.unknown_mails = sum(state == "unknown" for state in states.values())
    sent = {message for message, state in states.items() if state != "unknown"}
    verdict.once("mails", sent, arrived)
