"""Web push: sealed for the browser, signed by us, to public addresses only; who unsubscribed is forgotten."""

from datetime import timedelta
from functools import partial

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.cast import Visit, email_of
from tests.modules.notifications.acts import comment, publish
from tests.modules.notifications.channels.post import Post, read_letters
from tests.modules.notifications.channels.push_service import BrowserDouble, decode, push_service
from tests.modules.store.browser import enter
from tests.platform.smtp_fake import smtp_fake
from threadly.modules.notifications.channels.browsers import (
    MOST_BROWSERS,
    SubscriptionInvalid,
    add_browser,
    list_browsers,
)
from threadly.platform.outside import NotPublic, checked_url, find_target
from threadly.platform.push import PushSubscription, push_key

PAGE = "/settings/notifications/devices"
API = "/api/v1/notifications/browsers"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


async def subscribe(post: Post, who: Visit, *browsers: BrowserDouble) -> None:
    for each in browsers:
        add = partial(add_browser, subscription=each.subscription, device=FIREFOX)
        await post.as_seen_by(who).write(add)


async def test_a_browser_gets_what_it_alone_can_open_and_can_prove_that_it_is_ours(
    post: Post, alex: Visit, bob: Visit
) -> None:
    async with push_service() as service:
        post.with_settings(push_private=True, mail_from="Threadly <us@threadly.example>")
        laptop = service.browser("/laptop")
        await subscribe(post, alex, laptop)
        post_id = await publish(alex)
        await comment(bob, post_id, "Well <said>")
        await post.react()
        await post.send("push")
    ((_, head, body),) = service.got
    opened = laptop.open(body)
    assert opened["title"] == "Bob commented on your post"
    assert opened["text"] == "Well <said>"
    assert opened["url"].startswith(f"/posts/{post_id}#comment-")
    assert (head["content-encoding"], head["ttl"], len(head["topic"])) == ("aes128gcm", "86400", 32)
    token, _, key = head["authorization"].removeprefix("vapid t=").partition(", k=")
    assert key == push_key(post.works.settings)
    signed, _, signature = token.rpartition(".")
    claims = msgspec.json.decode(decode(signed.partition(".")[2]))
    assert claims["sub"] == "mailto:us@threadly.example"
    raw = decode(signature)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(key))
    public.verify(
        encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:])),
        signed.encode(),
        ec.ECDSA(hashes.SHA256()),
    )
    assert await post.states("push") == ["sent"]


async def test_a_browser_that_is_gone_is_forgotten_and_a_service_that_is_down_delays_its_own_only(
    post: Post, alex: Visit, bob: Visit, kareem: Visit
) -> None:
    async with push_service() as service, smtp_fake() as server:
        post.with_settings(push_private=True, smtp_url=server.url)
        service.answers = {"/gone": 410, "/lost": 404, "/down": 500, "/silent": None}
        await subscribe(post, alex, service.browser("/gone"), service.browser("/fine"))
        await subscribe(post, bob, service.browser("/down"), service.browser("/lost"))
        await subscribe(post, kareem, service.browser("/silent"))
        for author, by in ((alex, bob), (bob, alex), (kareem, alex)):
            await comment(by, await publish(author))
        await post.react()
        await post.send("push", "mail")
        assert sorted(letter["To"] for letter in read_letters(server.letters)) == sorted(
            map(email_of, ("alexsmith", "bob", "kareem"))
        )
        assert await post.states("mail") == ["sent"] * 3
        rows = {error: (state, attempts) for state, attempts, error in await post.rows("push")}
        assert rows == {
            None: ("sent", 1),
            "the push service answered 500": ("sending", 1),
            "RemoteProtocolError": ("sending", 1),
        }
        for who, left in ((alex, 1), (bob, 1), (kareem, 1)):
            assert len(await who.read(list_browsers, fresh=True)) == left
        service.answers = {"/silent": 410}
        await post.send("push", later=timedelta(minutes=1))
    assert sorted(await post.states("push")) == ["dropped", "sent", "sent"]
    assert await kareem.read(list_browsers, fresh=True) == []


async def test_nobody_is_told_by_a_browser_that_they_did_not_name(
    post: Post, alex: Visit, bob: Visit
) -> None:
    await comment(bob, await publish(alex))
    await post.react()
    await post.send("push")
    assert await post.rows("push") == []


async def test_addresses_that_are_not_public_are_refused_when_given_and_when_called(
    post: Post, alex: Visit
) -> None:
    good = BrowserDouble("https://push.example/x").subscription
    for endpoint in (
        "http://push.example/x",
        "https://push.example:8443/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://[64:ff9b::7f00:1]/x",
        "https://169.254.169.254/latest",
        "https://user:pass@push.example/x",
        "https://push.example\\@10.0.0.1/",
        "ftp://push.example/x",
        "https:///x",
        "/x",
        f"https://push.example/{'x' * 2_048}",
    ):
        with pytest.raises(NotPublic):
            checked_url(endpoint)
        with pytest.raises(SubscriptionInvalid):
            await subscribe_raw(alex, msgspec.structs.replace(good, endpoint=endpoint))
    for bad in ({"p256dh": "x"}, {"auth": "x"}, {"p256dh": good.auth}, {"auth": "ü"}):
        with pytest.raises(SubscriptionInvalid):
            await subscribe_raw(alex, msgspec.structs.replace(good, **bad))
    with pytest.raises(NotPublic):  # a name of this machine
        await find_target("https://localhost/x")
    for _ in range(MOST_BROWSERS + 2):
        await subscribe_raw(alex, BrowserDouble(f"https://push.example/{_}").subscription)
    assert len(await alex.read(list_browsers, fresh=True)) == MOST_BROWSERS


async def subscribe_raw(who: Visit, subscription: PushSubscription) -> None:
    await who.write(lambda work: add_browser(work, subscription=subscription, device="x"))


async def test_the_settings_list_browsers_and_silence_them(
    client: httpx.AsyncClient, alex: Visit, bob: Visit
) -> None:
    theirs = await enter(client, alex)
    page = await theirs.open(PAGE)
    assert "No browser tells you yet." in page
    subscription = BrowserDouble("https://push.example/a").subscription
    body = {
        "endpoint": subscription.endpoint,
        "expirationTime": None,
        "keys": {"p256dh": subscription.p256dh, "auth": subscription.auth},
    }
    headers = {"X-CSRF-Token": theirs.hidden()["_csrf"], "User-Agent": FIREFOX}
    made = [await client.post(API, json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    browser_id = made[0].json()["data"]["id"]
    assert made[1].json()["data"]["id"] == browser_id
    assert [each["id"] for each in (await client.get(API)).json()["data"]] == [browser_id]
    assert "Firefox on Linux" in await theirs.open(PAGE)
    answer = await theirs.send(f"{PAGE}/browsers/{browser_id}/remove")
    assert answer.headers["location"] == PAGE
    assert (await client.get(API)).json()["data"] == []
    assert (await client.delete(f"{API}/{browser_id}", headers=headers)).status_code == 404
