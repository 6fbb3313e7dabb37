"""An import of products: what it counted, and what was wrong with the file."""

from datetime import datetime
from typing import Literal

import msgspec

from threadly.platform.ids import UUID

__all__ = [
    "MOST_IMPORT_BYTES",
    "MOST_PROBLEMS",
    "Import",
    "ImportCounts",
    "ImportProblem",
    "ImportState",
    "ImportSummary",
]

MOST_IMPORT_BYTES = 32 * 1_048_576
# So many are listed; all are counted.
MOST_PROBLEMS = 1_000

ImportState = Literal["queued", "running", "done", "failed"]


class ImportProblem(msgspec.Struct, frozen=True):
    """What is wrong with the row that begins at this physical line of the file (the first is 1; 0 is the
    import itself, which stopped).

    `imported`: the row went in all the same, with what `reason` says.
    """

    line: int
    reason: str
    imported: bool = False


class ImportCounts(msgspec.Struct, frozen=True):
    """`row_count` counts the rows that were read, good and bad, without the header."""

    row_count: int = 0
    products_created: int = 0
    products_updated: int = 0
    products_unchanged: int = 0
    variants_created: int = 0
    variants_updated: int = 0
    variants_unchanged: int = 0
    problem_count: int = 0

    def __add__(self, other: "ImportCounts") -> "ImportCounts":
        mine, theirs = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        return ImportCounts(*(a + b for a, b in zip(mine, theirs, strict=True)))


class ImportSummary(msgspec.Struct, frozen=True):
    """An upload of products. Its numbers grow while it runs, row by row as in ImportCounts.

    `failed` means that it stopped before the end of the file, and its first problem says why; what went in
    stays.
    """

    id: UUID
    uploaded_by: UUID
    filename: str
    dry_run: bool
    state: ImportState
    row_count: int
    products_created: int
    products_updated: int
    products_unchanged: int
    variants_created: int
    variants_updated: int
    variants_unchanged: int
    problem_count: int
    created_at: datetime
    ended_at: datetime | None


class Import(ImportSummary, frozen=True):
    """With what was wrong with the file: the first thousand problems of `problem_count`."""

    problems: list[ImportProblem]
