"""Chores go on while a process serves, and end with it."""

import asyncio

from structlog.testing import capture_logs

from tests.conftest import eventually
from threadly.platform.chores import doing


async def test_a_chore_that_fails_is_told_of_and_begins_again() -> None:
    begun: list[int] = []

    async def chore() -> None:
        begun.append(len(begun))
        if len(begun) == 1:
            raise RuntimeError("a bug")
        await asyncio.Event().wait()

    async def again() -> bool:
        return len(begun) == 2

    with capture_logs() as logged:
        async with doing({"tests.chore": chore}, again_s=0.001):
            await eventually(again)
    assert [(line["chore"], line["log_level"]) for line in logged] == [("tests.chore", "error")]


async def test_chores_end_with_the_context_and_one_that_is_done_is_not_begun_again() -> None:
    begun: list[str] = []
    ended = asyncio.Event()

    async def short() -> None:
        begun.append("short")

    async def long() -> None:
        begun.append("long")
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def both() -> bool:
        return len(begun) == 2

    async with doing({"tests.short": short, "tests.long": long}, again_s=0):
        await eventually(both)
    assert sorted(begun) == ["long", "short"]
    assert ended.is_set()
