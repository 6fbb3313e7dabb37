"""Who is suspended may not look at anything here, and is not sent it either, but for decisions about them."""

from datetime import timedelta

from tests.cast import Visit
from tests.modules.notifications.acts import comment, follow, happen, publish, titles_of
from tests.modules.notifications.channels.post import Post, read_letters
from tests.platform.smtp_fake import smtp_fake
from threadly.modules import identity, moderation, notifications
from threadly.platform.ids import new_id
from threadly.platform.work import SYSTEM, Work


async def test_who_is_suspended_is_sent_what_is_decided_about_them_and_nothing_else(
    post: Post, alex: Visit, bob: Visit
) -> None:
    await follow(alex, bob)
    await alex.write(lambda work: notifications.choose(work, modes={"post": {"mail": "now"}}))
    mine = await publish(alex)
    await post.react()

    async def suspend(work: Work) -> None:
        until = post.now + timedelta(days=30)
        await identity.suspend_member(
            work, user_id=alex.actor.me, until=until, reason="Spam", appeal_path="/cases/1"
        )

    await post.works.attempt(post.tenant, SYSTEM, suspend)
    await comment(bob, mine, "What a pity")
    await publish(bob, "Between us", visibility="followers")
    await happen(
        post.runtime, alex, moderation.AppealAnswered(case_id=new_id(), user_id=alex.actor.me, granted=False)
    )
    await post.react()
    async with smtp_fake() as server:
        post.with_settings(smtp_url=server.url)
        await post.send()
        (letter,) = read_letters(server.letters)
        assert "appeal" in letter["Subject"]
        assert sorted(await post.states()) == ["digest", "dropped", "dropped", "sent"]  # the digest is Bob's
        # Over by itself.
        post.now += timedelta(days=31)
        await comment(bob, mine, "Welcome back")
        await post.react()
        await publish(bob, "Again between us", visibility="followers")
        await post.react()
        await post.send()
    assert len(await titles_of(alex)) == 3
