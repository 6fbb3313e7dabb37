"""What media does when something happened. Each runs in the transaction that marks its event done, may see
an event again (replay) and does not rely on the order of two events."""

from threadly.modules import identity
from threadly.modules.media.repository.keeping import BLANK_MEMBER, ERASE_MEMBER
from threadly.platform.events import Reactions
from threadly.platform.work import Work

__all__ = ["wire"]


def wire(reactions: Reactions) -> None:
    reactions.on(identity.AccountDeleted, erase_member, name="media.erase_member")


async def erase_member(work: Work, event: identity.AccountDeleted) -> None:
    """Their images are found by nobody from now on; the sweep deletes the bytes within two hours. Images of
    products belong to the community and stay, without a name."""
    await work.run(BLANK_MEMBER, event.user_id)
    await work.run(ERASE_MEMBER, event.user_id)
