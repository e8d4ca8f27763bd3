"""How the values of a column are cleaned and compared, by its role; roles guessed from values if need be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

# Levels of agreement, best first. MISSING says nothing, neither for nor against.
EXACT, CLOSE, SIMILAR, DIFFERENT, MISSING = 0, 1, 2, 3, 4
LEVELS = 4

# What a column holds -> how it is treated.
ROLES: dict[str, str] = {
    "given_name": "text",
    "surname": "text",
    "name": "text",
    "company": "text",
    "job_title": "text",
    "street": "text",
    "city": "text",
    "state": "text",
    "country": "text",
    "text": "text",
    "street_number": "code",
    "postcode": "code",
    "phone": "phone",
    "id": "code",
    "code": "code",
    "date": "date",
    "email": "email",
}

_CLOSE, _SIMILAR = 0.92, 0.82
_FREE = re.compile(r"[^\w]+")
_DATE = re.compile(r"^(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})$")
_DATE_TURNED = re.compile(r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the records, and its role (a key of ROLES)."""

    name: str
    role: str

    @property
    def kind(self) -> str:
        return ROLES[self.role]


@dataclass(frozen=True, slots=True)
class Kind:
    """How values are cleaned ("" is missing), compared (a level), and by what loose key they may meet."""

    clean: Callable[[str], str]
    compare: Callable[[str, str], int]
    loose: Callable[[str], str]


def plain(text: str) -> str:
    """Lower case, without accents and punctuation, single blanks."""
    composed = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in composed if not unicodedata.combining(c))
    return _FREE.sub(" ", bare.casefold()).strip()


def jaro_winkler(a: str, b: str) -> float:
    """Similarity of two words from 0 to 1 (Jaro 1989, with Winkler's bonus of 0.1 for up to four first letters)."""
    if a == b:
        return 1.0
    if not a or not b:
        return 0.0
    reach = max(len(a), len(b)) // 2 - 1
    taken = [False] * len(b)
    met_a = []
    for at, letter in enumerate(a):
        for place in range(max(0, at - reach), min(len(b), at + reach + 1)):
            if not taken[place] and b[place] == letter:
                taken[place] = True
                met_a.append(letter)
                break
    if not met_a:
        return 0.0
    met_b = [letter for letter, used in zip(b, taken, strict=True) if used]
    m = len(met_a)
    swapped = sum(x != y for x, y in zip(met_a, met_b, strict=True)) / 2
    jaro = (m / len(a) + m / len(b) + (m - swapped) / m) / 3
    prefix = 0
    for x, y in zip(a[:4], b[:4], strict=False):
        if x != y:
            break
        prefix += 1
    return jaro + prefix * 0.1 * (1 - jaro)


def one_slip(a: str, b: str) -> bool:
    """One letter typed wrong, left out, added, or two neighbours swapped."""
    if abs(len(a) - len(b)) > 1:
        return False
    if len(a) > len(b):
        a, b = b, a
    at = 0
    while at < len(a) and a[at] == b[at]:
        at += 1
    if len(a) < len(b):
        return a[at:] == b[at + 1 :]
    if a[at + 1 :] == b[at + 1 :]:
        return True
    return a[at : at + 2] == b[at : at + 2][::-1] and a[at + 2 :] == b[at + 2 :]


@lru_cache(maxsize=200_000)
def _text(a: str, b: str) -> int:
    if a == b:
        return EXACT
    if " " in a and " " in b and sorted(a.split()) == sorted(b.split()):
        return CLOSE
    likeness = jaro_winkler(a, b)
    if likeness >= _CLOSE or (min(len(a), len(b)) >= 4 and one_slip(a, b)):
        return CLOSE
    return SIMILAR if likeness >= _SIMILAR else DIFFERENT


def _code(a: str, b: str) -> int:
    if a == b:
        return EXACT
    if min(len(a), len(b)) < 3:
        return DIFFERENT
    return CLOSE if one_slip(a, b) else DIFFERENT


