"""messaging: conversations and who is in them"""

import asyncio

import pytest

from tests.cast import Visit
from tests.modules.messaging.acts import begin, changes, conversation, history, say, seen
from threadly.modules import messaging, moderation
from threadly.platform.work import Denied, SignInRequired


async def test_two_people_have_one_conversation_whoever_begins_it_and_however_often(
    alex: Visit, bob: Visit
) -> None:
    begun = await asyncio.gather(begin(alex, "bob"), begin(bob, "@AlexSmith"), begin(alex, "bob"))
    assert len({each.id for each in begun}) == 1
    (where,) = {each.id for each in begun}
    first = begun[0]
    assert (first.kind, first.title, first.member_count, first.people[0].name) == ("direct", None, 2, "Bob")
    await say(alex, where)
    # Bob is told of it, with what it says, and Alex has read his own words.
    (theirs,) = await seen(bob)
    assert theirs.last_message
    assert (theirs.unread_count, theirs.last_message.content) == (1, "Hello!")
    assert await bob.read(messaging.count_unread) == 1
    assert await alex.read(messaging.count_unread) == 0
    marks = await bob.write(lambda work: messaging.mark(work, conversation_id=where, read=99))
    assert (marks.read_seq, marks.delivered_seq) == (1, 1), "nobody reads what is not there"
    assert await bob.read(messaging.count_unread) == 0
    back = await bob.write(lambda work: messaging.mark(work, conversation_id=where, read=0, delivered=1))
    assert back == marks, "marks go forward only"


async def test_an_empty_conversation_shows_to_who_began_it_only(alex: Visit, bob: Visit) -> None:
    await begin(alex, "bob")
    assert len(await seen(alex)) == 1
    assert await seen(bob) == []


async def test_a_conversation_is_with_members_who_are_there_and_not_with_oneself(
    alex: Visit, bob: Visit
) -> None:
    with pytest.raises(messaging.MemberUnknown):
        await begin(alex, "bob", "nobody", title="Both")
    with pytest.raises(messaging.OneselfOnly):
        await begin(alex, "alexsmith")
    with pytest.raises(messaging.TitleInvalid):
        await begin(alex, "bob", title="  ")
    with pytest.raises(messaging.GroupFull):
        await begin(alex, *[f"member{number}" for number in range(101)])
    with pytest.raises(SignInRequired):
        await begin(Visit(alex._works, alex.tenant), "bob")
    assert await begin(alex, str(bob.actor.me))


async def test_who_blocks_or_is_blocked_cannot_be_written_to(alex: Visit, bob: Visit) -> None:
    where = (await begin(alex, "bob")).id
    sent = await say(alex, where)
    assert await alex.read(lambda work: messaging.list_others(work, conversation_id=where)) == [bob.actor.me]
    await bob.write(lambda work: moderation.block_member(work, member="alexsmith"))
    with pytest.raises(messaging.NotInTouch):
        await alex.write(
            lambda work: messaging.edit_message(work, message_id=sent.id, content="A way around")
        )
    for each in (alex, bob):
        assert not await each.read(lambda work: messaging.list_others(work, conversation_id=where))
        with pytest.raises(messaging.NotInTouch):
            await say(each, where)
        assert (await conversation(each, where)).blocked
        with pytest.raises(messaging.NotInTouch):
            await each.write(lambda work: messaging.start_call(work, conversation_id=where))
    with pytest.raises(messaging.NotInTouch):
        await begin(alex, "bob", title="A way around")
    assert await alex.read(lambda work: messaging.list_in_touch(work, user_ids=[bob.actor.me])) == []
    await bob.write(lambda work: moderation.unblock_member(work, member="alexsmith"))
    assert (await say(alex, where, "Friends again?")).seq == 2
    # To begin a conversation is not enough to see when somebody is there.
    assert await alex.read(lambda work: messaging.list_in_touch(work, user_ids=[bob.actor.me])) == []
    await say(bob, where, "Yes")
    assert await alex.read(lambda work: messaging.list_in_touch(work, user_ids=[bob.actor.me]))


async def test_a_group_is_named_joined_and_left_and_says_so_itself(
    alex: Visit, bob: Visit, sarah: Visit
) -> None:
    group = await begin(alex, "bob", title="  Tuesday   walkers ")
    assert (group.kind, group.title, group.role) == ("group", "Tuesday walkers", "owner")
    await say(alex, group.id, "Before Sarah")
    await bob.write(
        lambda work: messaging.add_members(work, conversation_id=group.id, members=["sarahj", "bob"])
    )
    await bob.write(
        lambda work: messaging.rename_conversation(work, conversation_id=group.id, title="Walkers")
    )
    await say(sarah, group.id, "After")
    assert await history(sarah, group.id) == ["(added Sarah Johnson)", "(renamed)", "After"]
    everything = ["(created Bob)", "Before Sarah", "(added Sarah Johnson)", "(renamed)", "After"]
    assert await history(alex, group.id) == everything
    with pytest.raises(Denied):
        await bob.write(
            lambda work: messaging.remove_member(work, conversation_id=group.id, user_id=sarah.actor.me)
        )
    await alex.write(
        lambda work: messaging.remove_member(work, conversation_id=group.id, user_id=sarah.actor.me)
    )
    with pytest.raises(messaging.ConversationMissing):
        await history(sarah, group.id)
    # The owner leaves, and who was there longest is the owner; when the last one leaves it is gone.
    await alex.write(
        lambda work: messaging.remove_member(work, conversation_id=group.id, user_id=alex.actor.me)
    )
    left = await conversation(bob, group.id)
    assert (left.role, left.member_count) == ("owner", 1)
    await bob.write(
        lambda work: messaging.remove_member(work, conversation_id=group.id, user_id=bob.actor.me)
    )
    assert await seen(bob) == []


