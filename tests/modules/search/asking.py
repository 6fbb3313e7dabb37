"""What is asked in these tests, in one line each."""

from typing import Any

from tests.cast import Visit
from threadly.modules import search
from threadly.modules.search.embedder import asker
from threadly.platform.ids import UUID

__all__ = ["ask", "ids_of", "text_of", "texts_of"]


async def ask(whom: Visit, question: str, *, meaning: bool = False, **wanted: Any) -> search.Found:
    """By words alone, unless by `meaning` too."""
    meaning_of = await asker.ready(patience_s=10) if meaning else None
    filters = search.Wanted(**wanted)
    return await whom.read(
        lambda work: search.find(work, question=question, wanted=filters, meaning_of=meaning_of)
    )


async def ids_of(whom: Visit, question: str, *, meaning: bool = False, **wanted: Any) -> list[UUID]:
    return [hit.id for hit in (await ask(whom, question, meaning=meaning, **wanted)).hits]


async def texts_of(whom: Visit, question: str, *, meaning: bool = False, **wanted: Any) -> list[str]:
    """What is found, as it reads: the title, or the text of what has none."""
    return [text_of(hit) for hit in (await ask(whom, question, meaning=meaning, **wanted)).hits]


def text_of(hit: search.Hit) -> str:
    return "".join(part.text for part in hit.title or hit.excerpt)
