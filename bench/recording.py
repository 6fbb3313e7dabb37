"""The SQL of a checkout, written down while a real one runs, to be run again by a bare script.

Whatever statements the code has, these are they: the floor needs no upkeep. What a replay must make anew are
the ids that the checkout made itself.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import asyncpg
import msgspec

from threadly.platform.db import Connection, Statement
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import Actor, Tenant, Work, Works

__all__ = ["Recorded", "RecordingWorks", "replay"]

T = TypeVar("T")


class Recorded(msgspec.Struct, frozen=True):
    text: str
    arguments: tuple[object, ...]
    returns: bool


class _RecordingWork(Work):
    """A Work that writes down what it runs; `Work` keeps to its slots, and so the list is the class's."""

    __slots__ = ("record",)
    record: Callable[[Recorded], None]

    async def all(self, statement: Statement[T], *arguments: object) -> list[T]:
        self.record(Recorded(statement.text, arguments, returns=True))
        return await super().all(statement, *arguments)

    async def one(self, statement: Statement[T], *arguments: object) -> T | None:
        self.record(Recorded(statement.text, arguments, returns=True))
        return await super().one(statement, *arguments)

    async def run(self, statement: Statement[Any], *arguments: object) -> int:
        self.record(Recorded(statement.text, arguments, returns=False))
        return await super().run(statement, *arguments)


class RecordingWorks(Works):
    """`statements` are all that its Works ran, in order."""

    statements: list[Recorded]

    def _work(self, connection: Connection, tenant: Tenant, actor: Actor, *, writes: bool) -> Work:
        work = _RecordingWork(
            connection, tenant=tenant, actor=actor, now=self.clock(), settings=self.settings, writes=writes
        )
        work.record = self.statements.append
        return work


async def replay(
    connection: "asyncpg.Connection[asyncpg.Record]",
    statements: Sequence[Recorded],
    *,
    made_after: UUID,
    key: UUID,
) -> None:
    """All of them in one transaction, with new ids in place of those that are younger than `made_after`, and
    of the Idempotency-Key."""
    fresh = {key: new_id()}
    async with connection.transaction():
        for each in statements:
            arguments = [_renewed(argument, fresh, made_after) for argument in each.arguments]
            await (connection.fetch if each.returns else connection.execute)(each.text, *arguments)


def _renewed(value: Any, fresh: dict[UUID, UUID], made_after: UUID) -> Any:
    if isinstance(value, UUID):
        if value <= made_after:
            return value
        return fresh.setdefault(value, new_id())
    if isinstance(value, str):
        for old, new in fresh.items():
            value = value.replace(str(old), str(new))
        return value
    if isinstance(value, list | tuple):
        return [_renewed(each, fresh, made_after) for each in value]
    if isinstance(value, Mapping):
        return {key: _renewed(each, fresh, made_after) for key, each in value.items()}
    return value
