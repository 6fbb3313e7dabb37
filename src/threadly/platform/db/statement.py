"""A SQL statement as a value: its name, its text, and the type that its rows become.

Statements are module-level constants of the `repository.py` files. One test prepares each of them on the
migrated schema and compares its columns with the fields of the Struct that it fills.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar, cast

import asyncpg
import msgspec

__all__ = ["Statement", "sql"]

T = TypeVar("T")


class Statement(Generic[T]):
    """`name` is what traces show; `into` is a Struct filled by position, or the type of the first column."""

    __slots__ = ("_is_struct", "into", "name", "text")

    def __init__(self, name: str, text: str, into: type[T]) -> None:
        self.name = name
        self.text = text
        self.into = into
        self._is_struct = issubclass(into, msgspec.Struct)

    def read(self, row: "asyncpg.Record") -> T:
        return self.into(*row) if self._is_struct else cast(T, row[0])

    def read_all(self, rows: "Sequence[asyncpg.Record]") -> list[T]:
        into = self.into
        return [into(*row) for row in rows] if self._is_struct else [cast(T, row[0]) for row in rows]

    def __repr__(self) -> str:
        return f"<Statement {self.name}>"


def sql(name: str, text: str, *, into: type[T]) -> Statement[T]:
    """Declare a statement; `into=NoneType` for one whose rows nobody reads."""
    return Statement(name, text, into)
