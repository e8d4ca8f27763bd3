"""Fit by engagement: nine cells from A1 to C3, and what to do with the leads in each."""

from __future__ import annotations

FIT = ("A", "B", "C")
ENGAGEMENT = ("1", "2", "3")
GRADES = tuple(letter + digit for letter in FIT for digit in ENGAGEMENT)

ADVICE = {
    "A1": "Call now",
    "A2": "Call, they are the right people",
    "A3": "Win their interest",
    "B1": "Call, ask whether they fit",
    "B2": "Go on with sequences",
    "B3": "Go on with sequences",
    "C1": "Ask what they need; they may not fit",
    "C2": "Leave to newsletters",
    "C3": "Leave to newsletters",
}
