"""What moderation does when something happened. Each runs in the transaction that marks its event done, may
see an event again (replay) and does not rely on the order of two events."""

from threadly.modules import identity
from threadly.modules.moderation.repository.erasure import ERASURE
from threadly.platform.events import Reactions
from threadly.platform.work import Work

__all__ = ["wire"]


def wire(reactions: Reactions) -> None:
    reactions.on(identity.AccountDeleted, erase_member, name="moderation.erase_member")


async def erase_member(work: Work, event: identity.AccountDeleted) -> None:
    """All that was about the member or by them; what they decided stays without their name."""
    for statement in ERASURE:
        await work.run(statement, event.user_id)
