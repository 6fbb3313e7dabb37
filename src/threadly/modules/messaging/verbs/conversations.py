"""Conversations: begun, listed, named, joined, left, muted."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from threadly.modules import moderation
from threadly.modules.messaging.errors import (
    ConversationMissing,
    DirectIsForTwo,
    GroupFull,
    LeftAgain,
    MemberUnknown,
    NotInTouch,
    OneselfOnly,
    TooManyStarted,
)
from threadly.modules.messaging.live import tell
from threadly.modules.messaging.repository.conversations import (
    COUNT_CONVERSATIONS,
    COUNT_STARTED,
    COUNT_UNREAD,
    FIND_CONVERSATION,
    FIND_DIRECT,
    FIND_PEOPLE,
    IN_TOUCH,
    INSERT_CONVERSATION,
    INSERT_MEMBERS,
    LEFT_AGAIN,
    LIST_CONVERSATIONS,
    LIST_MEMBER_IDS,
    LIST_MEMBERS,
    OPEN_DESK,
    REMOVE_MEMBER,
    RENAME,
    SET_MUTED,
)
from threadly.modules.messaging.repository.rows import DeskRow
from threadly.modules.messaging.rules import MOST_MEMBERS, MOST_STARTED_A_DAY, clean_title, direct_key
from threadly.modules.messaging.types import Conversation, Member
from threadly.modules.messaging.verbs.leaving import pass_on
from threadly.modules.messaging.verbs.rows import conversation_of
from threadly.modules.messaging.verbs.writing import write_notice
from threadly.platform.ids import LAST_ID, UUID, new_id, parse_id
from threadly.platform.paging import Keyset, Page, page_of
from threadly.platform.work import Denied, Work

FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)


async def start_conversation(work: Work, *, members: Sequence[str], title: str | None = None) -> Conversation:
    """A conversation with these members (usernames or ids): with one and without a title the one that the two
    have, made now if there is none; else a new group.

    Raises SignInRequired, moderation.Muted, MemberUnknown, OneselfOnly, NotInTouch, GroupFull, TitleInvalid,
    moderation.ReadsLikeSpam, TooManyStarted.
    """
    me = work.actor.me
    await moderation.require_voice(work)
    people = [each for each in await _find_people(work, members) if each != me]
    if not people:
        raise OneselfOnly
    if len(people) + 1 > MOST_MEMBERS:
        raise GroupFull
    if len(people) == 1 and title is None:
        return await _start_direct(work, people[0])
    name = clean_title(title or "")
    await moderation.refuse_spam(work, text=name)
    await _refuse_too_many(work)
    conversation_id = new_id()
    await work.one(INSERT_CONVERSATION, conversation_id, "group", name, None, me, work.now)
    await work.run(INSERT_MEMBERS, conversation_id, [me, *people], work.now, me)
    await write_notice(work, conversation_id=conversation_id, what="created", about=people)
    return await get_conversation(work, conversation_id=conversation_id)


async def _start_direct(work: Work, other: UUID) -> Conversation:
    me, key = work.actor.me, direct_key(work.actor.me, other)
    found = await work.one(FIND_DIRECT, key)
    if found is None:
        await _refuse_too_many(work)
        found = await work.one(INSERT_CONVERSATION, new_id(), "direct", None, key, me, work.now)
        if found is None:  # begun by the other one at the same moment
            found = await work.one(FIND_DIRECT, key)
            assert found, "it was in the way"
        await work.run(INSERT_MEMBERS, found, [me, other], work.now, me)
    return await get_conversation(work, conversation_id=found)


async def list_conversations(
    work: Work, *, after: Keyset | None = None, limit: int = 20
) -> Page[Conversation]:
    """The actor's conversations, those first in which something happened last. Raises SignInRequired."""
    active_at, last = (datetime.fromisoformat(after[0]), UUID(after[1])) if after else (FAR_FUTURE, LAST_ID)
    rows = await work.all(LIST_CONVERSATIONS, work.actor.me, active_at, last, limit + 1)
    return page_of(
        [conversation_of(work, row) for row in rows],
        limit=limit,
        key=lambda each: (each.active_at.isoformat(), str(each.id)),
    )


async def count_conversations(work: Work) -> int:
    """How many `list_conversations` has in all. Raises SignInRequired."""
    return await work.one(COUNT_CONVERSATIONS, work.actor.me) or 0


async def get_conversation(work: Work, *, conversation_id: UUID) -> Conversation:
    """Raises SignInRequired, ConversationMissing, also for one that the actor is not in."""
    row = await work.one(FIND_CONVERSATION, work.actor.me, conversation_id)
    if row is None:
        raise ConversationMissing
    return conversation_of(work, row)


async def count_unread(work: Work) -> int:
    """How many conversations have something that the actor has not read, without those they muted."""
    return await work.one(COUNT_UNREAD, work.actor.me) or 0


async def list_members(work: Work, *, conversation_id: UUID) -> list[Member]:
    """All of them (at most 100), who joined first first. Raises SignInRequired, ConversationMissing."""
    found = await work.all(LIST_MEMBERS, work.actor.me, conversation_id)
    if not found:
        raise ConversationMissing
    return found


