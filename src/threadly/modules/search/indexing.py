"""An index built here and now, for the command line, which needs no worker."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from threadly.modules.search.building import build
from threadly.modules.search.embedder import Embedder
from threadly.modules.search.types import Rebuild
from threadly.modules.search.verbs.rebuilding import begin_rebuild, list_indexes
from threadly.platform.work import SYSTEM, Tenant, Work, Works

__all__ = ["rebuild_now"]

T = TypeVar("T")


class Now:
    """Steps that are run once, just now."""

    def __init__(self, works: Works, tenant: Tenant) -> None:
        self.works = works
        self.tenant = tenant

    async def step(self, _name: str, act: Callable[[], Awaitable[T]]) -> T:
        return await act()

    async def transact(self, _name: str, act: Callable[[Work], Awaitable[T]]) -> T:
        return await self.works.attempt(self.tenant, SYSTEM, act)


async def rebuild_now(works: Works, tenant: Tenant) -> AsyncIterator[Rebuild]:
    """Build the community's index anew; yields how far it is after each step. Raises RebuildRunning."""
    begun = await works.attempt(tenant, SYSTEM, begin_rebuild)
    embedder = Embedder()
    try:
        async for _ in build(Now(works, tenant), generation_id=begun.id, embedder=embedder):
            async with works.read(tenant, SYSTEM, fresh=True) as work:
                found = [each for each in await list_indexes(work) if each.id == begun.id]
            for rebuild in found:
                yield rebuild
    finally:
        await embedder.stop()