def _date(a: str, b: str) -> int:
    if a == b:
        return EXACT
    if one_slip(a, b) or (len(a) == len(b) == 8 and a[:4] == b[:4] and a[4:] == b[6:] + b[4:6]):
        return CLOSE
    return SIMILAR if a[:4] == b[:4] or a[4:] == b[4:] else DIFFERENT


def _email(a: str, b: str) -> int:
    if a == b:
        return EXACT
    (mine, _, here), (yours, _, there) = a.rpartition("@"), b.rpartition("@")
    # A mailbox that is more than a first name is seldom two people's, whatever the domain.
    if one_slip(a, b) or (mine == yours and (len(mine) > 9 or not mine.isalpha())):
        return CLOSE
    return SIMILAR if mine == yours or (here == there and jaro_winkler(mine, yours) >= _CLOSE) else DIFFERENT


def _clean_email(text: str) -> str:
    """The mailbox behind an address: what stands after a plus sign belongs to its owner's filing."""
    local, at, domain = text.strip().casefold().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" if at and local else ""


def _clean_date(text: str) -> str:
    text = text.strip()
    if found := _DATE.match(text):
        return "".join(found.groups())
    if found := _DATE_TURNED.match(text):
        day, month, year = found.groups()
        return f"{year}{month:0>2}{day:0>2}"
    return "".join(c for c in text if c.isdigit())


def _clean_code(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _clean_phone(text: str) -> str:
    # The last nine digits: with and without a country code, one line is one line.
    return "".join(c for c in text if c.isdigit())[-9:]


_SOUNDS = {
    letter: code
    for code, letters in {"1": "bfpv", "2": "cgjkqsxz", "3": "dt", "4": "l", "5": "mn", "6": "r"}.items()
    for letter in letters
}


@lru_cache(maxsize=50_000)
def sound(text: str) -> str:
    """How a word begins to sound (Soundex): spellings of one name mostly share it."""
    word = text.replace(" ", "")
    if not word:
        return ""
    codes = [_SOUNDS.get(letter, "") for letter in word]
    kept = [code for at, code in enumerate(codes) if code and (at == 0 or code != codes[at - 1])]
    tail = kept[1:] if codes[0] else kept
    return (word[0] + "".join(tail) + "000")[:4]


KINDS: dict[str, Kind] = {
    "text": Kind(plain, _text, sound),
    "code": Kind(_clean_code, _code, lambda value: ""),
    "phone": Kind(_clean_phone, _code, lambda value: value[-6:]),
    "date": Kind(_clean_date, _date, lambda value: value[4:]),
    "email": Kind(_clean_email, _email, lambda value: value.rpartition("@")[0]),
}


def guess(records: Sequence[Mapping[str, str]], names: Iterable[str]) -> list[Column]:
    """Columns with a role read off their values; names are not looked at.

    A column that is empty, always the same, or filled and different in every record (a row number) is left
    out: it can tell nothing of two records.
    """
    found = []
    for name in names:
        values = [value for record in records if (value := str(record.get(name) or "").strip())]
        distinct = len(set(values))
        if distinct < 2:
            continue
        role = _role(values)
        if distinct == len(records) and role in ("text", "code"):
            continue
        found.append(Column(name, role))
    return found


def _role(values: Sequence[str]) -> str:
    def share(test: Callable[[str], object]) -> float:
        return sum(bool(test(value)) for value in values) / len(values)

    if share(lambda value: "@" in value) > 0.6:
        return "email"
    if share(_is_date) > 0.9:
        return "date"
    if share(lambda value: value[0] in "+0(" and 9 <= sum(c.isdigit() for c in value) <= 15) > 0.8:
        return "phone"
    if share(lambda value: sum(c.isdigit() for c in value) * 2 >= len(value)) > 0.8:
        return "code"
    return "text"


def _is_date(value: str) -> bool:
    day = _clean_date(value)
    plausible = len(day) == 8 and "1850" <= day[:4] <= "2100" and "01" <= day[4:6] <= "12"
    return plausible and "01" <= day[6:] <= "31"
