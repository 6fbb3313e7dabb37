"""Events: past facts, written in the transaction that made them true, told to reactions afterwards.

`Work.emit` writes to the outbox; the relay (relay.py, in the worker) runs each reaction in the transaction
that marks the event done. So a reaction's database effects happen exactly once, whatever process dies when.
A reaction touches the database only; what must reach another system is a job that it enqueues.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from threadly.platform.work import Work

__all__ = ["OUTBOX_CHANNEL", "Event", "Reaction", "Reactions", "event_name"]

OUTBOX_CHANNEL = "threadly_outbox"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all facts. A subclass names itself by its tag, `feed.post_published`.

    Fields may be added with a default; none may be removed or change meaning while events of that name are
    kept for replay.
    """


E = TypeVar("E", bound=Event)


def event_name(event: Event | type[Event]) -> str:
    tag = event.__struct_config__.tag
    assert isinstance(tag, str), "an event names itself by its tag"
    return tag


class Reaction(msgspec.Struct, frozen=True):
    """One listener of one kind of event; `name` (`feed.fan_out`) is what retries and dead letters show."""

    name: str
    event_type: type[Event]
    act: Callable[["Work", Any], Awaitable[None]]


class Reactions:
    """Who reacts to what: filled in app.py, visibly."""

    def __init__(self) -> None:
        self._by_event: dict[str, list[Reaction]] = {}
        self._types: dict[str, type[Event]] = {}

    @property
    def known(self) -> list[str]:
        """Events that this version knows. Others wait in the outbox for a worker that does."""
        return sorted(self._types)

    def declare(self, *event_types: type[Event]) -> None:
        """Know these events, though nobody may react to them yet."""
        self._types |= {event_name(each): each for each in event_types}

    def on(self, event_type: type[E], act: Callable[["Work", E], Awaitable[None]], *, name: str) -> None:
        reaction = Reaction(name, event_type, act)
        event = event_name(event_type)
        assert not self.named(event, name), f"{name} is wired twice"
        self.declare(event_type)
        self._by_event.setdefault(event, []).append(reaction)

    def of(self, event: str) -> Sequence[Reaction]:
        return self._by_event.get(event, ())

    def named(self, event: str, reaction: str) -> Reaction | None:
        return next((each for each in self.of(event) if each.name == reaction), None)

    def read(self, event: str, payload: object) -> Event:
        """The event that an outbox row holds. Raises msgspec.ValidationError for any other payload."""
        return msgspec.convert(payload, self._types[event])
