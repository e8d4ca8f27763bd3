"""Who appears in the demo. The people of the story by name; the others are drawn from lists.

All addresses lie under example.com, and all telephone numbers in ranges that are reserved for fiction.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

KEENEST = 0.95
REPS = (("Dana Okafor", "dana"), ("Ben Aldous", "ben"))

# (first name, last name, job title, company, what they asked for)
STORY = (
    ("Ines", "Brandt", "VP of Marketing", "Halden Foods",
     "We report to the board on Mondays and it takes two of us all Friday. Need this before January."),
    ("Marcus", "Feld", "Head of Growth", "Oriel Travel", "Call me back, mornings are best."),
    ("Rosa", "Lindqvist", "Marketing Director", "Tarn Energy", "Can it show cost per lead by region?"),
    ("Priya", "Nair", "Performance Lead", "Cobalt Fitness", "Can it read our Meta data?"),
    ("Hugo", "Tremblay", "CMO", "Maple & Rye", "We outgrew our spreadsheet."),
    ("Tom", "Whitcombe", "Marketing Manager", "Larch & Lane", "One report for three brands."),
    ("Yuki", "Sakamoto", "Digital Lead", "Orchard Optics", ""),
    ("Sofia", "Marin", "Brand Manager", "Bellweather Hotels", "How long does the set-up take?"),
    ("Jonas", "Eklund", "Head of E-commerce", "Fjordline Outdoor", ""),
    ("Amara", "Diallo", "Marketing Director", "Kestrel Books", "Show us the board report."),
    ("Owen", "Marsh", "Operations Director", "Pinegate Homes", "We need it for 12 people."),
    ("Leila", "Haddad", "VP of Marketing", "Cedar Clinics", ""),
)  # fmt: skip

_FIRST = (
    "Aisha", "Anton", "Bea", "Carlo", "Chiara", "Daniel", "Elif", "Emil", "Femi", "Greta", "Hana",
    "Ivo", "Jade", "Kofi", "Lena", "Luca", "Maja", "Niall", "Nora", "Oskar", "Pia", "Quinn", "Ruth",
    "Sami", "Tara", "Theo", "Uma", "Vera", "Wes", "Zoe",
)  # fmt: skip
_LAST = (
    "Abara", "Berg", "Castel", "Dunne", "Ekholm", "Faro", "Grant", "Holm", "Ivers", "Jansen",
    "Keller", "Lowe", "Moss", "Novak", "Ortega", "Pryce", "Quist", "Rossi", "Sand", "Thorn", "Ulm",
    "Vale", "Wren", "York",
)  # fmt: skip
_TREE = (
    "Alder", "Birch", "Clover", "Drift", "Elm", "Fern", "Glen", "Harbour", "Iris", "Juniper",
    "Kelp", "Linden", "Moor", "Nettle", "Oak", "Poplar", "Quarry", "Rowan", "Sedge", "Thistle",
    "Umber", "Willow",
)  # fmt: skip
_TRADE = (
    "Bikes", "Dental", "Foods", "Freight", "Homes", "Kitchens", "Labs", "Legal", "Music", "Print",
    "Studios", "Tea", "Tools", "Travel",
)  # fmt: skip
_INDUSTRY = {
    "Bikes": "Retail", "Books": "Retail", "Clinics": "Health", "Dental": "Health", "Energy": "Energy",
    "Fitness": "Leisure", "Foods": "Food and drink", "Freight": "Logistics", "Homes": "Property",
    "Hotels": "Hospitality", "Kitchens": "Retail", "Labs": "Research", "Lane": "Retail", "Legal": "Legal",
    "Music": "Media", "Optics": "Health", "Outdoor": "Retail", "Print": "Media", "Rye": "Food and drink",
    "Studios": "Media", "Tea": "Food and drink", "Tools": "Manufacturing", "Travel": "Travel",
}  # fmt: skip
_SIZES = (8, 14, 22, 35, 48, 60, 85, 120, 180, 240, 310, 450, 620, 900)
_TITLES = (
    "Marketing Manager", "Head of Marketing", "VP of Marketing", "Marketing Director", "Growth Lead",
    "Content Manager", "Founder", "Marketing Assistant", "Head of Sales", "Student",
)  # fmt: skip


@dataclass(frozen=True)
class Character:
    """Somebody who will meet the demo firm. `keen` from 0 to 1: how likely each next step is."""

    first_name: str
    last_name: str
    job_title: str
    company: str
    need: str
    email: str
    keen: float
    phone: str = ""


def business_of(company: str) -> dict[str, str | int]:
    """Industry and size of a firm, the same each time."""
    return {
        "industry": _INDUSTRY[company.split()[-1]],
        "employees": Random(company).choice(_SIZES),
    }


def _address(first: str, company: str) -> str:
    domain = "".join(letter for letter in company.lower() if letter.isalnum())
    return f"{first.lower()}@{domain}.example.com"


def _phone(number: int) -> str:
    """One of the thousand London numbers that are kept for drama."""
    return f"020 7946 0{number:03}"


def characters(chance: Random, *, crowd: int) -> list[Character]:
    """The story's people, then a crowd of others, the same for the same seed."""
    named = [
        Character(first, last, title, company, need, _address(first, company), KEENEST, _phone(place))
        for place, (first, last, title, company, need) in enumerate(STORY)
    ]
    known = {person.email for person in named}
    others: list[Character] = []
    while len(others) < crowd:
        first, last = chance.choice(_FIRST), chance.choice(_LAST)
        company = f"{chance.choice(_TREE)} {chance.choice(_TRADE)}"
        email = _address(first, company)
        if email in known:
            continue
        known.add(email)
        title, keen = chance.choice(_TITLES), chance.betavariate(1.7, 1.7)
        # The keen leave a number.
        phone = _phone(len(known)) if keen > 0.6 else ""
        others.append(Character(first, last, title, company, "", email, keen, phone))
    return named + others
