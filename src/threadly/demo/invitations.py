"""What the demo community says of itself, and a link by which Alex invites his next students."""

from collections.abc import Mapping

from threadly.modules import identity
from threadly.platform.ids import UUID
from threadly.platform.work import SYSTEM, Actor, Work

__all__ = ["invite_students"]

DESCRIPTION = "People who make things: bowls, shelves, bread, code. Ask anything, show what went wrong."


async def invite_students(work: Work, *, ids: Mapping[str, UUID]) -> None:
    """`work` is left acting as Alex."""
    work.actor = SYSTEM
    await identity.describe_community(work, description=DESCRIPTION)
    work.actor = Actor(ids["alexsmith"])
    await identity.create_invite(work, most_uses=12, days=30)
