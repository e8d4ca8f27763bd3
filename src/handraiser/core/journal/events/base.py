"""What all facts share."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

CATALOGUE: dict[str, type[Fact]] = {}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that happened, named in the past tense. `name` is never reused for another meaning.

    The envelope says when, and about which visitor, person and lead; the fields say the rest. Fields hold text,
    numbers, booleans, None, lists and mappings of these. A field made with `personal()` reaches the journal as
    a keyed hash only.
    """

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.name in CATALOGUE:
            raise TypeError(f"two facts are called {cls.name}")
        CATALOGUE[cls.name] = cls


def personal() -> Any:
    """A field whose value is personal: the journal gets `<field>_hash` instead."""
    return dataclasses.field(default="", metadata={"personal": True})
