"""Errors that carry a meaning across every door: one class, four kinds."""

from __future__ import annotations

from typing import Literal

Kind = Literal["missing", "conflict", "refused", "invalid"]


class Misconfigured(Exception):
    """The operator set something that cannot work. The message says what and how to mend it."""


class DomainError(Exception):
    """A request that the product understands and declines.

    `code` is a stable word for machines ("slot_taken"), `message` a sentence for people, `kind` decides the
    HTTP status: missing 404, conflict 409, refused 403, invalid 422. `field` names the input at fault.
    """

    def __init__(self, code: str, message: str, *, kind: Kind = "invalid", field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.kind: Kind = kind
        self.field = field

    @property
    def status(self) -> int:
        return {"missing": 404, "conflict": 409, "refused": 403, "invalid": 422}[self.kind]
