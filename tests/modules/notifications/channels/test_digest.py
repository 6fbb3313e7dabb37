"""Digests and quiet hours: one letter for all of it, at the person's own hour, once, and never empty."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tests.cast import Visit, email_of
from tests.modules.identity.runs import RunNow
from tests.modules.notifications.acts import bell_of, comment, follow, like, publish, read
from tests.modules.notifications.channels.post import Post, part_of, read_letters
from tests.platform.smtp_fake import smtp_fake
from threadly.modules import notifications
from threadly.modules.notifications.channels.jobs import gather_digests
from threadly.modules.notifications.channels.letters import SECTIONS, TOPIC_WORDS
from threadly.modules.notifications.types import KINDS
from threadly.platform.work import Work

MORNING = datetime(2026, 7, 1, 6, tzinfo=UTC)  # a Wednesday; 8:00 in Berlin


async def keep_rhythm(who: Visit, **changes: object) -> None:
    rhythm = replace(notifications.Rhythm(time_zone="Europe/Berlin"), **changes)
    await who.write(lambda work: notifications.choose(work, rhythm=rhythm))


async def test_likes_and_followers_come_in_one_letter_in_the_morning_and_once(
    post: Post, alex: Visit, bob: Visit, kareem: Visit
) -> None:
    post.now = MORNING - timedelta(hours=3)
    await keep_rhythm(alex)
    first, second = await publish(alex, "On <lists>"), await publish(alex, "On sets")
    await post.react()
    await like(bob, first)
    await like(kareem, first)
    await like(bob, second)
    await follow(kareem, alex)
    await post.react()
    async with smtp_fake() as server:
        post.with_settings(smtp_url=server.url)
        await post.gather()
        await post.send()
        assert server.letters == []
        post.now = MORNING
        for _ in range(2):
            await post.gather()
            await post.send()
        await post.gather(later=timedelta(days=1))
        await post.send()  # nothing new: no letter
    (letter,) = read_letters(server.letters)
    assert letter["To"] == email_of("alexsmith")
    assert letter["Subject"].endswith(f"and 2 more · {post.tenant.name}")
    assert "/unsubscribe?token=digest." in letter["List-Unsubscribe"]
    text, html = part_of(letter, "plain"), part_of(letter, "html")
    for said in ("Kareem and Bob liked your post", "Bob liked your post", "Kareem started to follow you"):
        assert said in text
        assert said in html
    assert text.count("LIKES AND FOLLOWERS") == 1
    assert "“On <lists>”" in text
    assert "On &lt;lists&gt;" in html
    assert await post.states() == ["sent"] * 4


def test_every_kind_has_its_words_and_its_place_in_a_digest() -> None:
    assert {*TOPIC_WORDS} == {*KINDS, "digest", "all"}
    assert sorted(kind for _, kinds in SECTIONS for kind in kinds) == sorted(KINDS)


async def test_what_was_read_is_not_in_it_and_an_empty_one_is_not_sent(
    post: Post, alex: Visit, bob: Visit, kareem: Visit
) -> None:
    post.now = MORNING - timedelta(hours=3)
    await keep_rhythm(alex)
    await keep_rhythm(bob, digest="weekly", digest_weekday=5)
    for author in (alex, bob):
        post_id = await publish(author)
        await post.react()
        await like(kareem, post_id)
        await follow(kareem, author)
    await post.react()
    await read(alex, await bell_of(alex))
    await read(bob, [entry for entry in await bell_of(bob) if entry.kind == "like"])
    async with smtp_fake() as server:
        post.with_settings(smtp_url=server.url)
        post.now = MORNING
        await post.gather()
        await post.send()
        assert server.letters == []
        # Gathered on Friday, and read before the letter goes out.
        post.now = MORNING + timedelta(days=2)
        await post.gather()
        await read(bob, await bell_of(bob))
        await post.send()
    assert server.letters == []
    assert "sent" not in await post.states()


async def test_a_digest_is_put_together_once_however_often_its_job_dies(
    post: Post, alex: Visit, bob: Visit
) -> None:
    post.now = MORNING - timedelta(hours=1)
    await keep_rhythm(alex)
    await like(bob, await publish(alex))
    await post.react()
    post.now = MORNING

    class DyingRun(RunNow):
        """Its process dies when the letter is written down and nothing is committed, then just after that."""

        deaths = 2

        async def transact(self, name: str, act):  # type: ignore[no-untyped-def]  # as in Run
            async def once(work: Work) -> object:
                value = await act(work)
                if self.deaths == 2:
                    self.deaths -= 1
                    raise ProcessDied
                return value

            value = await super().transact(name, once)
            if self.deaths == 1:
                self.deaths -= 1
                raise ProcessDied
            return value

    run = DyingRun(post.works, post.tenant)
    for _ in range(2):
        with pytest.raises(ProcessDied):
            await gather_digests.act(run, subject_id="", tries=0)
    await gather_digests.act(run, subject_id="", tries=0)
    assert sorted(await post.states()) == ["gathered", "waiting"]


class ProcessDied(Exception):
    pass


async def test_no_letter_goes_out_in_quiet_hours_however_late_it_is(
    post: Post, alex: Visit, bob: Visit
) -> None:
    post.now = datetime(2026, 10, 24, 19, 30, tzinfo=UTC)  # 21:30 in Berlin, the night clocks are put back
    await keep_rhythm(alex, quiet_from="22:00", quiet_until="07:00")
    post_id = await publish(alex)
    await comment(bob, post_id)
    await post.react()
    async with smtp_fake("451 later") as server:
        post.with_settings(smtp_url=server.url)
        await post.send()  # busy; when it is not, it is night
        await post.send(later=timedelta(hours=1))
        await post.send(later=timedelta(hours=9))  # 6:30
        assert server.letters == []
        await post.send(later=timedelta(minutes=31))
    assert len(server.letters) == 1


@pytest.mark.parametrize("how", ["no digest", "no mail of likes", "no mail of likes, when it is gathered"])
async def test_what_is_switched_off_is_not_in_the_digest_that_waits(
    post: Post, alex: Visit, bob: Visit, how: str
) -> None:
    post.now = MORNING - timedelta(hours=3)
    me = post.as_seen_by(alex)
    await keep_rhythm(me)
    first = await publish(alex)
    await post.react()
    await like(bob, first)
    await post.react()
    if how.endswith("gathered"):
        post.now = MORNING
        await post.gather()
    if how == "no digest":
        await keep_rhythm(me, digest="off")
    else:
        await me.write(lambda work: notifications.choose(work, modes={"like": {"mail": "off"}}))
    async with smtp_fake() as server:
        post.with_settings(smtp_url=server.url)
        post.now = MORNING
        await post.gather()
        await post.send()
        await post.gather(later=timedelta(days=8))
        await post.send()
    assert server.letters == []


async def test_what_waits_goes_by_the_new_rhythm(post: Post, alex: Visit, bob: Visit) -> None:
    post.now = MORNING - timedelta(hours=3)
    me = post.as_seen_by(alex)
    await keep_rhythm(me)
    first = await publish(alex)
    await post.react()
    await like(bob, first)
    await post.react()
    await keep_rhythm(me, digest="weekly", digest_weekday=5)
    async with smtp_fake() as server:
        post.with_settings(smtp_url=server.url)
        post.now = MORNING
        await post.gather()
        await post.send()
        assert server.letters == []
        await post.gather(later=timedelta(days=2))  # the Friday
        await post.send()
    assert len(server.letters) == 1
