"""/metrics are for whoever bears the token; without one, in production, for this machine alone."""

import socket
from typing import Any, cast

import httpx
import pytest

from tests.platform.http.sample import make_sample
from threadly.platform.telemetry import metrics
from threadly.settings import Settings

TOKEN = "a token for Prometheus"
HERE, ELSEWHERE = "127.0.0.1", "203.0.113.7"


async def status_for(
    settings: dict[str, Any], *, address: str = HERE, path: str = "/metrics", **headers: str
) -> int:
    transport = httpx.ASGITransport(cast(Any, make_sample(**settings)), client=(address, 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://site.test", headers=headers) as client:
        return (await client.get(path)).status_code


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer another token"}, 401),
        ({"authorization": f"bearer {TOKEN}"}, 200),
    ],
)
@pytest.mark.parametrize("address", [HERE, ELSEWHERE])
async def test_a_token_is_asked_for_wherever_it_comes_from(
    address: str, headers: dict[str, str], status: int
) -> None:
    for env in ("production", "development"):
        assert await status_for({"env": env, "metrics_token": TOKEN}, address=address, **headers) == status


async def test_in_production_without_a_token_only_this_machine_may_read() -> None:
    production = {"env": "production"}
    assert await status_for(production) == 200
    assert await status_for(production, address="::1") == 200
    assert await status_for(production, address=ELSEWHERE) == 403
    for forwarded in ({"x-forwarded-for": HERE}, {"forwarded": "for=127.0.0.1"}):
        assert await status_for(production, **forwarded) == 403  # a proxy's, on this machine
    assert await status_for(production, address=ELSEWHERE, path="/live") == 200
    assert await status_for({}, address=ELSEWHERE) == 200


async def test_a_worker_on_its_own_asks_for_the_token_too() -> None:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        port = int(probe.getsockname()[1])
    metrics.expose(Settings(metrics_token=TOKEN), port)
    async with httpx.AsyncClient() as client:
        url = f"http://{HERE}:{port}/metrics"
        assert (await client.get(url)).status_code == 401
        told = await client.get(url, headers={"Authorization": f"Bearer {TOKEN}"})
        assert (told.status_code, "threadly_" in told.text) == (200, True)