async def list_in_touch(work: Work, *, user_ids: Sequence[UUID]) -> list[UUID]:
    """Those of them with whom the actor shares a group, or who have written to them, neither blocking the
    other."""
    return await work.all(IN_TOUCH, work.actor.me, list(user_ids))


async def rename_conversation(work: Work, *, conversation_id: UUID, title: str) -> Conversation:
    """Raises SignInRequired, moderation.Muted, ConversationMissing, DirectIsForTwo, TitleInvalid,
    moderation.ReadsLikeSpam."""
    await moderation.require_voice(work)
    desk = await _open_group(work, conversation_id)
    name = clean_title(title)
    if name != desk.title:
        await moderation.refuse_spam(work, text=name)
        await work.run(RENAME, conversation_id, name)
        await write_notice(work, conversation_id=conversation_id, what="renamed")
    return await get_conversation(work, conversation_id=conversation_id)


async def add_members(work: Work, *, conversation_id: UUID, members: Sequence[str]) -> Conversation:
    """They read what is written from now on. Any member may add others; who leaves twice within a day
    has a day's peace.

    Raises SignInRequired, moderation.Muted, ConversationMissing, DirectIsForTwo, MemberUnknown, NotInTouch,
    GroupFull, LeftAgain.
    """
    await moderation.require_voice(work)
    desk = await _open_group(work, conversation_id)
    people = await _find_people(work, members)
    fresh = [each for each in people if each not in desk.member_ids]
    if len(fresh) + len(desk.member_ids) > MOST_MEMBERS:
        raise GroupFull
    if fresh:
        if await work.all(LEFT_AGAIN, conversation_id, fresh, work.now - timedelta(days=1)):
            raise LeftAgain
        await work.run(INSERT_MEMBERS, conversation_id, fresh, work.now, None)
        await write_notice(work, conversation_id=conversation_id, what="added", about=fresh)
    return await get_conversation(work, conversation_id=conversation_id)


async def remove_member(work: Work, *, conversation_id: UUID, user_id: UUID) -> None:
    """The actor leaves, or, as the owner, removes somebody else; that they are gone is so after that in any
    case. Nobody leaves a conversation of two: it can be muted, and the other blocked.

    Raises SignInRequired, ConversationMissing, DirectIsForTwo, Denied.
    """
    me = work.actor.me
    desk = await _open_group(work, conversation_id)
    if user_id != me and desk.role != "owner":
        raise Denied("Only the owner of this group can remove others.")
    if user_id not in desk.member_ids:
        return
    what = "left" if user_id == me else "removed"
    await write_notice(work, conversation_id=conversation_id, what=what, about=[user_id])
    await work.run(REMOVE_MEMBER, conversation_id, user_id)
    await pass_on(work, conversation_id=conversation_id)
    tell(work, [user_id], "left", conversation_id=str(conversation_id))


async def set_muted(work: Work, *, conversation_id: UUID, muted: bool) -> None:
    """Whether the actor is told of what is new there. Raises SignInRequired, ConversationMissing."""
    if not await work.run(SET_MUTED, work.actor.me, conversation_id, muted):
        raise ConversationMissing
    tell(work, [work.actor.me], "conversation", conversation_id=str(conversation_id))


async def list_others(work: Work, *, conversation_id: UUID) -> list[UUID]:
    """Who else is in it, but for those whom the actor blocks or who block the actor. Raises SignInRequired,
    ConversationMissing."""
    me = work.actor.me
    found = await work.all(LIST_MEMBER_IDS, conversation_id)
    if me not in found:
        raise ConversationMissing
    apart = await moderation.list_blocked_among(work, user_ids=found)
    return [each for each in found if each != me and each not in apart]


async def _open_group(work: Work, conversation_id: UUID) -> DeskRow:
    desk = await work.one(OPEN_DESK, work.actor.me, conversation_id)
    if desk is None:
        raise ConversationMissing
    if desk.kind == "direct":
        raise DirectIsForTwo
    return desk


async def _find_people(work: Work, members: Sequence[str]) -> list[UUID]:
    """Raises MemberUnknown when one of them is not there, NotInTouch when one is blocked."""
    if len(members) > MOST_MEMBERS:
        raise GroupFull
    wanted = {each.strip().lower().removeprefix("@") for each in members if each.strip()}
    ids = [parsed for each in wanted if (parsed := parse_id(each))]
    # A name with a NUL is nobody's, and cannot even be asked for.
    names = [each for each in wanted if parse_id(each) is None and "\0" not in each]
    found = await work.all(FIND_PEOPLE, names, ids)
    named = {each.username for each in found} | {str(each.id) for each in found}
    if not wanted <= named:
        raise MemberUnknown
    people = [each.id for each in found]
    if await moderation.list_blocked_among(work, user_ids=people):
        raise NotInTouch
    return people


async def _refuse_too_many(work: Work) -> None:
    since = work.now - timedelta(days=1)
    if (await work.one(COUNT_STARTED, work.actor.me, since) or 0) >= MOST_STARTED_A_DAY:
        raise TooManyStarted
