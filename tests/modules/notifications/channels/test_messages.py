"""notifications: what was read in the chat, and what a muted conversation does not tell"""

from datetime import timedelta

import asyncpg

from tests.cast import Visit
from tests.modules.messaging.acts import begin, say
from tests.modules.notifications.acts import titles_of, unread_of
from tests.modules.notifications.channels.post import Post
from tests.modules.notifications.channels.push_service import push_service
from tests.modules.notifications.channels.test_push import subscribe
from threadly.modules import messaging, moderation, notifications
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import Work


async def read(who: Visit, where: UUID, seq: int) -> None:
    await who.write(lambda work: messaging.mark(work, conversation_id=where, read=seq))


async def hear_of_messages(who: Visit) -> None:
    await who.write(lambda work: notifications.choose(work, modes={"message": {"app": "now"}}))


async def test_what_is_read_in_the_chat_is_not_pushed_any_more_and_does_not_count_on(
    post: Post, alex: Visit, bob: Visit
) -> None:
    where = (await begin(bob, "alexsmith")).id
    async with push_service() as service:
        post.with_settings(push_private=True)
        phone = service.browser("/phone")
        await subscribe(post, alex, phone)
        for n in range(3):
            sent = await say(bob, where, f"Text {n}")
            await post.react()
            await post.send("push", later=timedelta(seconds=30))
            await read(alex, where, sent.seq)
            await post.react()
        titles = [phone.open(body)["title"] for _, _, body in service.got]
        assert titles == ["Bob sent you a message"] * 3
        # Read before it was due.
        sent = await say(bob, where, "Never mind")
        await post.react()
        await read(alex, where, sent.seq)
        await post.react()
        await post.send("push", later=timedelta(hours=1))
        assert len(service.got) == 3


async def test_reading_a_conversation_takes_it_from_the_bell_but_nothing_that_came_later(
    post: Post, alex: Visit, bob: Visit
) -> None:
    await hear_of_messages(alex)
    where = (await begin(bob, "alexsmith")).id
    sent = await say(bob, where, "One")
    await post.react()
    assert await unread_of(alex) == 1
    await read(alex, where, sent.seq)
    await post.react()
    assert await unread_of(alex) == 0
    sent = await say(bob, where, "Two")
    await read(alex, where, sent.seq)
    await say(bob, where, "Three")
    await post.react()
    assert await unread_of(alex) == 1


async def test_a_muted_conversation_tells_nothing_of_a_message_that_is_released(
    post: Post, alex: Visit, bob: Visit, owner: asyncpg.Connection
) -> None:
    await hear_of_messages(bob)
    where = (await begin(alex, "bob")).id
    sent = await say(alex, where, "Buy now")
    await owner.execute("UPDATE messaging.messages SET hidden = true, shown = false WHERE id = $1", sent.id)
    await owner.execute("DELETE FROM platform.outbox")
    await bob.write(lambda work: messaging.set_muted(work, conversation_id=where, muted=True))
    released = moderation.ContentReleased(
        case_id=new_id(), kind="message", subject_id=sent.id, author_id=alex.actor.me
    )

    async def release(work: Work) -> None:
        work.emit(released)

    await alex.write(release)
    await post.react()
    await post.react()
    assert await titles_of(bob) == []
