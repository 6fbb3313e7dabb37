"""Refusals: what the system answers when it will not do what was asked.

A refusal is part of the product: its `message` is read by a person and says what to do. Anything raised
that is not a Refusal is a bug. Which status or exit code a kind becomes is each transport's own table.
"""

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar

import msgspec

__all__ = ["FieldProblem", "InvalidInput", "Kind", "Refusal", "invalid_fields"]


class Kind(Enum):
    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    DENIED = "denied"
    MISSING = "missing"
    CONFLICT = "conflict"
    GONE = "gone"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"


class FieldProblem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing wrong with one field of the input."""

    field: str
    code: str
    message: str


class Refusal(Exception):
    """Base of all refusals.

    Subclasses set `code` (`module.fact`), `kind` and usually `message`; an instance may override `message`
    where the sentence depends on the case.
    """

    code: ClassVar[str]
    kind: ClassVar[Kind]
    message: str = "That is not possible."
    field: str | None = None
    retry_after_s: int | None = None

    def __init__(
        self,
        message: str | None = None,
        *,
        field: str | None = None,
        details: Sequence[FieldProblem] = (),
        retry_after_s: int | None = None,
    ) -> None:
        self.message = message or type(self).message
        self.field = field or type(self).field
        self.details = tuple(details)
        self.retry_after_s = retry_after_s or type(self).retry_after_s
        super().__init__(self.message)


class InvalidInput(Refusal):
    code = "input.invalid"
    kind = Kind.INVALID
    message = "Some of what you sent is not valid."


def invalid_fields(problems: Sequence[FieldProblem]) -> Refusal:
    """One refusal for several problems: a single one speaks for itself, more are listed in `details`."""
    if len(problems) == 1:
        (only,) = problems
        refusal = InvalidInput(only.message, field=only.field, details=problems)
    else:
        refusal = InvalidInput(details=problems)
    return refusal
