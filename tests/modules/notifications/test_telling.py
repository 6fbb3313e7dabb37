"""Who is told of what: each fact once, grouped while it is unread, and nobody whom it does not concern."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

from tests.cast import Visit
from tests.modules.notifications.acts import (
    bell_of,
    comment,
    follow,
    happen,
    like,
    publish,
    read,
    titles_of,
    unread_of,
)
from tests.modules.notifications.conftest import Crowd, Drain, SignUp
from threadly.modules import feed, identity, messaging, moderation, notifications
from threadly.modules.notifications.verbs.telling import Fact, tell
from threadly.platform.db import sql
from threadly.platform.ids import new_id
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Works

ROWS_OF = sql(
    "notifications.test_rows",
    """
    SELECT ((SELECT count(*) FROM notifications.notifications WHERE user_id = $1)
          + (SELECT count(*) FROM notifications.facts WHERE user_id = $1 OR actor_id = $1)
          + (SELECT count(*) FROM notifications.deliveries WHERE user_id = $1)
          + (SELECT count(*) FROM notifications.inboxes WHERE user_id = $1))::int
    """,
    into=int,
)


SENT_AT = sql(
    "notifications.test_sent_at",
    """
    SELECT count(*)::int FROM notifications.deliveries
    WHERE user_id = $1 AND least(due_at, created_at) >= $2
    """,
    into=int,
)


async def test_likes_of_a_post_are_one_entry_that_names_the_latest_and_counts_the_others(
    alex: Visit, kareem: Visit, bob: Visit, crowd: Crowd, drain: Drain
) -> None:
    post_id = await publish(alex, "A walk")
    for fan in [*await crowd(11), bob, kareem]:
        await like(fan, post_id)
    await like(alex, post_id)  # one's own like is no news
    await drain()

    (entry,) = await bell_of(alex)
    assert entry.title == "Kareem and 12 others liked your post"
    assert (entry.kind, entry.count, entry.actor_count, entry.text) == ("like", 13, 13, "A walk")
    assert [actor.name for actor in entry.actors] == ["Kareem", "Bob", "Member10"]
    assert entry.url == f"/posts/{post_id}"
    assert await unread_of(alex) == 1
    assert await bell_of(kareem) == []


async def test_what_comes_after_reading_is_a_new_entry_and_what_is_seen_again_is_not(
    runtime: Runtime, alex: Visit, kareem: Visit, bob: Visit, drain: Drain
) -> None:
    post_id = await publish(alex)
    await like(kareem, post_id)
    await drain()
    assert await read(alex, await bell_of(alex)) == 0

    again = feed.PostLiked(post_id=post_id, user_id=kareem.actor.me)
    await happen(runtime, alex, again, again)
    assert await unread_of(alex) == 0

    await like(bob, post_id)
    await happen(runtime, alex, again)
    assert await titles_of(alex) == ["Bob liked your post", "Kareem liked your post"]
    assert await unread_of(alex) == 1


async def test_what_is_told_late_is_dated_by_when_it_happened_and_sent_by_now(
    works: Works, alex: Visit, kareem: Visit, bob: Visit, drain: Drain
) -> None:
    now = datetime.now(UTC)

    def at(visit: Visit, hours: int) -> Visit:
        then = Works(works.database, works.settings, clock=lambda: now - timedelta(hours=hours))
        return Visit(then, visit.tenant, visit.actor)

    post_id = await publish(at(alex, 50))
    await like(at(kareem, 26), post_id)
    await like(at(bob, 30), post_id)  # which is told after the other, and does not make it older
    await comment(at(bob, 2), post_id)
    await drain()
    comments, likes = await bell_of(alex)
    assert (likes.created_at, likes.updated_at) == (now - timedelta(hours=26),) * 2
    assert (comments.title, comments.updated_at) == ("Bob commented on your post", now - timedelta(hours=2))
    async with works.read(alex.tenant, SYSTEM, fresh=True) as work:
        assert await work.one(SENT_AT, alex.actor.me, now) == 2


async def test_who_is_mentioned_by_an_edit_alone_is_told_once(
    alex: Visit, bob: Visit, join: SignUp, drain: Drain
) -> None:
    ada = await join("ada")
    post_id = await publish(alex, "Hello @bob")
    await drain()
    for text in ("Hello @bob and @Ada", "Hello @ada and @bob, again"):
        await alex.write(partial(feed.edit_post, post_id=post_id, content=text))
        await drain()
    assert await titles_of(ada) == ["Alex Smith mentioned you"]
    (entry,) = await bell_of(ada)
    assert (entry.count, entry.text) == (1, "Hello @ada and @bob, again")
    (known,) = await bell_of(bob)
    assert known.count == 1


async def test_comments_are_grouped_by_people_and_a_mention_is_told_instead(
    runtime: Runtime, alex: Visit, kareem: Visit, bob: Visit, join: SignUp, drain: Drain
) -> None:
    ada = await join("ada")
    post_id = await publish(alex, "What do you read?")
    await comment(kareem, post_id, "Poems")
    await comment(bob, post_id, "Maps")
    last = await comment(kareem, post_id, "And letters")
    await drain()
    (entry,) = await bell_of(alex)
    assert entry.title == "Kareem and Bob commented on your post"
    assert (entry.count, entry.actor_count, entry.text) == (3, 2, "And letters")
    assert entry.url == f"/posts/{post_id}#comment-{last}"

    await comment(bob, post_id, "@alexsmith @ada @bob look")
    await drain()
    assert (await titles_of(alex))[0] == "Bob mentioned you"
    assert (await bell_of(alex))[1].count == 3
    assert await titles_of(ada) == ["Bob mentioned you"]
    assert await bell_of(bob) == []

    await like(ada, last)
    await drain()
    assert await titles_of(kareem) == ["Ada liked your comment"]

    # What is deleted is told no more, and what is left is counted anew.
    await kareem.write(lambda work: feed.delete_post(work, post_id=last))
    await drain()
    (_, entry) = await bell_of(alex)
    assert (entry.title, entry.count) == ("Bob and Kareem commented on your post", 2)
    assert entry.text == "Maps"
    assert await bell_of(kareem) == []
    await alex.write(lambda work: feed.delete_post(work, post_id=post_id))
    await drain()
    assert [await bell_of(each) for each in (alex, ada)] == [[], []]


async def test_followers_hear_of_posts_and_each_person_once(
    runtime: Runtime, alex: Visit, kareem: Visit, bob: Visit, join: SignUp, drain: Drain
) -> None:
    ada = await join("ada")
    for fan in (kareem, bob):
        await follow(fan, alex)
    await drain()
    assert await titles_of(alex) == ["Bob and Kareem started to follow you"]

    first = await publish(alex, "One")
    second = await publish(alex, "Two for @bob and @ada", visibility="followers")
    await drain()
    (entry,) = await bell_of(kareem)
    assert (entry.title, entry.url) == ("Alex Smith published 2 posts", "/people/alexsmith")
    assert await titles_of(bob) == ["Alex Smith mentioned you", "Alex Smith published a post"]
    assert await bell_of(ada) == []  # she may not read it

    published = [
        feed.PostPublished(post_id=first, author_id=alex.actor.me),
        feed.PostPublished(post_id=second, author_id=alex.actor.me, mentioned=(bob.actor.me,)),
        feed.FollowStarted(follower_id=bob.actor.me, followee_id=alex.actor.me),
    ]
    before = [await bell_of(each) for each in (alex, kareem, bob)]
    await happen(runtime, alex, *published, *published)
    assert [await bell_of(each) for each in (alex, kareem, bob)] == before

    await alex.write(lambda work: feed.delete_post(work, post_id=second))
    await drain()
    (entry,) = await bell_of(kareem)
    assert (entry.title, entry.url, entry.text) == ("Alex Smith published a post", f"/posts/{first}", "One")


async def test_a_text_is_shown_behind_the_bell_while_its_owner_may_read_it(
    alex: Visit, bob: Visit, kareem: Visit, drain: Drain
) -> None:
    await follow(bob, alex)
    post_id = await publish(alex, "For @bob and @kareem")
    await comment(kareem, post_id, "I know")
    await drain()
    assert [(await bell_of(each))[0].text for each in (bob, kareem)] == ["For @bob and @kareem"] * 2
    await alex.write(
        lambda work: feed.edit_post(work, post_id=post_id, content="For friends", visibility="followers")
    )
    assert [(await bell_of(each))[0].text for each in (bob, kareem)] == ["For friends", ""]
    assert (await bell_of(alex))[0].text == "I know"


async def test_who_is_blocked_or_muted_is_not_heard_and_what_they_did_before_is_gone(
    alex: Visit, kareem: Visit, bob: Visit, drain: Drain
) -> None:
    post_id = await publish(alex)
    await like(kareem, post_id)
    await like(bob, post_id)
    await follow(kareem, alex)
    await drain()
    await alex.write(lambda work: moderation.mute_member(work, member=str(kareem.actor.me)))
    await drain()
    assert await titles_of(alex) == ["Bob liked your post"]
    await comment(kareem, post_id, "@alexsmith hello?")
    await drain()
    assert await titles_of(alex) == ["Bob liked your post"]

    await bob.write(lambda work: moderation.block_member(work, member=str(alex.actor.me)))
    await drain()
    assert await bell_of(alex) == []
    assert await unread_of(alex) == 0


async def test_a_member_who_leaves_takes_along_what_they_were_told_and_what_others_were_of_them(
    works: Works, alex: Visit, kareem: Visit, bob: Visit, drain: Drain
) -> None:
    post_id = await publish(alex)
    await like(bob, post_id)
    await like(kareem, post_id)
    await drain()

    await kareem.write(lambda work: identity.delete_account(work, user_id=kareem.actor.me))
    await drain()
    (entry,) = await bell_of(alex)
    assert (entry.title, entry.actor_count) == ("Bob liked your post", 1)
    await alex.write(lambda work: identity.delete_account(work, user_id=alex.actor.me))
    await drain()
    left = await _rows_of(works, alex)
    assert left == 0


async def test_decisions_and_messages_reach_those_whom_they_concern(
    runtime: Runtime, alex: Visit, kareem: Visit
) -> None:
    case_id, post_id = new_id(), await publish(alex)
    await happen(
        runtime,
        alex,
        moderation.ContentHidden(case_id=case_id, kind="post", subject_id=post_id, author_id=alex.actor.me),
        moderation.MemberWarned(case_id=case_id, user_id=alex.actor.me),
        moderation.ReportAnswered(case_id=case_id, reporter_id=kareem.actor.me, upheld=True),
    )
    (entry,) = await bell_of(alex)  # one case is one entry, which says how it stands
    assert (entry.title, entry.count) == ("A moderator sent you a warning", 2)
    assert await titles_of(kareem) == ["A moderator acted on your report"]

    sent = [
        messaging.MessageSent(
            message_id=new_id(),
            conversation_id=case_id,
            sender_id=alex.actor.me,
            recipient_ids=(kareem.actor.me,),
        )
        for _ in range(3)
    ]
    await happen(runtime, alex, sent[0])
    assert len(await bell_of(kareem)) == 1  # conversations have a count of their own
    await kareem.write(lambda work: notifications.choose(work, modes={"message": {"app": "now"}}))
    await happen(runtime, alex, *sent)
    assert (await titles_of(kareem))[0] == "Alex Smith sent you 3 messages"


async def test_people_who_are_told_at_the_same_moment_lose_nothing(
    works: Works, runtime: Runtime, alex: Visit, crowd: Crowd
) -> None:
    """Several workers tell one person of the same post: each fact is counted, positions have no twins."""
    fans, post_id = await crowd(12), await publish(alex)

    async def told_by(fan: Visit) -> None:
        fact = Fact("comment", post_id, new_id(), post_id, fan.actor.me)
        await works.attempt(alex.tenant, SYSTEM, lambda work: tell(work, fact, user_ids=[alex.actor.me]))

    await asyncio.gather(*[told_by(fan) for fan in fans * 2])
    (entry,) = await bell_of(alex)
    assert (entry.count, entry.actor_count) == (24, 12)


async def _rows_of(works: Works, whom: Visit) -> int:
    async with works.read(whom.tenant, SYSTEM, fresh=True) as work:
        return await work.one(ROWS_OF, whom.actor.me) or 0
