"""What becomes of a conversation that somebody has left."""

from threadly.modules import media
from threadly.modules.messaging.repository.conversations import DELETE_EMPTY, PASS_ON
from threadly.modules.messaging.repository.messages import LIST_MEDIA_OF_EMPTY
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["pass_on"]


async def pass_on(work: Work, *, conversation_id: UUID) -> None:
    """Who has been in it longest owns it now; when nobody is left it goes, and what its messages showed is
    shown no more."""
    await work.run(PASS_ON, conversation_id)
    for message_id in await work.all(LIST_MEDIA_OF_EMPTY, conversation_id):
        await media.detach(work, owner="message", owner_id=message_id)
    await work.run(DELETE_EMPTY, conversation_id)
