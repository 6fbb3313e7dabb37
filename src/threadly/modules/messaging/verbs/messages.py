"""Messages that are there: read, changed, taken back, reported."""

from collections.abc import Sequence

from threadly.modules import media, moderation
from threadly.modules.messaging.errors import (
    ChangedTooLate,
    ConversationMissing,
    MessageMissing,
    MessageNotHeld,
    NotInTouch,
    NotYours,
)
from threadly.modules.messaging.events import ConversationRead
from threadly.modules.messaging.live import tell
from threadly.modules.messaging.repository.conversations import (
    FIND_MARKS,
    LIST_KNOWN,
    LIST_MEMBER_IDS,
    MARK,
    OPEN_DESK,
)
from threadly.modules.messaging.repository.messages import (
    DELETE_MESSAGE,
    EDIT_MESSAGE,
    FIND_MESSAGE,
    HIDE_MESSAGE,
    KEPT_MESSAGE,
    LIST_BEHIND,
    LIST_CHANGES,
    LIST_MESSAGES,
    LOCK_OF_MESSAGE,
)
from threadly.modules.messaging.repository.rows import KeptRow
from threadly.modules.messaging.rules import (
    DELETE_WITHIN,
    EDIT_WITHIN,
    MOST_CHANGES,
    MOST_TOLD_MARKS,
    clean_content,
    within,
)
from threadly.modules.messaging.types import Changes, Marks, Message
from threadly.modules.messaging.verbs.rows import message_of, messages_of
from threadly.modules.messaging.verbs.writing import is_held, subject_of
from threadly.platform.ids import UUID
from threadly.platform.paging import Keyset, Page
from threadly.platform.work import Work

__all__ = [
    "delete_message",
    "edit_message",
    "get_hold",
    "get_message",
    "list_behind",
    "list_changes",
    "list_known",
    "list_messages",
    "mark",
    "report_message",
]

LAST_SEQ = (1 << 63) - 1


async def get_message(work: Work, *, message_id: UUID) -> Message:
    """Raises SignInRequired, MessageMissing, also for one that the actor may not see."""
    row = await work.one(FIND_MESSAGE, work.actor.me, message_id)
    if row is None:
        raise MessageMissing
    return message_of(work, row)


async def get_hold(work: Work, *, message_id: UUID) -> moderation.Hold:
    """Why a message of the actor is hidden. Raises SignInRequired, MessageMissing, also for one of somebody
    else, and MessageNotHeld."""
    found = await get_message(work, message_id=message_id)
    if found.sender_id != work.actor.me:
        raise MessageMissing
    hold = await moderation.explain_hold(work, kind="message", subject_id=message_id)
    if hold is None:
        raise MessageNotHeld
    return hold


async def list_messages(
    work: Work, *, conversation_id: UUID, after: Keyset | None = None, limit: int = 20
) -> Page[Message]:
    """The messages of a conversation, newest first. Raises SignInRequired, ConversationMissing."""
    await _require_member(work, conversation_id)
    before = int(after[0]) if after else LAST_SEQ
    rows = await work.all(LIST_MESSAGES, work.actor.me, conversation_id, before, limit + 1)
    page = messages_of(work, rows[:limit])
    return Page(page, (str(page[-1].seq),) if len(rows) > limit else None)


async def list_changes(
    work: Work, *, conversation_id: UUID, since: int, limit: int = MOST_CHANGES
) -> Changes:
    """What became of a conversation since change number `since`: each message that is new or changed, once,
    as it is now. Raises SignInRequired, ConversationMissing."""
    rows = await work.all(LIST_CHANGES, work.actor.me, conversation_id, since, limit + 1)
    if not rows:
        await _require_member(work, conversation_id)
    return Changes(messages_of(work, rows[:limit]), len(rows) > limit)


async def list_known(work: Work, *, limit: int) -> dict[UUID, int]:
    """The present change number of each of the actor's conversations, those first where most happens."""
    rows = await work.all(LIST_KNOWN, work.actor.me, limit)
    return {row.conversation_id: row.change for row in rows}


async def list_behind(work: Work, *, known: dict[UUID, int]) -> list[UUID]:
    """The actor's conversations in which something happened since what is `known`."""
    return await work.all(LIST_BEHIND, work.actor.me, list(known), list(known.values()))


