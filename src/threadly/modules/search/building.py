"""An index is built beside the one in use: a batch at a time, each in its own transaction, until it takes
over.

The same steps run as a durable job and from the command line; `Steps` says how a step is run.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Protocol, TypeVar

from threadly.modules.search.embedder import Embedder
from threadly.modules.search.kinds import KINDS, Kind
from threadly.modules.search.repository.generations import (
    ADD_PROGRESS,
    DROP_RETIRED_DOCUMENTS,
    DROP_RETIRED_MEANINGS,
    DROP_RETIRED_PENDING,
    DROP_RETIRED_WORDS,
    FILL,
    LIST_RETIRED,
    RECOUNT,
    REMOVE_GENERATION,
    RETIRE_CURRENT,
    SET_STAGE,
    SWEEP,
    TAKE_OVER,
)
from threadly.modules.search.repository.meanings import (
    FINISH_PENDING,
    KEEP_MEANINGS,
    LIST_PENDING,
    TEXTS,
    Pending,
    Text,
)
from threadly.platform.ids import FIRST_ID, UUID
from threadly.platform.work import SYSTEM, Tenant, Work, Works

__all__ = ["BATCH", "Steps", "build", "embed_pending", "embed_some"]

T = TypeVar("T")

BATCH: Final = 500
DROPPED_AT_ONCE: Final = 5_000
MOST_BATCHES: Final = 100_000
# The newest so many tell how frequent words are.
SAMPLED: Final = 50_000
MOST_RETIRED: Final = 10


class Steps(Protocol):
    """How a step is run: in a durable job each once, from the command line just now."""

    works: Works
    tenant: Tenant

    async def step(self, name: str, act: Callable[[], Awaitable[T]], /) -> T: ...

    async def transact(self, name: str, act: Callable[[Work], Awaitable[T]], /) -> T: ...


async def build(steps: Steps, *, generation_id: int, embedder: Embedder) -> AsyncIterator[int]:
    """Fill the index, embed it, let it take over, drop the old ones; yields after each step how many
    documents it has done."""
    fill_little = partial(_fill_little, generation_id=generation_id)
    done, begun = await steps.transact("fill-little", fill_little)
    yield done
    for kind in KINDS:
        after = begun.get(kind.name)
        for number in range(MOST_BATCHES):
            if after is None:
                break
            fill = partial(_fill_some, kind=kind, generation_id=generation_id, after=after)
            after, count = await steps.transact(f"fill-{kind.name}-{number}", fill)
            embed = partial(embed_pending, steps.works, steps.tenant, embedder)
            await steps.step(f"embed-{kind.name}-{number}", embed)
            yield count
    if begun:
        await steps.transact("switch", partial(_switch, generation_id=generation_id))
    await steps.step("embed", partial(embed_pending, steps.works, steps.tenant, embedder))
    yield 0
    for number in range(MOST_BATCHES):
        if not await steps.transact(f"drop-{number}", _drop_some):
            break


async def _fill_little(work: Work, *, generation_id: int) -> tuple[int, dict[str, str]]:
    """The first batch of each kind. Returns how many documents they have, and the last id of each kind that
    has more. If none has, the index takes over at once: so it is with most communities."""
    done, after = 0, dict[str, str]()
    for kind in KINDS:
        last, count = await _fill_some(work, kind=kind, generation_id=generation_id, after=str(FIRST_ID))
        done += count
        if last is not None:
            after[kind.name] = last
    if not after:
        await _switch(work, generation_id=generation_id)
    return done, after


async def _fill_some(work: Work, *, kind: Kind, generation_id: int, after: str) -> tuple[str | None, int]:
    """The next batch after that id. Returns the last id, None at the end, and how many there were."""
    filled = await work.one(FILL[kind.name], generation_id, UUID(after), BATCH)
    count = filled.count if filled else 0
    last = str(filled.last) if filled and filled.last and count == BATCH else None
    await work.run(ADD_PROGRESS, generation_id, kind.label, count, work.now)
    return last, count


async def _switch(work: Work, *, generation_id: int) -> None:
    """What was built is in use from now on."""
    await work.run(SET_STAGE, generation_id, "Counting", work.now)
    for kind in KINDS:
        await work.run(SWEEP[kind.name], generation_id)
    await work.run(RECOUNT, generation_id, SAMPLED)
    await work.run(RETIRE_CURRENT, work.now)
    await work.run(TAKE_OVER, work.now, generation_id)


async def _drop_some(work: Work) -> bool:
    """A batch of an index that is in use no more. Returns whether there may be more of it."""
    for retired in await work.all(LIST_RETIRED, MOST_RETIRED):
        rows = 0
        for statement in (DROP_RETIRED_DOCUMENTS, DROP_RETIRED_WORDS, DROP_RETIRED_PENDING):
            rows += await work.run(statement, retired, DROPPED_AT_ONCE)
        rows += await work.one(DROP_RETIRED_MEANINGS, retired, DROPPED_AT_ONCE) or 0
        if rows:
            return True
        await work.run(REMOVE_GENERATION, retired)
    return False


async def embed_pending(works: Works, tenant: Tenant, embedder: Embedder) -> int:
    """All that waits for its meaning gets it. Returns how many; raises EmbedderFailed."""
    total = 0
    for _ in range(MOST_BATCHES):
        count = await embed_some(works, tenant, embedder)
        total += count
        if count < BATCH:
            break
    return total


async def embed_some(works: Works, tenant: Tenant, embedder: Embedder) -> int:
    """The newest of them. No transaction is open while the helper works."""
    async with works.read(tenant, SYSTEM, fresh=True) as work:
        pending = await work.all(LIST_PENDING, BATCH)
        texts = {
            (kind.name, each.id): each.text for kind in KINDS for each in await _texts(work, kind, pending)
        }
    if not pending:
        return 0
    keys = list(texts)
    embedded = await embedder.embed([texts[key] for key in keys]) if keys else []
    meanings = {key: meaning for key, meaning in zip(keys, embedded, strict=True) if meaning}
    await works.attempt(tenant, SYSTEM, partial(_keep_meanings, pending=pending, meanings=meanings))
    return len(pending)


async def _texts(work: Work, kind: Kind, pending: Sequence[Pending]) -> list[Text]:
    ids = list({each.id for each in pending if each.kind == kind.name})
    return await work.all(TEXTS[kind.name], ids) if ids else []


async def _keep_meanings(
    work: Work, *, pending: Sequence[Pending], meanings: dict[tuple[str, UUID], str]
) -> None:
    meant = [each for each in pending if (each.kind, each.id) in meanings]
    await work.run(
        KEEP_MEANINGS,
        [each.generation_id for each in meant],
        [each.kind for each in meant],
        [each.id for each in meant],
        [meanings[each.kind, each.id] for each in meant],
    )
    await work.run(
        FINISH_PENDING,
        [each.generation_id for each in pending],
        [each.kind for each in pending],
        [each.id for each in pending],
        [each.asked for each in pending],
    )
