"""What happens before a handler: bad tokens, bad hosts, and what caches may keep."""

import httpx
import pytest

from tests import cast
from threadly.platform.work import Tenant, Works

FORGED = {"Authorization": "Bearer not.a.token"}


async def test_a_forged_token_is_refused_and_still_counts(client: httpx.AsyncClient) -> None:
    first = await client.get("/api/v1/posts", headers=FORGED)
    second = await client.get("/api/v1/posts", headers=FORGED)
    assert (first.status_code, second.status_code) == (401, 401)
    assert int(second.headers["x-ratelimit-remaining"]) < int(first.headers["x-ratelimit-remaining"])


async def test_an_expired_access_token_does_not_bar_the_way_to_a_new_one(
    client: httpx.AsyncClient, works: Works, tenant: Tenant
) -> None:
    actor = await cast.sign_up(works, tenant, "sarah")
    signed_in = await cast.sign_in(works, tenant, actor)
    refreshed = await client.post(
        "/api/v1/auth/refresh", json={"refresh_token": signed_in.refresh_token}, headers=FORGED
    )
    assert refreshed.status_code == 200
    assert refreshed.json()["data"]["refresh_token"] != signed_in.refresh_token


async def test_no_shared_cache_may_keep_a_list(
    client: httpx.AsyncClient, works: Works, tenant: Tenant
) -> None:
    actor = await cast.sign_up(works, tenant, "sarah")
    token = (await cast.sign_in(works, tenant, actor)).access_token
    feed = await client.get("/api/v1/posts", headers={"Authorization": f"Bearer {token}"})
    assert feed.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("host", ["a:b:c", "", "exa mple.org", "example.org:port", "<script>"])
@pytest.mark.parametrize("path", ["/", "/api/v1/posts/explore"])
async def test_a_host_that_is_none_is_refused(client: httpx.AsyncClient, host: str, path: str) -> None:
    answer = await client.get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert answer.headers["x-trace-id"]
