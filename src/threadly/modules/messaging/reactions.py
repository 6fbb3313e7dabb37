"""What messaging does when something happened. Each runs in the transaction that marks its event done, may
see an event again (replay) and does not rely on the order of two events."""

from threadly.modules import identity, media, moderation
from threadly.modules.messaging.events import MessageSent
from threadly.modules.messaging.live import tell
from threadly.modules.messaging.repository.conversations import FIND_DIRECT, LIST_MEMBER_IDS, LIST_RECIPIENTS
from threadly.modules.messaging.repository.messages import (
    BLANK_MESSAGES,
    DELETE_MESSAGE,
    ERASE_CALLS,
    FORGET_DIRECT,
    HIDE_MESSAGE,
    KEPT_MESSAGE,
    LEAVE_ALL,
    LIST_WITH_MEDIA,
    LOCK_OF_MEMBER,
    LOCK_OF_MESSAGE,
    RELEASE_HELD,
)
from threadly.modules.messaging.repository.rows import KeptRow
from threadly.modules.messaging.rules import direct_key
from threadly.modules.messaging.verbs.calls import end_call_between
from threadly.modules.messaging.verbs.leaving import pass_on
from threadly.platform.events import Reactions
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["wire"]


def wire(reactions: Reactions) -> None:
    reactions.on(moderation.ContentHidden, hide_message, name="messaging.hide_message")
    reactions.on(moderation.ContentReleased, release_message, name="messaging.release_message")
    reactions.on(moderation.ContentRemoved, remove_message, name="messaging.remove_message")
    reactions.on(moderation.BlockStarted, part, name="messaging.part")
    reactions.on(moderation.BlockEnded, meet, name="messaging.meet")
    reactions.on(identity.AccountDeleted, erase_member, name="messaging.erase_member")


async def hide_message(work: Work, event: moderation.ContentHidden) -> None:
    kept = await _find(work, event.kind, event.subject_id)
    if kept and not kept.hidden:
        await work.run(HIDE_MESSAGE, kept.id, kept.conversation_id, True)
        await _tell(work, kept.conversation_id)


async def release_message(work: Work, event: moderation.ContentReleased) -> None:
    """It comes back where it was; one that was held from the start arrives only now."""
    kept = await _find(work, event.kind, event.subject_id)
    if kept is None or not kept.hidden:
        return
    if kept.shown:
        await work.run(HIDE_MESSAGE, kept.id, kept.conversation_id, False)
    else:
        await work.run(RELEASE_HELD, kept.id, kept.conversation_id, work.now)
        recipients = tuple(await work.all(LIST_RECIPIENTS, kept.conversation_id, kept.sender_id))
        work.emit(
            MessageSent(
                message_id=kept.id,
                conversation_id=kept.conversation_id,
                sender_id=kept.sender_id,
                recipient_ids=recipients,
            )
        )
    await _tell(work, kept.conversation_id)


async def remove_message(work: Work, event: moderation.ContentRemoved) -> None:
    kept = await _find(work, event.kind, event.subject_id)
    if kept is None or kept.deleted:
        return
    await work.run(DELETE_MESSAGE, kept.id, kept.conversation_id, work.now)
    if kept.has_media:
        await media.detach(work, owner="message", owner_id=kept.id)
    await _tell(work, kept.conversation_id)


async def part(work: Work, event: moderation.BlockStarted) -> None:
    """Who talk to each other at this moment, do not any more."""
    await end_call_between(work, event.blocker_id, event.blocked_id)
    await _tell_pair(work, event.blocker_id, event.blocked_id)


async def meet(work: Work, event: moderation.BlockEnded) -> None:
    await _tell_pair(work, event.blocker_id, event.blocked_id)


async def erase_member(work: Work, event: identity.AccountDeleted) -> None:
    """Their words are gone, and they are in no conversation; that there were messages stays, as empty
    places."""
    conversations = await work.all(LOCK_OF_MEMBER, event.user_id)
    for message_id in await work.all(LIST_WITH_MEDIA, event.user_id):
        await media.detach(work, owner="message", owner_id=message_id)
    await work.run(BLANK_MESSAGES, event.user_id, work.now)
    await work.run(ERASE_CALLS, event.user_id)
    await work.run(FORGET_DIRECT, event.user_id)
    for conversation_id in await work.all(LEAVE_ALL, event.user_id):
        await pass_on(work, conversation_id=conversation_id)
    for conversation_id in conversations:
        await _tell(work, conversation_id)


async def _find(work: Work, kind: str, message_id: UUID) -> KeptRow | None:
    """The message, its conversation locked; None for what is none."""
    if kind != "message":
        return None
    await work.one(LOCK_OF_MESSAGE, message_id)
    return await work.one(KEPT_MESSAGE, message_id)


async def _tell_pair(work: Work, one: UUID, other: UUID) -> None:
    """That their conversation, if they have one, is to be read again."""
    if found := await work.one(FIND_DIRECT, direct_key(one, other)):
        tell(work, [one, other], "conversation", conversation_id=str(found))


async def _tell(work: Work, conversation_id: UUID) -> None:
    members = await work.all(LIST_MEMBER_IDS, conversation_id)
    tell(work, members, "change", conversation_id=str(conversation_id))
