"""The Notifications part of the API, over HTTP"""

import httpx
import pytest

from tests.cast import Visit, sign_in
from tests.conftest import Statements
from tests.modules.notifications.acts import bell_of, comment, follow, like, publish
from tests.modules.notifications.conftest import Crowd, Drain
from threadly.platform.ids import new_id
from threadly.platform.work import Tenant, Works

API = "/api/v1/notifications"
FIELDS = {
    *("id", "kind", "title", "text", "url", "count", "actor_count", "actors", "position", "created_at"),
    *("updated_at", "read_at"),
}


@pytest.fixture
async def as_alex(works: Works, tenant: Tenant, alex: Visit, client: httpx.AsyncClient) -> httpx.AsyncClient:
    signed_in = await sign_in(works, tenant, alex.actor)
    client.headers["Authorization"] = f"Bearer {signed_in.access_token}"
    return client


async def test_the_list_goes_page_by_page_and_can_be_narrowed(
    as_alex: httpx.AsyncClient, alex: Visit, kareem: Visit, drain: Drain
) -> None:
    posts = [await publish(alex, f"Number {number}") for number in range(3)]
    for post_id in posts:
        await like(kareem, post_id)
    await follow(kareem, alex)
    await comment(kareem, posts[0])
    await drain()

    first = (await as_alex.get(API, params={"limit": 3})).json()
    assert set(first["data"][0]) == FIELDS
    assert [each["kind"] for each in first["data"]] == ["comment", "follow", "like"]
    cursor = first["pagination"]["next_cursor"]
    second = (await as_alex.get(API, params={"limit": 3, "cursor": cursor})).json()
    assert [each["text"] for each in second["data"]] == ["Number 1", "Number 0"]
    assert second["pagination"]["has_next"] is False

    newest = first["data"][0]
    answer = await as_alex.patch(f"{API}/read", json={"ids": [newest["id"], str(new_id())]})
    assert answer.json()["data"] == {"unread_count": 4}
    unread = (await as_alex.get(API, params={"unread": "true"})).json()["data"]
    assert newest["id"] not in [each["id"] for each in unread]
    likes = (await as_alex.get(API, params={"kind": "like", "fields": "kind"})).json()["data"]
    assert likes == [{"kind": "like"}] * 3
    assert (await as_alex.get(API, params={"kind": "gossip"})).status_code == 400

    up_to = likes and second["data"][0]["position"]
    answer = await as_alex.patch(f"{API}/read", json={"up_to": up_to})
    assert answer.json()["data"] == {"unread_count": 2}
    assert (await as_alex.patch(f"{API}/read", json={"all": True})).json()["data"] == {"unread_count": 0}
    nothing = await as_alex.patch(f"{API}/read", json={})
    assert (nothing.status_code, nothing.json()["error"]["code"]) == (400, "notifications.nothing_chosen")


async def test_nobody_reads_or_marks_what_others_were_told(
    as_alex: httpx.AsyncClient, kareem: Visit, bob: Visit, drain: Drain
) -> None:
    await follow(bob, kareem)
    await drain()
    (entry,) = await bell_of(kareem)
    assert (await as_alex.get(API)).json()["data"] == []
    await as_alex.patch(f"{API}/read", json={"ids": [str(entry.id)]})
    await as_alex.patch(f"{API}/read", json={"all": True})
    assert (await bell_of(kareem))[0].read_at is None
    del as_alex.headers["Authorization"]
    refused = [
        await as_alex.get(API),
        await as_alex.get(f"{API}/preferences"),
        await as_alex.get(f"{API}/stream"),
        await as_alex.patch(f"{API}/read", json={"all": True}),
    ]
    assert {each.status_code for each in refused} == {401}


async def test_preferences_are_read_whole_and_changed_by_part(as_alex: httpx.AsyncClient) -> None:
    before = await as_alex.get(f"{API}/preferences")
    data = before.json()["data"]
    assert data["modes"]["like"] == {"app": "now", "mail": "digest", "push": "off", "sms": "off"}
    change = {
        "modes": {"like": {"mail": "off"}},
        "rhythm": {"quiet_from": "22:00", "quiet_until": "07:00", "time_zone": "Europe/Berlin"},
    }
    stale = {"If-Match": before.headers["ETag"]}
    after = (await as_alex.patch(f"{API}/preferences", json=change, headers=stale)).json()["data"]
    assert after["modes"]["like"]["mail"] == "off"
    assert after["rhythm"] == {
        **data["rhythm"],
        "quiet_from": "22:00",
        "quiet_until": "07:00",
        "time_zone": "Europe/Berlin",
    }
    assert (await as_alex.patch(f"{API}/preferences", json={}, headers=stale)).status_code == 412
    none = {"rhythm": {"quiet_from": None, "quiet_until": None}}
    after = (await as_alex.patch(f"{API}/preferences", json=none)).json()["data"]
    assert after["rhythm"]["quiet_from"] is None

    for wrong, field in [
        ({"modes": {"like": {"pigeon": "now"}}}, None),
        ({"modes": {"like": {"push": "digest"}}}, "modes"),
        ({"rhythm": {"quiet_from": "25:00"}}, None),
        ({"rhythm": {"quiet_from": "22:00"}}, "quiet_from"),
        ({"rhythm": {"time_zone": "Mars/Base"}}, "time_zone"),
        ({"rhythm": {"digest_hour": 24}}, None),
        ({"loud": True}, None),
    ]:
        answer = await as_alex.patch(f"{API}/preferences", json=wrong)
        assert answer.status_code == 400, wrong
        assert field is None or answer.json()["error"]["field"] == field


async def test_a_page_of_the_list_is_one_statement_however_many_people_are_on_it(
    as_alex: httpx.AsyncClient, alex: Visit, crowd: Crowd, drain: Drain, statements: Statements
) -> None:
    fans = await crowd(5)
    for number in range(4):
        post_id = await publish(alex, f"Number {number}")
        for fan in fans:
            await like(fan, post_id)
    await drain()
    statements()
    answer = await as_alex.get(API)
    assert len(answer.json()["data"]) == 4
    ran = [name for name in statements() if name.startswith("notifications.")]
    assert ran == ["notifications.list_entries"]
