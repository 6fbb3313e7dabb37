"""Text messages: to numbers whose owner typed the code, over a gateway that may be down."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from tests.cast import Visit
from tests.modules.identity.runs import run_queued_jobs
from tests.modules.notifications.acts import comment, publish
from tests.modules.notifications.channels.post import Post
from tests.modules.notifications.channels.push_service import BrowserDouble, PushService, push_service
from tests.modules.store.browser import enter
from tests.platform.smtp_fake import smtp_fake
from threadly.modules import identity, notifications
from threadly.modules.notifications.channels.browsers import add_browser
from threadly.modules.notifications.channels.jobs import JOBS
from threadly.modules.notifications.channels.phones import (
    MOST_CODES,
    MOST_TRIES,
    CodeWrong,
    NumberInvalid,
    TooManyCodes,
    confirm_phone,
    find_phone,
    remove_phone,
    set_phone,
)
from threadly.platform.mail import list_letters
from threadly.platform.work import SYSTEM

NUMBER = "+49 151 234-5678"
DIGITS = "+491512345678"
PAGE = "/settings/notifications/devices"


async def texts(post: Post) -> list[str]:
    """What came to that number, the newest first."""
    await run_queued_jobs(post.works, post.tenant, jobs=JOBS)
    async with post.works.read(post.tenant, SYSTEM, fresh=True) as work:
        return [each.text for each in await list_letters(work) if each.recipient == DIGITS]


def code_in(text: str) -> str:
    found = re.match(r"\d{6}", text)
    assert found
    return found[0]


async def give_number(post: Post, who: Visit) -> None:
    """A number that counts, and that everything comes to."""
    there = post.as_seen_by(who)
    await there.write(lambda work: set_phone(work, number=NUMBER))
    code = code_in((await texts(post))[0])
    assert await there.write(lambda work: confirm_phone(work, code=code))
    modes: dict[Any, Any] = {"comment": {"sms": "now"}}
    await there.write(lambda work: notifications.choose(work, modes=modes))


@asynccontextmanager
async def gateway(post: Post) -> AsyncIterator[PushService]:
    async with push_service() as service:
        post.with_settings(sms_url=f"{service.url}/messages", sms_token="gate")
        yield service


async def test_a_number_counts_once_its_code_was_typed_which_cannot_be_guessed(
    post: Post, alex: Visit
) -> None:
    there = post.as_seen_by(alex)
    for bad in ("151 2345678", "+49", "+49 151 call me", "+1234567890123456", "", "+٤٩١٥١٢٣٤٥٦٧٨"):
        with pytest.raises(NumberInvalid):
            await there.write(lambda work, bad=bad: set_phone(work, number=bad))  # type: ignore[misc]
    await there.write(lambda work: set_phone(work, number=NUMBER))
    with pytest.raises(TooManyCodes):
        await there.write(lambda work: set_phone(work, number="+49 30 1234567"))
    await there.write(remove_phone)
    with pytest.raises(TooManyCodes):  # which removing does not undo
        await there.write(lambda work: set_phone(work, number=NUMBER))
    post.now += timedelta(minutes=3)
    await there.write(lambda work: set_phone(work, number=NUMBER))
    (text,) = await texts(post)
    code = code_in(text)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(MOST_TRIES):
        assert await there.write(lambda work: confirm_phone(work, code=wrong)) is None
    with pytest.raises(CodeWrong):
        await there.write(lambda work: confirm_phone(work, code=code))
    post.now += timedelta(minutes=3)
    await there.write(lambda work: set_phone(work, number=NUMBER))
    fresh = code_in((await texts(post))[0])
    confirmed = await there.write(lambda work: confirm_phone(work, code=f" {fresh} "))
    assert confirmed
    assert confirmed.confirmed
    found = await there.read(find_phone, fresh=True)
    assert found == confirmed
    assert found
    assert found.number == DIGITS
    for _ in range(MOST_CODES - 3):  # of those before
        post.now += timedelta(minutes=3)
        await there.write(lambda work: set_phone(work, number=NUMBER))
    post.now += timedelta(minutes=3)
    with pytest.raises(TooManyCodes, match="tomorrow"):
        await there.write(lambda work: set_phone(work, number=NUMBER))


async def test_a_gateway_that_is_down_delays_text_messages_and_nothing_else(
    post: Post, alex: Visit, bob: Visit
) -> None:
    await give_number(post, alex)
    await comment(bob, await publish(alex))
    await post.react()
    async with gateway(post) as service, smtp_fake() as server:
        post.with_settings(smtp_url=server.url)
        service.answers = {"/messages": 503}
        await post.send("sms", "mail")
        assert await post.states("mail") == ["sent"]
        assert await post.rows("sms") == [("sending", 1, "the gateway answered 503")]
        assert await post.outages() == ["sms"]
        service.answers = {}
        await post.send("sms", later=timedelta(minutes=1))
    assert await post.states("sms") == ["sent"]
    assert await post.outages() == []
    _, head, body = service.got[-1]
    assert head["authorization"] == "Bearer gate"
    message = msgspec.json.decode(body)
    assert message["to"] == DIGITS
    assert message["text"].startswith(f"{post.tenant.name}: Bob commented on your post http://")


async def test_a_number_that_the_gateway_does_not_know_is_left_to_an_operator(
    post: Post, alex: Visit, bob: Visit
) -> None:
    await give_number(post, alex)
    await comment(bob, await publish(alex))
    await post.react()
    async with gateway(post) as service:
        service.answers = {"/messages": 422}
        await post.send("sms")
    assert await post.rows("sms") == [("failed", 1, "the gateway answered 422")]


async def test_of_a_deleted_account_no_number_browser_or_letter_is_left(
    post: Post, alex: Visit, bob: Visit
) -> None:
    await give_number(post, alex)
    subscription = BrowserDouble("https://push.example/a").subscription
    await alex.write(lambda work: add_browser(work, subscription=subscription, device="x"))
    await comment(bob, await publish(alex))
    await post.react()
    await alex.write(lambda work: identity.delete_account(work, user_id=alex.actor.me))
    await post.react()
    for table in ("phones", "push_subscriptions", "deliveries", "preferences"):
        left = await post.owner.fetchval(
            f"SELECT count(*) FROM notifications.{table} WHERE user_id = $1", alex.actor.me
        )
        assert left == 0, table


async def test_the_settings_take_a_number_and_its_code(
    client: httpx.AsyncClient, post: Post, alex: Visit
) -> None:
    theirs = await enter(client, alex)
    await theirs.open(PAGE)
    answer = await theirs.send(f"{PAGE}/phone", number="call me")
    assert answer.status_code == 400
    assert "Write the number with its country" in theirs.page
    await theirs.send(f"{PAGE}/phone", number=NUMBER)
    assert f"The code that we sent to {DIGITS}" in await theirs.open(PAGE)
    code = code_in((await texts(post))[0])
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert (await theirs.send(f"{PAGE}/phone/confirm", code=wrong)).status_code == 400
    await theirs.open(PAGE)
    assert (await theirs.send(f"{PAGE}/phone/confirm", code=code)).status_code == 303
    assert f"Text messages go to <strong>{DIGITS}" in await theirs.open(PAGE)
    assert (await client.get("/api/v1/notifications/phone")).json()["data"]["confirmed"] is True
    await theirs.send(f"{PAGE}/phone/remove")
    assert (await client.get("/api/v1/notifications/phone")).status_code == 404
