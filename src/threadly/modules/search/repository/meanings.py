"""What waits for its meaning, and the meanings themselves."""

# ruff: noqa: S608  # only this package's own constants are put into SQL

from types import NoneType
from typing import Final

import msgspec

from threadly.modules.search.repository.sources import SOURCES
from threadly.platform.db import Statement, sql
from threadly.platform.durable.due import Due
from threadly.platform.ids import UUID

__all__ = ["DUE_MEANINGS", "FINISH_PENDING", "KEEP_MEANINGS", "LIST_PENDING", "TEXTS", "Pending", "Text"]


class Pending(msgspec.Struct, frozen=True):
    """`asked` counts: what is asked again meanwhile stays."""

    generation_id: int
    kind: str
    id: UUID
    asked: int


class Text(msgspec.Struct, frozen=True):
    id: UUID
    text: str


# One job per tenant and newest document: the next document makes the next job, and so does the same again.
DUE_MEANINGS: Final = sql(
    "search.due_meanings",
    "SELECT tenant_id, subject_id, turn AS tries FROM search.list_pending($1)",
    into=Due,
)
LIST_PENDING: Final = sql(
    "search.list_pending_meanings",
    "SELECT generation_id, kind, id, asked FROM search.pending_meanings ORDER BY id DESC LIMIT $1",
    into=Pending,
)


def _texts(kind: str) -> Statement[Text]:
    return sql(
        f"search.texts_of_{kind}",
        f"SELECT s.id, left(s.meaning, 2000) AS text FROM ({SOURCES[kind]}) s WHERE s.id = ANY($1::uuid[])",
        into=Text,
    )


TEXTS_OF_POST: Final = _texts("post")
TEXTS_OF_USER: Final = _texts("user")
TEXTS_OF_PRODUCT: Final = _texts("product")
TEXTS: Final = {"post": TEXTS_OF_POST, "user": TEXTS_OF_USER, "product": TEXTS_OF_PRODUCT}

KEEP_MEANINGS: Final = sql("search.keep_meanings", "SELECT search.keep_meanings($1, $2, $3, $4)", into=int)
FINISH_PENDING: Final = sql(
    "search.finish_pending",
    """
    DELETE FROM search.pending_meanings p
    USING unnest($1::int[], $2::text[], $3::uuid[], $4::int[]) done(generation_id, kind, id, asked)
    WHERE p.generation_id = done.generation_id AND p.kind = done.kind AND p.id = done.id AND p.asked =
        done.asked
    """,
    into=NoneType,
)
