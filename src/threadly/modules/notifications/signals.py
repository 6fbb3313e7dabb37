"""The hint behind the bell: something is to be told to this person, or was read by them."""

from collections.abc import Iterable

from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["ring", "topic_of"]


def topic_of(user_id: UUID) -> str:
    """Each person has a topic of their own: a process hears only of those whose pages it keeps open."""
    return f"bell:{user_id}"


def ring(work: Work, user_ids: Iterable[UUID]) -> None:
    """Have the open pages of these people look, once the Work is committed."""
    for user_id in user_ids:
        work.signal(topic_of(user_id), {})
