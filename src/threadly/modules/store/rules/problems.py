"""Collects everything that is wrong with an input, so that one refusal names each field."""

import unicodedata
from collections.abc import Sequence

import regex

from threadly.platform.errors import FieldProblem, invalid_fields

__all__ = ["UNREADABLE", "Problems"]

# A hostile input must not grow the answer without bound.
MOST_PROBLEMS = 50
_SPACE = regex.compile(r"\s+")
UNREADABLE = regex.compile(r"[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u202a-\u202e\u2066-\u2069]")
# What leaves no mark on paper.
_INVISIBLE = regex.compile(r"[\p{Z}\p{C}\p{M}\p{Default_Ignorable_Code_Point}\u2800]+")


class Problems:
    def __init__(self) -> None:
        self.found: list[FieldProblem] = []

    def add(self, field: str, code: str, message: str) -> None:
        if len(self.found) < MOST_PROBLEMS:
            self.found.append(FieldProblem(field=field, code=code, message=message))

    def line(self, field: str, text: str, *, most: int, required: bool = False) -> str:
        """`text` as one line: trimmed, NFC, spaces as one. At most `most` code points."""
        line = _SPACE.sub(" ", unicodedata.normalize("NFC", text)).strip() if len(text) <= most * 4 else text
        if len(line) > most:
            self.add(field, "input.too_long", f"Must have at most {most} characters.")
        elif UNREADABLE.search(line):
            self.add(field, "input.unreadable", "Contains characters that cannot be shown.")
        elif required and not _INVISIBLE.sub("", line):
            self.add(field, "input.required", "Must not be empty.")
        return line

    def count(self, field: str, items: Sequence[object], *, most: int) -> None:
        if len(items) > most:
            self.add(field, "input.too_long", f"Must have at most {most} items.")

    def refuse(self) -> None:
        """Raises InvalidInput if there are any."""
        if self.found:
            raise invalid_fields(self.found)
