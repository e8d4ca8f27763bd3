"""BANT and MEDDIC: what sales wants to know of a lead, how to ask, and what the answers add up to.

An element that nobody knows is unknown: it counts neither for nor against, so every sum is over what is known and
says how much that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Element:
    """One thing to know. `choices` are (value, words) from the least to the most; `names`: fields that tell it."""

    key: str
    label: str
    means: str
    question: str
    choices: tuple[tuple[int, str], ...]
    names: tuple[str, ...] = ()
    weight: int = 1

    def words(self, value: int | None) -> str:
        """What a value means; empty for none."""
        return next((words for number, words in self.choices if number == value), "")


@dataclass(frozen=True)
class Framework:
    """A set of elements that are asked together. `most` is the highest value of an element."""

    key: str
    name: str
    scale: str
    elements: tuple[Element, ...]
    most: int

    def element(self, key: str) -> Element | None:
        """The element with this key, if there is one."""
        return next((element for element in self.elements if element.key == key), None)


@dataclass(frozen=True)
class Standing:
    """What the known elements add up to: `mark` and `words` are empty while nothing is known.

    `value` is on the framework's own scale: 0 to 3 for BANT, 6 to 30 for MEDDIC.
    """

    known: int
    of: int
    value: float | None = None
    mark: str = ""
    words: str = ""


_SURE = (
    (1, "We guess so"),
    (2, "They hinted at it"),
    (3, "They said so"),
    (4, "They said so, and it fits the rest"),
    (5, "A second person or a document confirms it"),
)

BANT = Framework(
    key="bant",
    name="BANT",
    scale="How good is it",
    most=3,
    elements=(
        Element(
            "budget",
            "Budget",
            "Is there money for it, and how much?",
            "What have you set aside for solving this?",
            (
                (0, "No money for it"),
                (1, "It would have to be found"),
                (2, "Planned, or likely"),
                (3, "Set aside"),
            ),
            ("budget", "price_range", "investment"),
            25,
        ),
        Element(
            "authority",
            "Authority",
            "Who decides, and how close are we to them?",
            "Who besides you has a say in this?",
            ((0, "Has no say"), (1, "Is heard"), (2, "Decides with others"), (3, "Decides alone")),
            ("authority", "decision_role", "role_in_decision"),
            25,
        ),
        Element(
            "need",
            "Need",
            "Which problem of theirs do we solve, and how much does it hurt?",
            "What happens if nothing changes?",
            (
                (0, "No problem that we solve"),
                (1, "Nice to have"),
                (2, "A real problem"),
                (3, "It costs them now"),
            ),
            ("need", "problem", "challenge", "message"),
            30,
        ),
        Element(
            "timing",
            "Timing",
            "When do they want it to run?",
            "When should it run, and what makes it that day?",
            ((0, "No plan"), (1, "After half a year"), (2, "Within half a year"), (3, "Within three months")),
            ("timing", "timeline", "start", "start_date", "when", "deadline"),
            20,
        ),
    ),
)

MEDDIC = Framework(
    key="meddic",
    name="MEDDIC",
    scale="How sure are we",
    most=5,
    elements=(
        Element(
            "metrics",
            "Metrics",
            "Which number of theirs gets better, and by how much?",
            "Which number would tell you that it worked?",
            _SURE,
            ("metrics", "goal", "target"),
        ),
        Element(
            "economic_buyer",
            "Economic buyer",
            "Who can spend the money, and have we spoken?",
            "Who signs for a purchase of this size?",
            _SURE,
            ("economic_buyer", "budget_owner"),
        ),
        Element(
            "decision_criteria",
            "Decision criteria",
            "By what will they compare us?",
            "What must it do, so that you choose it?",
            _SURE,
            ("criteria", "decision_criteria", "requirements"),
        ),
        Element(
            "decision_process",
            "Decision process",
            "Which steps lead to a signature, and by when?",
            "What happens between liking it and signing it?",
            _SURE,
            ("decision_process", "process"),
        ),
        Element(
            "identify_pain",
            "Pain",
            "What hurts, whom, and what does it cost?",
            "What does it cost you today, in hours or in money?",
            _SURE,
            ("pain", "need", "problem", "challenge", "message"),
        ),
        Element(
            "champion",
            "Champion",
            "Who inside wants us, and has weight?",
            "Who gains most if this succeeds?",
            _SURE,
            ("champion",),
        ),
    ),
)

FRAMEWORKS = {framework.key: framework for framework in (BANT, MEDDIC)}
USES = {"bant": ("bant",), "meddic": ("meddic",), "both": ("bant", "meddic")}

# Where something was learnt: key -> words that stand before the day ("form, 9 Nov").
PLACES = {
    "call": "Call",
    "meeting": "Meeting",
    "message": "Message",
    "form": "Form",
    "chat": "Chat",
    "research": "Own research",
    "other": "Elsewhere",
}


def standing(framework: Framework, values: Mapping[str, int]) -> Standing:
    """What is known adds up to this; `values` by element, the unknown left out.

    BANT is a weighted mean of 0 to 3 (budget 25, authority 25, need 30, timing 20), with a letter: A from 2.5,
    B from 2.0, C from 1.5, D from 1.0, E below (the BANT framework published by HULFT). MEDDIC adds up confidence
    from 1 to 5 over six elements: strong from 25 of 30, at risk from 15, below that a deal to let go (the scorecard
    published by Circulos). Both are taken over what is known alone: the weights of the unknown are left out, and
    the mean of the known is scaled up.
    """
    known = {element: values[element.key] for element in framework.elements if element.key in values}
    found = Standing(known=len(known), of=len(framework.elements))
    if not known:
        return found
    if framework.key == BANT.key:
        return _bant(found, known)
    return _meddic(found, known)


def _bant(found: Standing, known: Mapping[Element, int]) -> Standing:
    weight = sum(element.weight for element in known)
    total = sum(element.weight * value for element, value in known.items())
    marks = ((25, "A", "ready"), (20, "B", "good"), (15, "C", "mixed"), (10, "D", "thin"))
    mark, words = next(
        ((mark, words) for line, mark, words in marks if total * 10 >= line * weight), ("E", "weak")
    )
    return Standing(found.known, found.of, total / weight, mark, words)


def _meddic(found: Standing, known: Mapping[Element, int]) -> Standing:
    total, n = sum(known.values()), len(known)
    lines = ((25, "Strong", "the case is made"), (15, "At risk", "ask on"))
    mark, words = next(
        ((mark, words) for line, mark, words in lines if total * found.of >= line * n),
        ("Weak", "ask, or let go"),
    )
    return Standing(found.known, found.of, total * found.of / n, mark, words)
