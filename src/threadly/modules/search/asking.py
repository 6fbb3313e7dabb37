"""A question of a request: its meaning first, which no transaction waits for, then what fits."""

from hashlib import blake2b

import msgspec

from threadly.modules.search.embedder import asker
from threadly.modules.search.rules.planning import clean_question
from threadly.modules.search.types import Found, Wanted
from threadly.modules.search.verbs.finding import MOST_FOUND, find
from threadly.platform.http.edge import Edge
from threadly.platform.paging import Keyset

__all__ = ["list_name", "look_for", "offset_of"]


async def look_for(edge: Edge, *, question: str, wanted: Wanted, offset: int = 0, limit: int = 20) -> Found:
    """As `find`, by meaning too where the model is ready."""
    meaning_of = await asker.ready() if clean_question(question) else None
    return await edge.read(
        lambda work: find(
            work, question=question, wanted=wanted, meaning_of=meaning_of, offset=offset, limit=limit
        )
    )


def list_name(question: str, wanted: Wanted) -> str:
    """What binds a cursor to this list."""
    return f"search:{_digest(question, wanted)}"


def _digest(question: str, wanted: Wanted) -> str:
    return blake2b(msgspec.json.encode((clean_question(question), wanted)), digest_size=16).hexdigest()


def offset_of(after: Keyset | None) -> int:
    """How many results the pages before have. Raises nothing: who made the key was this list."""
    return min(int(after[0]), MOST_FOUND) if after else 0
