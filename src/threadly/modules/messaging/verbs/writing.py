"""What is written into a conversation: its number, who is told, what stays hidden until somebody has
looked."""

from collections.abc import Sequence
from typing import Final

import msgspec

from threadly.modules import media, moderation
from threadly.modules.messaging.errors import ConversationMissing, NotInTouch
from threadly.modules.messaging.events import MessageSent
from threadly.modules.messaging.live import tell
from threadly.modules.messaging.repository.conversations import LIST_MEMBER_IDS, OPEN_DESK
from threadly.modules.messaging.repository.messages import FIND_BY_CLIENT, FIND_MESSAGE, INSERT_MESSAGE
from threadly.modules.messaging.repository.rows import DeskRow, NumbersRow
from threadly.modules.messaging.rules import clean_content, files_line
from threadly.modules.messaging.types import Message, MessageKind, MessageRow
from threadly.modules.messaging.verbs.rows import message_of
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import Work

__all__ = ["is_held", "send_message", "subject_of", "write_call", "write_notice"]

# What moderation takes of a text, and how much of that the names of files may have.
EXCERPT_MOST: Final = 500
MOST_NAMED: Final = 200
NOTHING: Final = media.Attached([], [])


async def send_message(
    work: Work,
    *,
    conversation_id: UUID,
    content: str = "",
    media_ids: Sequence[UUID] = (),
    client_id: str | None = None,
) -> Message:
    """A new message of the actor, and the next number of the conversation. With a `client_id` (1 to 64
    characters) that the actor has used there before, it is the message that was sent then.

    Raises SignInRequired, moderation.Muted, ConversationMissing, NotInTouch, MessageEmpty, MessageTooLong,
    MessageUnreadable, media.MediaUnknown, media.TooManyMedia.
    """
    me = work.actor.me
    text = clean_content(content, with_media=bool(media_ids))
    await moderation.require_voice(work)
    desk = await work.one(OPEN_DESK, me, conversation_id)
    if desk is None:
        raise ConversationMissing
    if client_id and (sent := await work.one(FIND_BY_CLIENT, conversation_id, me, client_id)):
        return await _message(work, sent)
    if desk.blocked:
        raise NotInTouch
    message_id = new_id()
    attached = NOTHING
    if media_ids:
        attached = await media.attach_all(
            work, media_ids=list(media_ids), owner="message", owner_id=message_id
        )
    held = await is_held(
        work,
        desk,
        message_id,
        conversation_id,
        text,
        files=_names(attached.files),
        alts=[it.alt for it in attached.images],
    )
    numbers = await work.one(
        INSERT_MESSAGE,
        *(message_id, conversation_id, me, "text", text, msgspec.to_builtins(attached.images), client_id),
        *([], work.now, not held, msgspec.to_builtins(attached.files)),
    )
    assert numbers, "its conversation is locked"
    _tell_of(work, desk, message_id, conversation_id, numbers, held=held)
    return message_of(
        work, _row(work, desk, message_id, conversation_id, numbers, text, attached, client_id, held)
    )


def _tell_of(
    work: Work, desk: DeskRow, message_id: UUID, conversation_id: UUID, numbers: NumbersRow, *, held: bool
) -> None:
    me = work.actor.me
    told = [me] if held else desk.member_ids
    tell(work, told, "change", conversation_id=str(conversation_id), change=numbers.change)
    if not held:
        recipients = tuple(each for each in desk.member_ids if each != me and each not in desk.silent_ids)
        work.emit(
            MessageSent(
                message_id=message_id, conversation_id=conversation_id, sender_id=me, recipient_ids=recipients
            )
        )


async def is_held(
    work: Work,
    desk: DeskRow,
    message_id: UUID,
    conversation_id: UUID,
    text: str,
    *,
    files: Sequence[str] = (),
    alts: Sequence[str] = (),
    waits: bool = False,
) -> bool:
    """Two people who talk to each other are nobody's business: only what reaches somebody who has not
    answered yet, or a group, is looked at; and what `waits` for a moderator."""
    beside = "\n".join(filter(None, alts))
    if not (text or beside) or (desk.kind == "direct" and desk.answered and not waits):
        return False
    subject = subject_of(
        message_id, conversation_id, author_id=work.actor.me, content=f"{text}\n{beside}".strip(), files=files
    )
    return (await moderation.screen(work, subject=subject, text=text, beside=beside)).held


def subject_of(
    message_id: UUID, conversation_id: UUID, *, author_id: UUID, content: str, files: Sequence[str] = ()
) -> moderation.Subject:
    """The message as moderators see it, with the names of its files: they do not see the conversation around
    it."""
    named = files_line(files)[:MOST_NAMED]
    text = content[: EXCERPT_MOST - MOST_NAMED - 1] if named else content[:EXCERPT_MOST]
    return moderation.Subject(
        kind="message",
        id=message_id,
        author_id=author_id,
        excerpt=f"{text}\n{named}".strip(),
        url=f"/messages/{conversation_id}",
    )


async def write_notice(work: Work, *, conversation_id: UUID, what: str, about: Sequence[UUID] = ()) -> None:
    """What happened to the conversation, as a line in it: `created`, `renamed`, `added`, `removed`,
    `left`."""
    await _write(work, conversation_id, "notice", what, about)


async def write_call(
    work: Work, *, conversation_id: UUID, outcome: str, about: UUID, sender_id: UUID
) -> None:
    """A call that is over; `outcome` as Message says, `about` who was called."""
    await _write(work, conversation_id, "call", outcome, [about], sender_id=sender_id)


async def _write(
    work: Work,
    conversation_id: UUID,
    kind: MessageKind,
    content: str,
    about: Sequence[UUID],
    *,
    sender_id: UUID | None = None,
) -> None:
    numbers = await work.one(
        INSERT_MESSAGE,
        *(new_id(), conversation_id, sender_id or work.actor.me, kind, content, [], None),
        *(list(about), work.now, True, []),
    )
    if numbers:
        told = await work.all(LIST_MEMBER_IDS, conversation_id)
        tell(work, told, "change", conversation_id=str(conversation_id), change=numbers.change)


async def _message(work: Work, message_id: UUID) -> Message:
    row = await work.one(FIND_MESSAGE, work.actor.me, message_id)
    assert row, "it is the actor's own"
    return message_of(work, row)


def _row(
    work: Work,
    desk: DeskRow,
    message_id: UUID,
    conversation_id: UUID,
    numbers: NumbersRow,
    text: str,
    attached: media.Attached,
    client_id: str | None,
    held: bool,
) -> MessageRow:
    """As FIND_MESSAGE would read it now."""
    return MessageRow(
        id=message_id,
        conversation_id=conversation_id,
        seq=numbers.seq,
        change=numbers.change,
        kind="text",
        content=text,
        sender_id=work.actor.me,
        username=desk.username,
        name=desk.name,
        avatar_url=desk.avatar_url,
        media=msgspec.to_builtins(attached.images),
        files=msgspec.to_builtins(attached.files),
        about=[],
        client_id=client_id,
        created_at=work.now,
        edited_at=None,
        deleted=False,
        hidden=held,
        shown=not held,
        folded=False,
    )


def _names(files: Sequence[media.StoredFile]) -> list[str]:
    return [each.name for each in files]
