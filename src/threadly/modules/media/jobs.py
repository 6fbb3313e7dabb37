"""What media does later, or on a schedule."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from threadly.modules.media.press import press_of
from threadly.modules.media.repository.keeping import (
    DELETE_IDLE,
    FORGET_PLACES,
    KEEP_VARIANTS,
    LIST_GONE,
    MARK_GONE,
)
from threadly.modules.media.rules import VARIANTS, path_of
from threadly.platform.durable import Job, Run, Schedule, job
from threadly.platform.errors import Kind, Refusal
from threadly.platform.ids import UUID
from threadly.platform.storage import ObjectMissing, storage_of
from threadly.platform.work import Work

__all__ = ["JOBS", "SCHEDULES", "make_sizes", "sweep"]

# An upload that nothing shows; a form may lie open for a while.
IDLE_KEPT: Final = timedelta(days=1)
# Longer than any request: whoever has just found or reserved a place still has it when it counts.
PLACE_KEPT: Final = timedelta(hours=1)
BATCH_SIZE: Final = 500
BATCHES_MOST: Final = 100


@job("media.make_sizes", queue="media")
async def make_sizes(run: Run, *, place: str) -> None:
    """The smaller forms of a picture, and which there are."""
    storage, press = storage_of(run.works.settings), press_of(run.works)

    async def make() -> list[str]:
        try:
            main = await (await storage.get(path_of(run.tenant.id, UUID(place), "main"))).read()
            sizes = await press.sizes(main)
        except ObjectMissing:
            return []  # removed meanwhile
        except Refusal as refusal:
            if refusal.kind is Kind.UNAVAILABLE:
                raise
            return []  # the picture itself is served then
        for variant, content in sizes.contents.items():
            path = path_of(run.tenant.id, UUID(place), variant)
            await storage.put(path, content, content_type="image/webp")
        return list(sizes.contents)

    made = await run.step("make", make)
    await run.transact("keep", lambda work: work.run(KEEP_VARIANTS, UUID(place), made))


@job("media.sweep", queue="media")
async def sweep(run: Run) -> None:
    """What nobody uses goes: first from the lists, then from the store, then it is forgotten."""
    storage = storage_of(run.works.settings)

    async def delete(places: Sequence[str]) -> None:
        paths = [path_of(run.tenant.id, UUID(place), each) for place in places for each in VARIANTS]
        await storage.delete(paths)

    for number in range(BATCHES_MOST):
        places = await run.transact(f"mark {number}", _mark)
        if not places:
            return
        await run.step(f"delete {number}", lambda places=places: delete(places))  # type: ignore[misc]  # mypy loses the default's type
        gone = [UUID(place) for place in places]
        await run.transact(f"forget {number}", lambda work, gone=gone: work.run(FORGET_PLACES, gone))  # type: ignore[misc]  # the same


JOBS: Final[list[Job]] = [make_sizes, sweep]
SCHEDULES: Final[list[Schedule]] = [Schedule("43 * * * *", sweep)]


async def _mark(work: Work) -> list[str]:
    """Places to empty, whole batches while there is more."""
    await work.run(DELETE_IDLE, work.now - IDLE_KEPT, BATCH_SIZE)
    await work.run(MARK_GONE, work.now - PLACE_KEPT, BATCH_SIZE)
    return [str(place) for place in await work.all(LIST_GONE, BATCH_SIZE)]