async def edit_message(work: Work, *, message_id: UUID, content: str) -> Message:
    """The actor's message with another text, for an hour after it was sent. It is looked at as a new one is.

    Raises SignInRequired, moderation.Muted, MessageMissing, NotYours, ChangedTooLate, NotInTouch,
    MessageEmpty, MessageTooLong, MessageUnreadable.
    """
    kept = await _own_message(work, message_id)
    if kept.deleted or kept.kind != "text":
        raise MessageMissing
    if not within(kept.created_at, EDIT_WITHIN, now=work.now):
        raise ChangedTooLate("A message can be edited for an hour after it was sent. Please write another.")
    text = clean_content(content, with_media=kept.has_media)
    if text != kept.content:
        await moderation.require_voice(work)
        desk = await work.one(OPEN_DESK, work.actor.me, kept.conversation_id)
        if desk is None or desk.blocked:
            raise NotInTouch
        where = kept.conversation_id
        held = await is_held(work, desk, message_id, where, text, files=kept.file_names, waits=kept.hidden)
        await work.run(EDIT_MESSAGE, message_id, kept.conversation_id, text, work.now)
        if held and not kept.hidden:
            await work.run(HIDE_MESSAGE, message_id, kept.conversation_id, True)
        await _tell_changed(work, kept)
    return await get_message(work, message_id=message_id)


async def delete_message(work: Work, *, message_id: UUID) -> None:
    """The actor's message says nothing any more, to nobody; its place stays. For a day after it was sent;
    twice is the same. Raises SignInRequired, MessageMissing, NotYours, ChangedTooLate."""
    kept = await _own_message(work, message_id)
    if kept.kind != "text":
        raise MessageMissing
    if kept.deleted:
        return
    if not within(kept.created_at, DELETE_WITHIN, now=work.now):
        raise ChangedTooLate("A message can be deleted for a day after it was sent.")
    await work.run(DELETE_MESSAGE, message_id, kept.conversation_id, work.now)
    if kept.has_media:
        await media.detach(work, owner="message", owner_id=message_id)
    await moderation.withdraw(work, subject_ids=[message_id])
    await _tell_changed(work, kept)


async def mark(work: Work, *, conversation_id: UUID, read: int = 0, delivered: int = 0) -> Marks:
    """The actor has read up to message number `read`, and those up to `delivered` have reached them. Marks
    only go forward. Raises SignInRequired, ConversationMissing."""
    me = work.actor.me
    row = await work.one(MARK, me, conversation_id, read, delivered)
    if row is None:
        row = await work.one(FIND_MARKS, me, conversation_id)
        if row is None:
            raise ConversationMissing
    if row.news:
        work.emit(ConversationRead(conversation_id=conversation_id, user_id=me))
    marks = Marks(conversation_id, me, row.read_seq, row.delivered_seq)
    told: Sequence[UUID] = row.member_ids if len(row.member_ids) <= MOST_TOLD_MARKS else [me]
    if row.member_ids:
        tell(
            work,
            told,
            "marks",
            conversation_id=str(conversation_id),
            user_id=str(me),
            read_seq=marks.read_seq,
            delivered_seq=marks.delivered_seq,
        )
    return marks


async def report_message(
    work: Work, *, message_id: UUID, reason: moderation.ReportReason, note: str = ""
) -> moderation.Report:
    """Moderators see the message, and nothing else of the conversation. Raises SignInRequired,
    MessageMissing, and what moderation.file_report raises."""
    found = await get_message(work, message_id=message_id)
    if found.kind != "text" or found.state != "sent":
        raise MessageMissing
    subject = subject_of(
        found.id,
        found.conversation_id,
        author_id=found.sender_id,
        content=found.content or ("(a picture)" if found.media else ""),
        files=[each.name for each in found.files],
    )
    return await moderation.file_report(work, subject=subject, reason=reason, note=note)


async def _own_message(work: Work, message_id: UUID) -> KeptRow:
    """Locks its conversation. Raises MessageMissing, NotYours."""
    found = await get_message(work, message_id=message_id)
    if found.sender_id != work.actor.me:
        raise NotYours
    await work.one(LOCK_OF_MESSAGE, message_id)
    kept = await work.one(KEPT_MESSAGE, message_id)
    if kept is None:
        raise MessageMissing
    return kept


async def _tell_changed(work: Work, kept: KeptRow) -> None:
    told = await work.all(LIST_MEMBER_IDS, kept.conversation_id)
    if not kept.shown:
        told = [each for each in told if each == kept.sender_id]
    tell(work, told, "change", conversation_id=str(kept.conversation_id))


async def _require_member(work: Work, conversation_id: UUID) -> None:
    if await work.one(FIND_MARKS, work.actor.me, conversation_id) is None:
        raise ConversationMissing
