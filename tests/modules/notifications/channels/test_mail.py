"""What is told by mail: over a real mail server on this machine, which is also away, busy, slow and rude."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from tests.cast import Visit, email_of
from tests.modules.identity.runs import RunNow
from tests.modules.notifications.acts import bell_of, comment, publish, read
from tests.modules.notifications.channels.post import Post, part_of, read_letters
from tests.modules.notifications.conftest import Crowd
from tests.platform.smtp_fake import smtp_fake
from threadly.modules.notifications.channels import Parcel
from threadly.modules.notifications.channels.sending import LEASE, MAX_ATTEMPTS, send_due
from threadly.modules.notifications.types import ChannelName
from threadly.platform.durable import Run
from threadly.platform.mail import list_letters, tenant_of_letter
from threadly.platform.work import SYSTEM


async def test_a_comment_is_told_by_a_letter_in_text_and_html_with_one_click_to_stop(
    post: Post, alex: Visit, bob: Visit
) -> None:
    post_id = await publish(alex, "Lists & <loops>")
    await comment(bob, post_id, "Why <not> both?")
    async with smtp_fake() as server:
        post.with_settings(smtp_url=server.url)
        await post.react()
        await post.send()
        await post.send()  # nothing is left
    (letter,) = read_letters(server.letters)
    assert letter["To"] == email_of("alexsmith")
    assert letter["Subject"] == f"Bob commented on your post · {post.tenant.name}"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = letter["List-Unsubscribe"].strip("<>")
    assert link.startswith(f"http://{post.tenant.slug}.test:8000/unsubscribe?token=comment.")
    text, html = part_of(letter, "plain"), part_of(letter, "html")
    assert "> Why <not> both?" in text
    assert f"http://{post.tenant.slug}.test:8000/posts/{post_id}#comment-" in text
    assert link in text
    assert "Why &lt;not&gt; both?" in html
    assert link in html
    settings = post.works.settings
    assert tenant_of_letter(settings, letter["Message-ID"], recipient=letter["To"]) == post.tenant.id
    assert await post.rows() == [("sent", 1, None)]


async def test_without_a_mail_server_letters_stay_in_the_mailbox_and_nobody_gets_what_they_read(
    post: Post, alex: Visit, bob: Visit, kareem: Visit
) -> None:
    first, second = await publish(alex), await publish(kareem)
    await comment(bob, first)
    await comment(bob, second)
    await post.react()
    await read(alex, await bell_of(alex))
    await post.send()
    async with post.works.read(post.tenant, SYSTEM, fresh=True) as work:
        assert [each.recipient for each in await list_letters(work)] == [email_of("kareem")]
    assert sorted(await post.states()) == ["dropped", "sent"]


async def comment_on_each(alex: Visit, members: Sequence[Visit]) -> None:
    """A letter waits for each of them."""
    for each in members:
        await comment(alex, await publish(each))


async def test_a_mail_server_that_hangs_gets_all_letters_once_it_is_back(
    post: Post, alex: Visit, crowd: Crowd
) -> None:
    await comment_on_each(alex, await crowd(3))
    await post.react()
    async with smtp_fake() as server:
        server.silent.set()
        post.with_settings(smtp_url=server.url)
        await post.send()
        assert server.connections == 1  # the others are not tried
        tried = [(attempts, error) for _, attempts, error in await post.rows()]
        assert sorted(tried, key=str) == [(0, None), (0, None), (1, "SMTPConnectTimeoutError")]
        await post.send()  # it is left alone for five seconds
        assert server.connections == 1
        await post.send(later=timedelta(seconds=6))  # and then asked with another letter
        assert server.connections == 2
        assert sorted(attempts for _, attempts, _ in await post.rows()) == [0, 1, 1]
        server.silent.clear()
        await post.send(later=timedelta(seconds=11))
        assert server.letters
        await post.send(later=timedelta(minutes=2))
    assert len(server.letters) == 3
    assert await post.states() == ["sent"] * 3
    assert await post.outages() == []


async def test_a_busy_server_delays_one_letter_and_takes_the_others(
    post: Post, alex: Visit, crowd: Crowd
) -> None:
    await comment_on_each(alex, await crowd(2))
    await post.react()
    async with smtp_fake("451 4.7.1 greylisted") as server:
        post.with_settings(smtp_url=server.url)
        await post.send()
        assert len(server.letters) == 1
        later = [(attempts, error) for state, attempts, error in await post.rows() if state == "sending"]
        assert later == [(1, "recipient refused with 451 4.7.1")]
        assert await post.outages() == []
        await post.send(later=timedelta(seconds=10))  # not yet
        assert len(server.letters) == 1
        await post.send(later=timedelta(seconds=30))
    assert sorted(letter["To"] for letter in read_letters(server.letters)) == [
        email_of("member0"),
        email_of("member1"),
    ]


async def test_a_letter_that_nobody_takes_is_given_up_in_the_end_and_left_to_an_operator(
    post: Post, alex: Visit, bob: Visit
) -> None:
    await comment_on_each(alex, [bob])
    await post.react()
    async with smtp_fake(*["451 no room for bob@example.com"] * MAX_ATTEMPTS) as server:
        post.with_settings(smtp_url=server.url)
        for _ in range(MAX_ATTEMPTS):
            await post.send(later=timedelta(hours=1))
    said = f"recipient refused with 451, after {MAX_ATTEMPTS} attempts"
    assert await post.rows() == [("failed", MAX_ATTEMPTS, said)]


async def test_where_nobody_is_nothing_more_is_sent_until_the_address_is_confirmed_again(
    post: Post, alex: Visit, bob: Visit
) -> None:
    await comment_on_each(alex, [bob])
    await post.react()
    async with smtp_fake() as server:
        server.dead.add(email_of("bob"))
        post.with_settings(smtp_url=server.url)
        await post.send()
        assert await post.rows() == [("failed", 1, "recipient refused with 550 5.1.1")]
        told = (await bell_of(bob))[0]
        assert told.kind == "account"
        assert told.title.startswith(f"Mail to {email_of('bob')} comes back")
        assert told.url == "/settings/account"
        await comment_on_each(alex, [bob])
        await post.react()
        await post.send()
        assert (await post.rows())[1] == ("dropped", 1, "the address is not confirmed")
        assert sum(line.startswith("RCPT") for line in server.commands) == 1
        server.dead.clear()
        await post.owner.execute(
            "UPDATE identity.users SET email_verified_at = now() WHERE id = $1", bob.actor.me
        )
        await comment_on_each(alex, [bob])
        await post.react()
        await post.send()
    assert [letter["To"] for letter in read_letters(server.letters)] == [email_of("bob")]


class Died(BaseException):
    """As if the process were gone: nothing is cleaned up."""


class DyingMail:
    """A channel in whose hands the worker dies."""

    name: ChannelName = "mail"
    at_once = 1

    @asynccontextmanager
    async def open(self, run: Run, parcels: Sequence[Parcel]) -> AsyncIterator["DyingMail"]:
        yield self

    async def send(self, parcel: Parcel) -> None:
        raise Died


async def test_what_a_worker_had_in_hand_when_it_died_is_sent_by_another_under_the_same_id(
    post: Post, alex: Visit, bob: Visit
) -> None:
    await comment_on_each(alex, [bob])
    await post.react()
    async with smtp_fake() as server:
        post.with_settings(smtp_url=server.url)
        with pytest.raises(Died):
            await send_due(RunNow(post.works, post.tenant), DyingMail())
        await post.send(later=timedelta(minutes=1))  # it might be alive
        assert server.letters == []
        await post.send(later=LEASE)
    assert len(server.letters) == 1
    assert await post.rows() == [("sent", 2, None)]
