"""Telling people of one fact, and taking it back."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from threadly.modules.notifications.repository.forgetting import DROP_ENTRIES, RECOUNT
from threadly.modules.notifications.repository.telling import TELL, TELL_FOLLOWERS
from threadly.modules.notifications.rules import DEFAULTS, REPEATED
from threadly.modules.notifications.signals import ring
from threadly.modules.notifications.types import CHANNELS, Kind
from threadly.platform.db import Statement
from threadly.platform.ids import FIRST_ID, UUID, new_id
from threadly.platform.work import Work

__all__ = ["AT_ONCE", "Fact", "post_fact", "retract", "tell", "tell_followers"]

# People told by one statement.
AT_ONCE = 1_000
NOBODY = FIRST_ID


class Fact(msgspec.Struct, frozen=True):
    """What people are told of. Facts of one `group` are one entry while it is unread. `id`, `variant` and
    `actor_id` (who caused it, if somebody did) say which fact it is: it is told once, however often its event
    is seen. `subject_id` is what the entry leads to; `detail` what its sentence needs besides."""

    kind: Kind
    group: UUID
    id: UUID
    subject_id: UUID
    actor_id: UUID | None = None
    variant: str = ""
    detail: Mapping[str, Any] = {}


def post_fact(post_id: UUID, author_id: UUID) -> Fact:
    """A new post: those of one author are one entry."""
    return Fact("post", author_id, post_id, post_id, author_id)


async def tell(work: Work, fact: Fact, *, user_ids: Collection[UUID]) -> None:
    """Tell these people, those who want to hear of it; nobody of what they did themselves."""
    for some in _batches(sorted(set(user_ids))):
        told = await work.one(TELL, *_values(work, fact, len(some)), some)
        assert told is not None
        ring(work, told.user_ids)


async def tell_followers(
    work: Work, fact: Fact, *, after: UUID, but: Collection[UUID], batches: int, at_once: int = AT_ONCE
) -> UUID | None:
    """Tell those who follow the fact's actor, `at_once` per statement, those not who are named in `but`.
    Begins after the following with that id; after so many `batches` returns where to go on, or None."""
    last: UUID | None = after
    for _ in range(batches):
        told = await work.one(TELL_FOLLOWERS, *_values(work, fact, at_once), last, at_once, list(but))
        assert told is not None
        ring(work, told.user_ids)
        last = told.last
        if last is None:
            break
    return last


async def retract(work: Work, statement: Statement[None], *arguments: UUID) -> None:
    """Take back what one of the RETRACT statements says, and say anew what is left of the entries."""
    if not await work.run(statement, *arguments):
        return
    recounted = await work.all(RECOUNT, NOBODY)
    if empty := [each.id for each in recounted if each.empty]:
        await work.run(DROP_ENTRIES, empty)
    ring(work, {each.user_id for each in recounted})


def _values(work: Work, fact: Fact, people: int) -> tuple[object, ...]:
    defaults = DEFAULTS[fact.kind]
    return (
        fact.kind,
        fact.variant,
        fact.group,
        fact.id,
        fact.actor_id or NOBODY,
        fact.subject_id,
        fact.detail,
        work.now,
        [new_id() for _ in range(people)],
        [defaults[channel] for channel in CHANNELS],
        fact.kind in REPEATED,
        work.happened_at,
    )


def _batches(user_ids: list[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(user_ids), AT_ONCE):
        yield user_ids[start : start + AT_ONCE]
