"""Whether who was let in may stay: what is open for a member asks when it is told that this may have changed.

Whatever ends a session or keeps a member out calls `ask_again`. A hint may be lost (pubsub.py), so what stays
open asks by itself as well, now and then, and often while no hint can arrive.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from threadly.platform.actor import Actor, Tenant
from threadly.platform.db import DatabaseUnavailable
from threadly.platform.errors import Refusal
from threadly.platform.ids import UUID
from threadly.platform.pubsub import channel_of
from threadly.platform.work import Work

__all__ = ["ASK_S", "SETTLED_S", "Standing", "ask_again"]

# What a process knows of access tokens is up to a second old: an answer given later than this is the last.
SETTLED_S: Final = 1.1
# How often it is asked unprompted.
ASK_S: Final = 60.0


class Standing:
    """Of one member who was let in; `authenticate` answers as it would now if they came again."""

    def __init__(self, tenant: Tenant, actor: Actor, authenticate: Callable[[], Awaitable[Actor]]) -> None:
        self._actor = actor
        self._authenticate = authenticate
        self.channel: Final = channel_of(tenant.id, _topic_of(actor.me))

    async def holds(self) -> bool:
        """What cannot be asked at the moment is taken to hold."""
        try:
            actor = await self._authenticate()
        except DatabaseUnavailable:
            return True
        except Refusal:
            return False
        return actor.user_id == self._actor.user_id


def ask_again(work: Work, *, user_id: UUID) -> None:
    """Have whatever is open for this member ask, once the Work is committed."""
    work.signal(_topic_of(user_id), {})


def _topic_of(user_id: UUID) -> str:
    """Each member has a topic of their own, which only processes hear that keep something open for them."""
    return f"standing:{user_id}"
