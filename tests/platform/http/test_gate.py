"""Who is admitted is asked once for each request, except where everybody is."""

import pytest

from tests.platform.http.conftest import in_process
from tests.platform.http.sample import PostHidden, make_sample
from threadly.platform.http.errors import AnyRequest


async def refuse_all(_request: AnyRequest) -> None:
    raise PostHidden


@pytest.mark.parametrize("path", ["/api/v1/people", "/page", "/api/v1/people?unknown=1"])
async def test_who_is_not_admitted_reaches_no_handler(path: str) -> None:
    async with in_process(make_sample(admit=refuse_all)) as client:
        response = await client.get(path)
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "feed.post_missing"


@pytest.mark.parametrize("path", ["/live", "/ready", "/metrics", "/docs", "/openapi.json"])
async def test_probes_and_documents_are_open_to_everyone(path: str) -> None:
    async with in_process(make_sample(admit=refuse_all)) as client:
        assert (await client.get(path)).status_code == 200
