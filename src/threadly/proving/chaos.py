"""Breaks the installation while people buy, as the plan says."""

import asyncio
import time
from collections import Counter

import httpx

from threadly.proving.plan import Disaster, Plan
from threadly.proving.scratch import Scratch

__all__ = ["Chaos"]

POLL_S = 0.02
# A supervisor rightly gives up on a program that dies more than five times a minute.
KILLS_APART_S = 13.0
# For what is to be killed, while it is away: 20 s.
MOST_LOOKS = 1_000
HEALTHY: dict[str, object] = {}


class Chaos:
    """`run` it beside the buyers. `done` counts what was done."""

    def __init__(self, scratch: Scratch, plan: Plan, sandbox: httpx.AsyncClient) -> None:
        self._scratch = scratch
        self._plan = plan
        self._sandbox = sandbox
        self._killed_at: dict[str, float] = {}
        self.begun = 0
        self.done: Counter[str] = Counter()

    async def run(self) -> None:
        for disaster in self._plan.disasters:
            while self.begun < disaster.after:  # noqa: ASYNC110  # an event per number would say no more
                await asyncio.sleep(POLL_S)
            await self._strike(disaster)

    async def heal(self) -> None:
        """Have the provider behave from now on, and send what it held back."""
        await self._behave(HEALTHY)
        await self._sandbox.post("/v1/webhooks/release")

    async def _strike(self, disaster: Disaster) -> None:
        if disaster.kill:
            await self._kill(disaster.kill)
        elif disaster.behaviour:
            await self._behave({**disaster.behaviour, "seed": self._plan.seed})
            self.done[f"provider: {', '.join(sorted(disaster.behaviour))}"] += 1
            await asyncio.sleep(disaster.lasts_s)
            await self._behave(HEALTHY)

    async def _kill(self, target: str) -> None:
        wait_s = self._killed_at.get(target, -KILLS_APART_S) + KILLS_APART_S - time.monotonic()
        if wait_s > 0 and self._killed_at:
            await asyncio.sleep(wait_s)
        for _ in range(MOST_LOOKS):
            if await asyncio.to_thread(self._scratch.kill, target) is not None:
                self._killed_at[target] = time.monotonic()
                self.done[f"kill -9 of the {target}"] += 1
                return
            await asyncio.sleep(POLL_S)  # it is about to be started again

    async def _behave(self, behaviour: dict[str, object]) -> None:
        for _ in range(200):  # it may just have been killed
            try:
                answer = await self._sandbox.put("/v1/behaviour", json=behaviour)
                answer.raise_for_status()
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
