"""Mail that comes back later: as a message that a mail server passes on, or as a provider's call."""

from collections.abc import AsyncIterator

import httpx
import pytest
from msgspec.structs import replace

from tests.cast import Visit, email_of, sign_up
from tests.conftest import client_of
from tests.modules.notifications.acts import bell_of
from threadly.app import make_app
from threadly.modules import identity, notifications
from threadly.platform.http.front import Front
from threadly.platform.mail import signed_id
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Tenant
from threadly.settings import Settings

SECRET = "what the mail server knows"
DOOR = "/mail/bounces"


@pytest.fixture(scope="module")
async def listening(settings: Settings) -> AsyncIterator[Runtime]:
    """A runtime with the door open."""
    runtime = Runtime(replace(settings, bounce_secret=SECRET))
    await runtime.start()
    yield runtime
    await runtime.stop()


@pytest.fixture(scope="module")
def door(listening: Runtime) -> Front:
    return make_app(listening)


@pytest.fixture
async def server(listening: Runtime, door: Front, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """A mail server that knows the secret."""
    await listening.tenants.refresh()
    async with client_of(door, tenant) as client:
        client.headers["Authorization"] = f"Bearer {SECRET}"
        yield client


def bounce(message_id: str, recipient: str, *, action: str = "failed", status: str = "5.1.1") -> bytes:
    """As Postfix writes them, without what is for people."""
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: no-reply@threadly.example\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\nMIME-Version: 1.0\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: <{message_id}@threadly.example>\r\nTo: {recipient}\r\nSubject: Hello\r\n\r\n--b--\r\n"
    ).encode()


def complaint(message_id: str, recipient: str) -> bytes:
    return (
        "From: fbl@provider.example\r\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\nMIME-Version: 1.0\r\n\r\n"
        "--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        "Feedback-Type: abuse\r\nUser-Agent: Fbl/1\r\nVersion: 1\r\n\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\n"
        f"Message-ID: <{message_id}@threadly.example>\r\nTo: <{recipient}>\r\nSubject: Hello\r\n\r\n"
        "Hi\r\n--b--\r\n"
    ).encode()


async def is_confirmed(runtime: Runtime, who: Visit) -> bool:
    async with runtime.works.read(who.tenant, SYSTEM, fresh=True) as work:
        (found,) = await identity.list_addressees(work, user_ids=[who.actor.me])
    return found.email_verified


async def test_a_bounce_counts_for_a_letter_that_we_sent_to_that_address_and_for_good(
    server: httpx.AsyncClient, listening: Runtime, tenant: Tenant, alex: Visit
) -> None:
    address = email_of("alexsmith")
    ours = signed_id(listening.settings, "letter", tenant_id=tenant.id, recipient=address)
    to_another = signed_id(listening.settings, "letter", tenant_id=tenant.id, recipient="x@example.com")

    async def passes(raw: bytes) -> int:
        answer = await server.post(DOOR, content=raw, headers={"Content-Type": "message/rfc822"})
        assert answer.status_code == 200
        return int(answer.json()["data"]["handled"])

    for harmless in (
        bounce("letter.1.abc", address),
        bounce(to_another, address),
        bounce(ours, address, action="delayed", status="4.4.1"),
        bounce(ours, address, status="5.2.2"),  # its mailbox is full
        b"\xff\x00 not a message",
        b"",
    ):
        assert await passes(harmless) == 0
    assert await is_confirmed(listening, alex)
    assert await passes(bounce(ours, address.upper())) == 1
    assert not await is_confirmed(listening, alex)
    assert await passes(bounce(ours, address)) == 0  # known
    assert [entry.kind for entry in await bell_of(alex)] == ["account"]


async def test_whoever_calls_it_spam_gets_no_more_mail(
    server: httpx.AsyncClient, listening: Runtime, tenant: Tenant, alex: Visit
) -> None:
    ours = signed_id(listening.settings, "letter", tenant_id=tenant.id, recipient=email_of("alexsmith"))
    answer = await server.post(DOOR, content=complaint(ours, email_of("alexsmith")))
    assert answer.json()["data"] == {"handled": 1}
    preferences = await alex.read(notifications.get_preferences, fresh=True)
    assert {modes["mail"] for modes in preferences.modes.values()} == {"off"}
    assert preferences.rhythm.digest == "off"
    assert await is_confirmed(listening, alex)


async def test_a_provider_may_say_it_in_json(
    server: httpx.AsyncClient, listening: Runtime, tenant: Tenant, alex: Visit, bob: Visit
) -> None:
    kareem = Visit(listening.works, tenant, await sign_up(listening.works, tenant, "kareem"))
    notices = [
        {"kind": "bounced", "recipient": email_of("alexsmith")},
        {"kind": "bounced", "recipient": email_of("bob"), "status": "4.2.2"},
        {"kind": "complained", "recipient": email_of("kareem")},
        {"kind": "bounced", "recipient": "nobody@example.com"},
    ]
    answer = await server.post(DOOR, json=notices)
    assert answer.json()["data"] == {"handled": 2}
    assert [await is_confirmed(listening, each) for each in (alex, bob, kareem)] == [False, True, True]
    for bad in ({"kind": "bounced"}, [{"kind": "seen", "recipient": "a@example.com"}], "x"):
        answer = await server.post(DOOR, json=bad)
        assert answer.json()["error"]["code"] == "notifications.bounce_unreadable"


async def test_the_door_opens_to_the_secret_alone(
    server: httpx.AsyncClient, client: httpx.AsyncClient, alex: Visit
) -> None:
    notices = [{"kind": "bounced", "recipient": email_of("alexsmith")}]
    for wrong in ("Bearer something else", "Basic x", ""):
        answer = await server.post(DOOR, json=notices, headers={"Authorization": wrong})
        assert answer.status_code == 401
    # Without a secret there is no door.
    answer = await client.post(DOOR, json=notices, headers={"Authorization": f"Bearer {SECRET}"})
    assert answer.status_code == 404