async def test_a_conversation_of_two_stays_one_of_two(alex: Visit, bob: Visit, sarah: Visit) -> None:
    where = (await begin(alex, "bob")).id
    with pytest.raises(messaging.DirectIsForTwo):
        await alex.write(lambda work: messaging.add_members(work, conversation_id=where, members=["sarahj"]))
    with pytest.raises(messaging.DirectIsForTwo):
        await alex.write(
            lambda work: messaging.remove_member(work, conversation_id=where, user_id=alex.actor.me)
        )
    for act in (history, conversation):
        with pytest.raises(messaging.ConversationMissing):
            await act(sarah, where)
    with pytest.raises(messaging.ConversationMissing):
        await say(sarah, where)


async def test_a_muted_conversation_counts_nowhere_but_in_itself(alex: Visit, bob: Visit) -> None:
    where = (await begin(alex, "bob")).id
    await bob.write(lambda work: messaging.set_muted(work, conversation_id=where, muted=True))
    await say(alex, where)
    found = await conversation(bob, where)
    assert (found.muted, found.unread_count, await bob.read(messaging.count_unread)) == (True, 1, 0)


async def test_conversations_are_listed_page_by_page_the_latest_first(
    alex: Visit, bob: Visit, sarah: Visit
) -> None:
    made = [await begin(alex, "bob", title=f"Group {number}") for number in range(3)]
    await say(bob, made[0].id, "Up again")
    first = await alex.read(lambda work: messaging.list_conversations(work, limit=2))
    rest = await alex.read(lambda work: messaging.list_conversations(work, after=first.after, limit=2))
    assert [each.title for each in first.items + rest.items] == ["Group 0", "Group 2", "Group 1"]
    assert rest.after is None


async def test_a_group_is_not_called_what_reads_like_spam(alex: Visit, bob: Visit) -> None:
    spam = "FREE crypto profit: https://quick-deals.example click now"
    with pytest.raises(moderation.ReadsLikeSpam):
        await begin(alex, "bob", title=spam)
    group = await begin(alex, "bob", title="Crypto talk")
    with pytest.raises(moderation.ReadsLikeSpam):
        await alex.write(
            lambda work: messaging.rename_conversation(work, conversation_id=group.id, title=spam)
        )


async def test_in_a_group_what_somebody_writes_whom_one_blocks_is_not_read_nor_counted(
    alex: Visit, bob: Visit, sarah: Visit
) -> None:
    where = (await begin(sarah, "alexsmith", "bob", title="All of us")).id
    await bob.write(lambda work: moderation.block_member(work, member="alexsmith"))
    said = await say(alex, where, "Listen, Bob")
    assert (await history(bob, where))[-1] == "[blocked]"
    assert [each.content for each in await changes(bob, where, said.change - 1)] == [""]
    alone = await bob.read(lambda work: messaging.get_message(work, message_id=said.id))
    assert (alone.state, alone.content) == ("blocked", "")
    found = await conversation(bob, where)
    assert found.last_message
    assert (found.unread_count, found.last_message.state, found.last_message.content) == (0, "blocked", "")
    assert await bob.read(messaging.count_unread) == 0
    assert (await history(sarah, where))[-1] == "Listen, Bob"
    await bob.write(lambda work: moderation.unblock_member(work, member="alexsmith"))
    assert (await history(bob, where))[-1] == "Listen, Bob"
    assert (await conversation(bob, where)).unread_count == 1


async def test_who_leaves_a_group_is_added_again_once_a_day(alex: Visit, bob: Visit, sarah: Visit) -> None:
    where = (await begin(alex, "bob", "sarahj", title="All of us")).id

    async def leave() -> None:
        await bob.write(
            lambda work: messaging.remove_member(work, conversation_id=where, user_id=bob.actor.me)
        )

    async def add(who: Visit) -> messaging.Conversation:
        return await who.write(
            lambda work: messaging.add_members(work, conversation_id=where, members=["bob"])
        )

    await leave()
    assert (await add(alex)).member_count == 3
    await leave()
    for who in (alex, sarah):
        with pytest.raises(messaging.LeftAgain):
            await add(who)
    await bob.write(lambda work: moderation.block_member(work, member="alexsmith"))
    with pytest.raises(messaging.NotInTouch):
        await add(alex)
