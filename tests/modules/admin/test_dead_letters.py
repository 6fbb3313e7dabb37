"""Dead letters: what failed for good is read, tried again and dropped, in the browser and over the API."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest

from tests.cast import Visit
from tests.modules.admin.operators import api, desk, kareem, omar
from tests.modules.store.browser import Browser, enter
from threadly.modules import feed
from threadly.modules.admin.verbs.dead_letters import read_dead_letters
from threadly.platform.events import Reactions
from threadly.platform.ids import UUID, new_id
from threadly.platform.relay import MAX_ATTEMPTS, Relay
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Tenant, Work, Works

__all__ = ["api", "desk", "kareem", "omar"]

PAGE = "/admin/observe/dead-letters"
API = "/api/v1/admin/dead-letters"


class Poison:
    """A reaction that cannot digest its event, until it is mended."""

    def __init__(self, runtime: Runtime, tenant: Tenant) -> None:
        self.tenant = tenant
        self.now = datetime.now(UTC)
        self.works = Works(runtime.database, runtime.settings, clock=lambda: self.now)
        reactions = Reactions()
        reactions.on(feed.PostDeleted, self.react, name="test.digest")
        self.relay = Relay(self.works, reactions, runtime.tenants)
        self.mended = False
        self.digested: list[UUID] = []

    async def react(self, _work: Work, event: feed.PostDeleted) -> None:
        if not self.mended:
            raise ValueError("cannot digest <that>")
        self.digested.append(event.post_id)

    async def swallow(self) -> UUID:
        """An event that ends up dead."""
        event = feed.PostDeleted(post_id=new_id(), author_id=new_id())

        async def emit(work: Work) -> None:
            work.emit(event)

        await self.works.attempt(self.tenant, SYSTEM, emit)
        for _ in range(MAX_ATTEMPTS):
            await self.relay.drain(self.tenant)
            self.now += timedelta(minutes=20)
        return event.post_id


@pytest.fixture
async def poison(runtime: Runtime, tenant: Tenant) -> Poison:
    await runtime.tenants.refresh()
    return Poison(runtime, tenant)


Undeliverable = Callable[[Visit], Awaitable[UUID]]


@pytest.fixture
def undeliverable(owner: "asyncpg.Connection[asyncpg.Record]") -> Undeliverable:
    """A letter to somebody that was given up."""

    async def give_up(to: Visit) -> UUID:
        found = await owner.fetchval(
            """
            INSERT INTO notifications.deliveries
                (tenant_id, user_id, channel, state, due_at, created_at, attempts, error)
            VALUES ($1, $2, 'mail', 'failed', now(), now(), 24, 'recipient refused with 451') RETURNING id
            """,
            to.tenant.id,
            to.actor.me,
        )
        return UUID(str(found))

    return give_up


async def test_poison_is_read_tried_again_and_dropped_in_the_browser(
    poison: Poison, desk: Browser, omar: Visit, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    post_id = await poison.swallow()
    page = await desk.open(PAGE)
    assert "test.digest" in page
    assert "event feed.post_deleted" in page
    assert "ValueError('cannot digest <that>')" in page
    assert str(post_id) in page
    assert f"after {MAX_ATTEMPTS} attempts" in page

    poison.mended = True
    answer = await desk.send(f"{PAGE}/retry")
    assert answer.headers["location"] == PAGE
    page = await desk.open(PAGE)
    assert "Nothing failed for good" in page
    assert "Tried again by @omar" in page.replace("</strong>", "")
    await poison.relay.drain(poison.tenant)
    assert poison.digested == [post_id]

    poison.mended = False
    await poison.swallow()
    await desk.open(f"{PAGE}?kind=reaction")
    answer = await desk.send(f"{PAGE}/drop")
    assert answer.headers["location"] == f"{PAGE}?kind=reaction"
    assert "Dropped by @omar" in (await desk.open(PAGE)).replace("</strong>", "")
    poison.mended = True
    await poison.relay.drain(poison.tenant)
    assert poison.digested == [post_id]

    logged = await owner.fetch(
        "SELECT actor_id, after ->> 'action' AS action FROM platform.audit_log"
        " WHERE tenant_id = $1 AND relation = 'platform.interventions' ORDER BY id",
        poison.tenant.id,
    )
    assert [tuple(row) for row in logged] == [(omar.actor.me, "retry"), (omar.actor.me, "drop")]


async def test_letters_that_were_given_up_are_sent_again_or_dropped_over_the_api(
    api: httpx.AsyncClient,
    undeliverable: Undeliverable,
    kareem: Visit,
    omar: Visit,
    client: httpx.AsyncClient,
) -> None:
    first, second = await undeliverable(kareem), await undeliverable(kareem)
    listed = (await api.get(API, params={"kind": "delivery"})).json()["data"]
    assert {each["id"] for each in listed} == {f"delivery:{first}", f"delivery:{second}"}
    one = (await api.get(f"{API}/delivery:{first}")).json()["data"]
    assert one["payload"] == {"channel": "mail", "kind": "digest", "to": "kareem"}
    assert one["error"] == "recipient refused with 451"
    assert "@example.com" not in str(listed)

    assert (await api.post(f"{API}/delivery:{first}/retries")).status_code == 202
    assert (await api.delete(f"{API}/delivery:{second}")).status_code == 204
    assert (await api.get(API)).json()["data"] == []
    for gone in (f"delivery:{first}", "delivery:x", "reaction:x", f"reaction:{first}:x", "job:x", "x"):
        answer = await api.post(f"{API}/{gone}/retries")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "admin.dead_letter_missing")
    deeds = (await omar.read(read_dead_letters, fresh=True)).deeds
    assert [(deed.action, deed.said, deed.by) for deed in deeds] == [
        ("drop", "notifications.mail, digest", "omar"),
        ("retry", "notifications.mail, digest", "omar"),
    ]


async def test_only_operators_see_or_touch_them(
    client: httpx.AsyncClient, undeliverable: Undeliverable, kareem: Visit
) -> None:
    letter = f"delivery:{await undeliverable(kareem)}"
    assert (await client.get(PAGE)).status_code == 401
    theirs = await enter(client, kareem)
    await theirs.open("/")
    assert (await client.get(PAGE)).status_code == 403
    for deed in ("retry", "drop"):
        assert (await theirs.send(f"{PAGE}/{deed}", id=letter)).status_code == 403
    assert (await client.get(API)).status_code == 403
