"""What templates show of conversations, as one member sees them at one moment."""

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from threadly.modules.media import File, Media
from threadly.modules.messaging.rules import DELETE_WITHIN, EDIT_WITHIN, files_line, within
from threadly.modules.messaging.types import Conversation, Member, Message, Person
from threadly.platform.actor import Actor
from threadly.web import Avatar, Moment, Part, avatar_of, moment

__all__ = ["ConversationView", "Eyes", "MemberView", "MessageView"]

LINK = re.compile(r"https?://[^\s<>\"'`]+[^\s<>\"'`.,;:!?)\]}]", re.IGNORECASE)
GONE = "Somebody who left"
NOTICES = {
    "created": "started this group",
    "renamed": "gave the group another name",
    "added": "added",
    "removed": "removed",
    "left": "left the group",
}
CALLS = {"missed": "Missed call", "declined": "Call declined", "cancelled": "Call cancelled"}
BLOCKED = "A message of somebody you block"
PREVIEW = 80


# What a file is by its content, in words. `web/static/said.js` has the same.
SORTS = {
    "archive": "Archive",
    "audio": "Audio",
    "document": "Document",
    "drawing": "SVG drawing",
    "file": "File",
    "image": "Image",
    "page": "Web page",
    "pdf": "PDF",
    "program": "Program",
    "text": "Text",
    "video": "Video",
}
UNITS = ("KB", "MB", "GB")
STEP = 1024


class FileView(msgspec.Struct, frozen=True):
    it: File
    sort: str
    size: str


class MessageView(msgspec.Struct, frozen=True):
    """`line` is set for what is no text: a sentence between the messages."""

    id: str
    seq: int
    change: int
    mine: bool
    state: str
    line: str | None
    name: str
    avatar: Avatar
    parts: list[Part]
    content: str
    media: list[Media]
    files: list[FileView]
    time: Moment
    edited: bool
    may_edit: bool
    may_delete: bool
    may_report: bool


class ConversationView(msgspec.Struct, frozen=True):
    """`name` is the group's or the other member's; `other` their username, for a conversation of two."""

    id: str
    kind: str
    name: str
    avatar: Avatar
    other: str | None
    other_id: str | None
    owner: bool
    muted: bool
    blocked: bool
    member_count: int
    unread_count: int
    read_seq: int
    last_seq: int
    change: int
    preview: str
    time: Moment


class MemberView(msgspec.Struct, frozen=True):
    id: str
    username: str
    name: str
    avatar: Avatar
    owner: bool
    is_me: bool
    read_seq: int
    delivered_seq: int


class Eyes(msgspec.Struct, frozen=True):
    actor: Actor
    now: datetime

    def conversation(self, it: Conversation) -> ConversationView:
        direct = it.kind == "direct"
        other = it.people[0] if direct and it.people else None
        name = it.title or (other.name if other else GONE)
        return ConversationView(
            id=str(it.id),
            kind=it.kind,
            name=name,
            avatar=_face(other) if other else avatar_of(name, seed=str(it.id)),
            other=other.username if other else None,
            other_id=str(other.id) if other else None,
            owner=it.role == "owner",
            muted=it.muted,
            blocked=it.blocked or (direct and other is None),
            member_count=it.member_count,
            unread_count=it.unread_count,
            read_seq=it.read_seq,
            last_seq=it.last_seq,
            change=it.change,
            preview=self.preview(it.last_message, direct=direct),
            time=moment(it.active_at, now=self.now),
        )

    def conversations(self, them: Sequence[Conversation]) -> list[ConversationView]:
        return [self.conversation(it) for it in them]

    def message(self, it: Message) -> MessageView:
        mine = it.sender_id == self.actor.user_id
        sent = it.state == "sent" or (mine and it.state in ("held", "hidden"))
        text = it.kind == "text" and sent
        return MessageView(
            id=str(it.id),
            seq=it.seq,
            change=it.change,
            mine=mine,
            state=it.state,
            line=None if it.kind == "text" else self._line(it),
            name=it.sender.name if it.sender else GONE,
            avatar=_face(it.sender) if it.sender else avatar_of(GONE, seed=str(it.sender_id)),
            parts=linkify(it.content),
            content=it.content,
            media=it.media,
            files=[FileView(each, SORTS[each.sort], size_of(each.size_bytes)) for each in it.files],
            time=moment(it.created_at, now=self.now),
            edited=it.edited_at is not None,
            may_edit=mine and text and within(it.created_at, EDIT_WITHIN, now=self.now),
            may_delete=mine and text and within(it.created_at, DELETE_WITHIN, now=self.now),
            may_report=not mine and it.kind == "text" and it.state == "sent",
        )

    def messages(self, newest_first: Sequence[Message]) -> list[MessageView]:
        return [self.message(it) for it in reversed(newest_first)]

    def member(self, it: Member) -> MemberView:
        return MemberView(
            id=str(it.id),
            username=it.username,
            name=it.name,
            avatar=avatar_of(it.name, seed=str(it.id), url=it.avatar_url),
            owner=it.role == "owner",
            is_me=it.id == self.actor.user_id,
            read_seq=it.read_seq,
            delivered_seq=it.delivered_seq,
        )

    def members(self, them: Sequence[Member]) -> list[MemberView]:
        return [self.member(it) for it in them]

    def preview(self, it: Message | None, *, direct: bool) -> str:
        """What a list says of a conversation."""
        if it is None:
            return "Nothing has been written yet"
        if it.kind != "text":
            return self._line(it)
        if it.state == "blocked":
            return BLOCKED
        text = {"deleted": "Message deleted", "hidden": "Message hidden"}.get(it.state, it.content)
        if not text:
            text = "Picture" if it.media else files_line([each.name for each in it.files])
        text = text.replace("\n", " ")[:PREVIEW]
        if it.sender_id == self.actor.user_id:
            return f"You: {text}"
        return text if direct else f"{(it.sender.name if it.sender else GONE).split()[0]}: {text}"

    def _line(self, it: Message) -> str:
        who = "You" if it.sender_id == self.actor.user_id else it.sender.name if it.sender else GONE
        if it.kind == "call":
            return _call_line(it.content)
        what = NOTICES.get(it.content, it.content)
        if it.content in ("added", "removed"):
            return f"{who} {what} {_together(it.about)}"
        return f"{who} {what}"


def size_of(size_bytes: int) -> str:
    """As people say it: "640 bytes", "1.2 MB"."""
    if size_bytes < STEP:
        return "1 byte" if size_bytes == 1 else f"{size_bytes} bytes"
    size, unit = size_bytes / STEP, UNITS[0]
    for unit in UNITS:
        if round(size) < STEP or unit == UNITS[-1]:
            break
        size /= STEP
    return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"


def linkify(content: str) -> list[Part]:
    """`content` cut into runs of text and links, nothing lost."""
    parts, end = [], 0
    for found in LINK.finditer(content):
        if found.start() > end:
            parts.append(Part("text", content[end : found.start()]))
        parts.append(Part("link", found[0], found[0]))
        end = found.end()
    if end < len(content):
        parts.append(Part("text", content[end:]))
    return parts


def _face(person: Person) -> Avatar:
    return avatar_of(person.name, seed=str(person.id), url=person.avatar_url)


def _together(names: Sequence[str]) -> str:
    if len(names) < 2:
        return names[0] if names else GONE
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _call_line(outcome: str) -> str:
    if not outcome.isdigit():
        return CALLS.get(outcome, "Call")
    minutes, seconds = divmod(int(outcome), 60)
    return f"Call, {minutes}:{seconds:02d}"
