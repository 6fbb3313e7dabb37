"""Chores: what a process does besides, for as long as it serves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import structlog

__all__ = ["Chore", "doing"]

AGAIN_S: Final = 1.0

Chore: TypeAlias = Callable[[], Awaitable[None]]
"""Runs until it is cancelled, or is done by itself."""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def doing(chores: Mapping[str, Chore], *, again_s: float = AGAIN_S) -> AsyncIterator[None]:
    """Does them, by name, until the end of the context. One that fails is a bug: it is logged, and the chore
    begins again after `again_s`, since nobody else would notice that it is gone."""
    tasks = [asyncio.create_task(_do(name, chore, again_s), name=name) for name, chore in chores.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _do(name: str, chore: Chore, again_s: float) -> None:
    while True:
        try:
            return await chore()
        except Exception:
            log.exception("a chore failed and begins again", chore=name)
        await asyncio.sleep(again_s)
