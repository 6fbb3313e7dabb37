"""Where a member is signed in: listed by names that people know, ended one by one."""

import pytest
from httpx import AsyncClient

from tests.cast import sign_in as open_session
from tests.cast import sign_up as join
from tests.conftest import client_of
from tests.modules.identity.test_pages import log_in, submit
from threadly.modules.identity.rules import device_name
from threadly.platform.http.front import Front
from threadly.platform.work import Tenant, Works

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Safari/604.1"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 (KHTML) Chrome/140.0 Safari/537.36 Edg/140.0"


@pytest.mark.parametrize(
    ("device", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (IPHONE, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        ("curl/8.5.0", "curl"),
        ("", "An unknown device"),
        ("x" * 200, "x" * 40),
    ],
)
def test_a_device_has_the_name_that_a_person_would_give_it(device: str, name: str) -> None:
    assert device_name(device) == name


async def test_devices_are_listed_and_signed_out_one_or_all_others(
    app: Front, client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    ada, bob = await join(works, tenant, "ada"), await join(works, tenant, "bob")
    program = await open_session(works, tenant, ada)
    client.headers["User-Agent"] = FIREFOX
    await log_in(client, "ada")
    async with client_of(app, tenant) as phone:
        phone.headers["User-Agent"] = IPHONE
        await log_in(phone, "ada")
        shown = (await client.get("/settings/sessions")).text
        assert shown.index("Firefox on Linux") < shown.index("Safari on iPhone"), "this device comes first"
        assert shown.count("This device") == 1
        listed = (await client.get("/api/v1/sessions")).json()["data"]
        assert [each["name"] for each in listed if each["current"]] == ["Firefox on Linux"]
        assert len(listed) == 3

        of_phone = next(each["id"] for each in listed if each["name"] == "Safari on iPhone")
        stranger = await open_session(works, tenant, bob)
        headers = {"Authorization": f"Bearer {stranger.access_token}"}
        async with client_of(app, tenant) as other:
            answer = await other.delete(f"/api/v1/sessions/{of_phone}", headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "identity.session_missing")
        answer = await submit(client, f"/settings/sessions/{of_phone}/end", {}, page="/settings/sessions")
        assert answer.status_code == 303
        assert (await phone.get("/settings", headers={"Accept": "text/html"})).status_code in (303, 401)

    answer = await submit(client, "/settings/sessions/others/end", {}, page="/settings/sessions")
    assert answer.status_code == 303
    answer = await client.post("/api/v1/auth/refresh", json={"refresh_token": program.refresh_token})
    assert answer.status_code in (401, 403)
    (left,) = (await client.get("/api/v1/sessions")).json()["data"]
    answer = await submit(client, f"/settings/sessions/{left['id']}/end", {}, page="/settings/sessions")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert "threadly_session" not in client.cookies
