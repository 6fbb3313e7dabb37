"""What a process of Threadly holds while it runs: the pools, Valkey and all that stands on them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from threadly.platform.cache import Cache
from threadly.platform.db import Database
from threadly.platform.limits import Limiter
from threadly.platform.presence import Presence
from threadly.platform.pubsub import PubSub, channel_of
from threadly.platform.tenants import Tenants
from threadly.platform.valkey import Valkey
from threadly.platform.work import Signal, Works
from threadly.settings import Settings

__all__ = ["Runtime", "running"]

# Of no tenant in particular: the registry of all of them has changed.
TENANTS_CHANGED = channel_of(0, "tenants")


class Runtime:
    """Started once per process, on the loop that serves. `settings` must name the database and Valkey."""

    def __init__(self, settings: Settings) -> None:
        assert settings.database_url, "the edge names the database"
        assert settings.valkey_url, "the edge names Valkey"
        self.settings = settings
        self.database = Database(
            settings.database_url, settings.database_replica_url, pool_size=settings.db_pool_size
        )
        self.valkey = Valkey(settings.valkey_url)
        self.cache = Cache(self.valkey)
        self.limiter = Limiter(self.valkey, factor=settings.rate_limit_factor)
        self.pubsub = PubSub(self.valkey)
        self.presence = Presence(self.valkey)
        self.tenants = Tenants(self.database)
        self.works = Works(self.database, settings, after_commit=self)
        self._hearing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises DatabaseUnavailable; Valkey may be down, then or later."""
        await self.database.start()
        await self.pubsub.start()
        self._hearing = asyncio.create_task(self._hear_of_tenants(), name="hearing of tenants")

    async def stop(self) -> None:
        await self.pubsub.stop()  # which ends what hears
        if self._hearing is not None:
            await self._hearing
        await self.valkey.aclose()
        await self.database.stop()

    async def tell_of_tenants(self) -> None:
        """Have this process know at once, and every other one in a moment, that a community was renamed."""
        await self.tenants.refresh()
        await self.pubsub.publish(TENANTS_CHANGED, {})

    async def _hear_of_tenants(self) -> None:
        async with self.pubsub.subscribe(TENANTS_CHANGED) as news:
            async for _ in news:
                self.tenants.forget()

    async def send(self, signals: list[Signal]) -> None:
        await self.pubsub.publish_many(
            [(channel_of(each.tenant_id, each.topic), each.payload) for each in signals]
        )

    async def forget(self, tenant_id: int, tags: set[str]) -> None:
        await self.cache.forget(*tags, tenant_id=tenant_id)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Runtime]:
    """A runtime for the time of this context. Raises DatabaseUnavailable."""
    runtime = Runtime(settings)
    await runtime.start()
    try:
        yield runtime
    finally:
        await runtime.stop()
