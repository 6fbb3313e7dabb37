"""The index follows what happens. Whatever happened, the thing is read again: so the order of two events, and
an event seen twice, make no difference."""

from collections.abc import Sequence
from typing import Final

from threadly.modules.search.kinds import Kind, kind_named
from threadly.modules.search.repository.keeping import (
    DROP_ABSENT,
    DROP_DOCUMENTS,
    DROP_MEANINGS,
    DROP_PENDING,
    FORGET_WORDS,
    KEEP,
    LEARN,
    LEXEMES_OF,
    LIST_DOCUMENTS_OF,
    LIST_LIVE,
    LOCK,
)
from threadly.platform.ids import UUID
from threadly.platform.work import Work

# A word that more documents have is still somebody's when one of them goes.
ASKED_ABOUT: Final = 100
ERASED_AT_ONCE: Final = 1_000


async def refresh(work: Work, *, kind: Kind, ids: Sequence[UUID]) -> None:
    """What of `ids` can be found is in the index as it is now, the others are not. A community without an
    index gets one from a worker, which reads everything anyway."""
    if not await work.all(LIST_LIVE):
        return
    wanted = list(ids)
    await work.run(LOCK, wanted)
    before = await work.all(LEXEMES_OF, kind.name, wanted)
    await work.run(KEEP[kind.name], wanted)
    await work.run(LEARN[kind.name], wanted)
    if absent := await work.all(DROP_ABSENT[kind.name], wanted):
        await _clear(work, kinds=[kind.name] * len(absent), ids=absent)
    if before:
        await work.run(FORGET_WORDS, before, ASKED_ABOUT)


async def hide(work: Work, *, kind: Kind, ids: Sequence[UUID]) -> None:
    """They are not in the index, whatever their module says of them at this moment."""
    if not await work.all(LIST_LIVE):
        return
    await work.run(LOCK, list(ids))
    await _drop(work, kinds=[kind.name] * len(ids), ids=list(ids))


async def erase_author(work: Work, *, author_id: UUID) -> None:
    """Nothing of the member is in the index, and no word that only they had."""
    found = await work.all(LIST_DOCUMENTS_OF, author_id)
    for start in range(0, len(found), ERASED_AT_ONCE):
        some = found[start : start + ERASED_AT_ONCE]
        await _drop(work, kinds=[each.kind for each in some], ids=[each.id for each in some])


async def _drop(work: Work, *, kinds: list[str], ids: list[UUID]) -> None:
    lexemes: set[str] = set()
    for name in sorted(set(kinds)):
        of_kind = [each for kind, each in zip(kinds, ids, strict=True) if kind == name]
        lexemes.update(await work.all(LEXEMES_OF, kind_named(name).name, of_kind))
    await work.run(DROP_DOCUMENTS, kinds, ids)
    await _clear(work, kinds=kinds, ids=ids)
    if lexemes:
        await work.run(FORGET_WORDS, sorted(lexemes), ASKED_ABOUT)


async def _clear(work: Work, *, kinds: list[str], ids: list[UUID]) -> None:
    await work.run(DROP_PENDING, kinds, ids)
    await work.run(DROP_MEANINGS, kinds, ids)
