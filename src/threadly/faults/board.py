"""Which experiments run here, and until when: each ends by its own timer, whatever else is dead."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from threadly.faults.condition import CONDITIONS, together
from threadly.faults.killing import KILLS, kill_one
from threadly.faults.proxy import Proxy

__all__ = ["Board", "Due", "Told"]

# Who asked for it may be answered by the very process that dies.
KILL_AFTER_S = 0.3
REPLACED_WITHIN_S = 30.0
LOOK_EVERY_S = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """An experiment that nobody has ended yet. `remaining_s` is what is left of it by the database's clock;
    `is_known` says that some process like this one has begun with it."""

    id: UUID
    tenant_id: int
    kind: str
    remaining_s: float
    is_known: bool


class Told(Protocol):
    """Who writes down what became of an experiment; called from the loop, returns at once."""

    def began(self, due: Due, effect: str) -> None: ...
    def ended(self, due: Due) -> None:
        """By itself: its time is over."""


class Board:
    """`find` finds the processes of a program, to kill one."""

    def __init__(self, proxies: Mapping[str, Proxy], told: Told, *, find: Callable[[str], list[int]]) -> None:
        self._proxies = proxies
        self._told = told
        self._find = find
        self._running: dict[UUID, Due] = {}
        self._timers: dict[UUID, asyncio.TimerHandle] = {}
        self._killing: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> list[Due]:
        return list(self._running.values())

    def take(self, dues: list[Due]) -> None:
        """All that are to run at this moment: what is new begins, what is missing has been ended."""
        wanted = {due.id: due for due in dues}
        for experiment_id in [each for each in self._running if each not in wanted]:
            self._stop(experiment_id)
        for due in dues:
            if due.id not in self._running:
                self._start(due)

    def _start(self, due: Due) -> None:
        if due.remaining_s <= 0:
            self._told.ended(due)
            return
        self._running[due.id] = due
        self._timers[due.id] = asyncio.get_running_loop().call_later(due.remaining_s, self._end, due)
        self._apply()
        if due.is_known:
            return
        if due.kind in KILLS:
            task = asyncio.get_running_loop().create_task(self._kill(due, KILLS[due.kind]))
            self._killing.add(task)
            task.add_done_callback(self._killing.discard)
        else:
            self._told.began(due, "")

    async def _kill(self, due: Due, program: str) -> None:
        """Once, and see who comes in its place."""
        await asyncio.sleep(KILL_AFTER_S)
        if due.id not in self._running:
            return
        before = self._find(program)
        pid = kill_one(before)
        if pid is None:
            self._told.began(due, f"No process of {program} was found.")
            return
        killed = f"Process {pid} was killed"
        self._told.began(due, f"{killed}.")
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while loop.time() < began_s + REPLACED_WITHIN_S:
            await asyncio.sleep(LOOK_EVERY_S)
            if new := [each for each in self._find(program) if each not in before]:
                after_s = loop.time() - began_s
                self._told.began(due, f"{killed}; {new[0]} began in its place {after_s:.1f} s later.")
                return

    def _end(self, due: Due) -> None:
        self._stop(due.id)
        self._told.ended(due)

    def _stop(self, experiment_id: UUID) -> None:
        del self._running[experiment_id]
        self._timers.pop(experiment_id).cancel()
        self._apply()

    def _apply(self) -> None:
        for name, proxy in self._proxies.items():
            wanted = [
                condition
                for routes, condition in (
                    CONDITIONS.get(due.kind, ((), None)) for due in self._running.values()
                )
                if condition is not None and name in routes
            ]
            condition = together(wanted)
            if condition != proxy.condition:
                proxy.turn(condition)
