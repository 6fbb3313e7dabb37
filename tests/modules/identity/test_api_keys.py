"""API keys: shown once, known by their hash alone, good for the API but not for the account itself."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeAlias

import asyncpg
import pytest
from httpx import AsyncClient, Response
from websockets.exceptions import InvalidStatus

from tests.cast import Visit, sign_in
from tests.cast import sign_up as join
from tests.conftest import client_of
from tests.modules.identity.test_pages import log_in, submit
from tests.platform.http.socket_client import connected
from tests.wire.servers import served
from threadly.modules import identity
from threadly.modules.identity.errors import ApiKeyInvalid, ApiKeysExhausted
from threadly.modules.identity.exports import export_member
from threadly.modules.identity.verbs import api_keys
from threadly.platform.exporting import Record
from threadly.platform.http.admission import SIGNED_IN
from threadly.platform.http.front import Front
from threadly.platform.http.sockets import SIGN_IN
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Denied, Tenant, Works

KEYS = "/api/v1/api-keys"
START = datetime(2030, 1, 1, tzinfo=UTC)
Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def code_of(answer: Response) -> str:
    return str(answer.json()["error"]["code"])


@pytest.fixture
async def ada(works: Works, tenant: Tenant) -> Visit:
    return Visit(works, tenant, await join(works, tenant, "ada"))


async def key_of(visit: Visit, **wanted: Any) -> str:
    return (await visit.write(partial(api_keys.create_api_key, **{"name": "the till", **wanted}))).key


async def test_a_key_is_made_shown_once_listed_and_revoked(
    client: AsyncClient, works: Works, tenant: Tenant, ada: Visit, owner: Owner
) -> None:
    signed_in = bearer((await sign_in(works, tenant, ada.actor)).access_token)
    wish = {"name": " the  till ", "scope": "write", "days": 30}
    answer = await client.post(KEYS, json=wish, headers=signed_in)
    made = answer.json()["data"]
    assert (answer.status_code, answer.headers["location"]) == (201, f"{KEYS}/{made['id']}")
    key = made.pop("key")
    assert (key[:4], len(key), made["hint"]) == ("thk_", 47, key[:8])
    assert (made["name"], made["scope"], made["last_used_at"]) == ("the till", "write", None)
    assert (await client.get(f"{KEYS}/{made['id']}", headers=signed_in)).json()["data"] == made
    assert (await client.get(KEYS, headers=signed_in)).json()["data"] == [made]
    (row,) = await owner.fetch("SELECT * FROM identity.api_keys WHERE tenant_id = $1", tenant.id)
    assert key not in str(dict(row))

    post = {"content": "by a program"}
    assert (await client.post("/api/v1/posts", json=post, headers=bearer(key))).status_code == 201
    assert (await client.get("/api/v1/users/me", headers=bearer(key))).json()["data"]["username"] == "ada"
    assert (await client.get(KEYS, headers=signed_in)).json()["data"][0]["last_used_at"]
    assert (await client.delete(f"{KEYS}/{made['id']}", headers=signed_in)).status_code == 204
    assert (await client.delete(f"{KEYS}/{made['id']}", headers=signed_in)).status_code == 404
    gone = await client.get("/api/v1/posts", headers=bearer(key))
    assert (gone.status_code, code_of(gone)) == (401, "identity.api_key_invalid")


async def test_one_that_only_reads_changes_nothing(client: AsyncClient, ada: Visit) -> None:
    key = bearer(await key_of(ada))
    assert (await client.get("/api/v1/posts", headers=key)).status_code == 200
    for method, path in (
        ("POST", "/api/v1/posts"),
        ("PUT", "/api/v1/users/bob/follow"),
        ("DELETE", "/api/v1/x"),
    ):
        answer = await client.request(method, path, json={"content": "no"}, headers=key)
        assert answer.status_code in (403, 404, 405)
    refused = await client.post("/api/v1/posts", json={"content": "no"}, headers=key)
    assert (refused.status_code, code_of(refused)) == (403, "auth.key_reads_only")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/auth/password/change"),
        ("POST", "/api/v1/auth/email"),
        ("POST", "/api/v1/auth/second-factor"),
        ("POST", "/api/v1/auth/second-factor/remove"),
        ("POST", "/api/v1/auth/logout-everywhere"),
        ("POST", "/api/v1//auth/logout-everywhere"),
        ("GET", "/api/v1/api-keys"),
        ("POST", "/api/v1/api-keys"),
        ("POST", "/api/v1/api-keys/"),
        ("GET", "/api/v1/sessions"),
        ("DELETE", "/api/v1/sessions"),
        ("GET", "/api/v1/users/me/exports"),
        ("POST", "/api/v1/users/me/exports"),
        ("PUT", "/api/v1/users/ada/role"),
        ("DELETE", "/api/v1/users/me"),
        ("GET", "/settings/keys"),
        ("POST", "/settings/keys"),
        ("POST", "/settings/password"),
        ("POST", "/settings/delete"),
    ],
)
async def test_it_does_not_open_the_account(client: AsyncClient, ada: Visit, method: str, path: str) -> None:
    answer = await client.request(method, path, headers=bearer(await key_of(ada, scope="write")))
    assert answer.status_code in (403, 404), "404 where no route is so spelled"
    if answer.status_code == 403 and path.startswith("/api/"):
        assert code_of(answer) == "auth.key_refused"
    assert "//" in path or answer.status_code == 403


async def test_it_opens_no_socket(app: Front, runtime: Runtime, tenant: Tenant, ada: Visit) -> None:
    await runtime.tenants.refresh()
    key, host = await key_of(ada, scope="write"), f"{tenant.slug}.test"
    async with served(app, ws="auto") as url:
        with pytest.raises(InvalidStatus):
            async with connected(url, host, bearer=key):
                pass
        async with connected(url, host) as client:
            await client.tell("authenticate", token=key)
            assert await client.end() == SIGN_IN.code


async def test_no_verb_makes_another_by_it(works: Works, tenant: Tenant, ada: Visit) -> None:
    key = await key_of(ada, scope="write")
    actor = await identity.authenticate(works, tenant, bearer=key, session=None)
    assert (actor.me, actor.key_id is not None, actor.reads_only) == (ada.actor.me, True, False)
    by_key = Visit(works, tenant, actor)
    with pytest.raises(Denied):
        await key_of(by_key)
    with pytest.raises(Denied):
        await by_key.read(api_keys.list_api_keys)


async def test_it_ends_when_it_is_over(works: Works, tenant: Tenant, ada: Visit) -> None:
    key = await key_of(ada, days=7)
    lasting = await key_of(ada)
    later = Works(works.database, works.settings, clock=lambda: works.clock() + timedelta(days=7, seconds=1))
    assert await identity.authenticate(works, tenant, bearer=key, session=None)
    with pytest.raises(ApiKeyInvalid):
        await identity.authenticate(later, tenant, bearer=key, session=None)
    assert await identity.authenticate(later, tenant, bearer=lasting, session=None)


async def test_it_is_nothing_in_another_community_nor_forged(
    works: Works, tenant: Tenant, other_tenant: Tenant, ada: Visit
) -> None:
    key = await key_of(ada)
    for where, what in (other_tenant, key), (tenant, key[:-1] + "~"), (tenant, key + "A"), (tenant, "thk_ÿ"):
        with pytest.raises(ApiKeyInvalid):
            await identity.authenticate(works, where, bearer=what, session=None)


async def test_a_suspended_members_keys_stop_meanwhile_and_a_deleted_ones_for_good(
    client: AsyncClient, works: Works, tenant: Tenant, ada: Visit, owner: Owner
) -> None:
    key = bearer(await key_of(ada, scope="write"))
    operator = Visit(works, tenant, SYSTEM)
    suspend = partial(
        identity.suspend_member, user_id=ada.actor.me, until=None, reason="spam", appeal_path="/cases/1"
    )
    await operator.write(suspend)
    refused = await client.get("/api/v1/posts", headers=key)
    assert (refused.status_code, code_of(refused)) == (401, "identity.account_suspended")
    await operator.write(partial(identity.reinstate_member, user_id=ada.actor.me))
    assert (await client.get("/api/v1/posts", headers=key)).status_code == 200
    await ada.write(partial(identity.delete_account, user_id=ada.actor.me))
    gone = await client.get("/api/v1/posts", headers=key)
    assert (gone.status_code, code_of(gone)) == (401, "identity.api_key_invalid")
    assert await owner.fetchval("SELECT count(*) FROM identity.api_keys WHERE tenant_id = $1", tenant.id) == 0


async def test_its_use_is_noted_once_a_minute(works: Works, tenant: Tenant, ada: Visit, owner: Owner) -> None:
    key = await key_of(ada)
    noted = []
    for seconds in (0, 59, 61, 62):
        now = START + timedelta(seconds=seconds)
        at = Works(works.database, works.settings, clock=partial(now.astimezone, UTC))
        await identity.authenticate(at, tenant, bearer=key, session=None)
        noted.append(
            await owner.fetchval("SELECT last_used_at FROM identity.api_keys WHERE tenant_id = $1", tenant.id)
        )
    assert [(each - START).total_seconds() for each in noted] == [0, 0, 61, 61]


async def test_each_key_has_its_own_limit(client: AsyncClient, runtime: Runtime, ada: Visit) -> None:
    one, other = bearer(await key_of(ada)), bearer(await key_of(ada))
    most = int(SIGNED_IN.limit * runtime.settings.rate_limit_factor)
    left = [
        int((await client.get("/api/v1/posts", headers=each)).headers["x-ratelimit-remaining"])
        for each in (one, one, other)
    ]
    assert left == [most - 1, most - 2, most - 1]


async def test_names_are_asked_for_and_twenty_are_the_most(client: AsyncClient, ada: Visit) -> None:
    with pytest.raises(Exception, match="what the key is for"):
        await key_of(ada, name=" ")
    with pytest.raises(Exception, match="1 to 366"):
        await key_of(ada, days=367)
    for _ in range(api_keys.MOST_KEYS):
        await key_of(ada)
    with pytest.raises(ApiKeysExhausted):
        await key_of(ada)


async def test_making_and_revoking_is_in_the_audit_log_and_the_copy_without_the_secret(
    works: Works, tenant: Tenant, ada: Visit, owner: Owner
) -> None:
    made = await ada.write(partial(api_keys.create_api_key, name="the till"))
    await identity.authenticate(works, tenant, bearer=made.key, session=None)
    async with works.read(tenant, SYSTEM, fresh=True) as work:
        copied = [each async for each in export_member(work, member_id=ada.actor.me)]
    (told,) = [each for each in copied if isinstance(each, Record) and each.file == "identity/api_keys"]
    assert "the till" in str(told)
    await ada.write(partial(api_keys.revoke_api_key, key_id=made.described.id))
    rows = await owner.fetch(
        "SELECT operation, subject::text, before::text, after::text FROM platform.audit_log"
        " WHERE tenant_id = $1 AND relation = 'identity.api_keys' ORDER BY id",
        tenant.id,
    )
    assert [(row["operation"], row["subject"]) for row in rows] == [
        ("insert", str(ada.actor.me)),
        ("delete", str(ada.actor.me)),
    ]
    for told_of in (str(told), str([tuple(row) for row in rows])):
        assert "hash" not in told_of
        assert made.key not in told_of


async def test_the_settings_make_show_and_revoke_them(
    app: Front, client: AsyncClient, works: Works, tenant: Tenant, ada: Visit
) -> None:
    await log_in(client, "ada")
    wrong = await submit(client, "/settings/keys", {"name": "", "scope": "read", "days": "90"})
    assert (wrong.status_code, "say what the key is for" in wrong.text) == (400, True)
    made = await submit(client, "/settings/keys", {"name": "<b>till", "scope": "read", "days": "90"})
    assert (made.status_code, made.headers["cache-control"]) == (200, "no-store")
    assert "<b>till" not in made.text
    key = next(part for part in made.text.split('"') if part.startswith("thk_"))
    async with client_of(app, tenant) as program:
        assert (await program.get("/api/v1/posts", headers=bearer(key))).status_code == 200
    page = (await client.get("/settings/keys")).text
    assert key not in page
    assert key[:8] in page
    (shown,) = (await client.get(KEYS)).json()["data"]
    end = await submit(client, f"/settings/keys/{shown['id']}/revoke", {}, page="/settings/keys")
    assert end.status_code == 303
    async with client_of(app, tenant) as program:
        assert (await program.get("/api/v1/posts", headers=bearer(key))).status_code == 401


async def test_another_members_key_does_not_exist(
    client: AsyncClient, works: Works, tenant: Tenant, ada: Visit
) -> None:
    made = await ada.write(partial(api_keys.create_api_key, name="the till"))
    bob = bearer((await sign_in(works, tenant, await join(works, tenant, "bob"))).access_token)
    for method in ("GET", "DELETE"):
        answer = await client.request(method, f"{KEYS}/{made.described.id}", headers=bob)
        assert (answer.status_code, code_of(answer)) == (404, "identity.api_key_missing")
