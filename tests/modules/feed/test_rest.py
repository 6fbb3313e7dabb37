"""The Posts and Users parts of the API, over HTTP"""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.cast import Visit, sign_in
from tests.conftest import Statements
from tests.modules.feed.acts import comment, follow, publish
from tests.modules.feed.conftest import Drain
from tests.modules.moderation.acts import SPAM
from threadly.platform.ids import new_id
from threadly.platform.work import Tenant, Works

SignedIn = Callable[[Visit], Awaitable[dict[str, str]]]
API = "/api/v1"
POST_FIELDS = {
    *("id", "content", "visibility", "created_at", "updated_at", "author", "like_count", "comment_count"),
    *("liked_by_me", "media"),
}


@pytest.fixture
def token(works: Works, tenant: Tenant) -> SignedIn:
    """The headers of somebody who is signed in."""

    async def token(whom: Visit) -> dict[str, str]:
        signed_in = await sign_in(works, tenant, whom.actor)
        return {"Authorization": f"Bearer {signed_in.access_token}"}

    return token


@pytest.fixture
async def as_alex(alex: Visit, token: SignedIn) -> dict[str, str]:
    return await token(alex)


@pytest.fixture
async def as_bob(bob: Visit, token: SignedIn) -> dict[str, str]:
    return await token(bob)


def problem(answer: httpx.Response) -> tuple[int, str, str | None]:
    error = answer.json()["error"]
    assert error["message"]
    assert error["trace_id"]
    return answer.status_code, error["code"], error.get("field")


async def test_a_post_goes_in_and_comes_out(client: httpx.AsyncClient, as_alex: dict[str, str]) -> None:
    made = await client.post(f"{API}/posts", json={"content": " Hello "}, headers=as_alex)
    assert made.status_code == 201
    post = made.json()["data"]
    assert set(post) >= POST_FIELDS
    assert set(post["author"]) == {"id", "username", "name", "avatar_url"}
    assert post["media"] == []
    assert post["created_at"].endswith("Z")
    found = await client.get(made.headers["Location"])
    assert found.json() == {"success": True, "data": post}
    assert found.headers["ETag"]


async def test_twice_with_one_idempotency_key_is_one_post(
    client: httpx.AsyncClient, as_alex: dict[str, str]
) -> None:
    headers = {**as_alex, "Idempotency-Key": "k1"}
    first, second = [
        await client.post(f"{API}/posts", json={"content": "Once"}, headers=headers) for _ in range(2)
    ]
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    home = await client.get(f"{API}/posts", headers=as_alex)
    assert len(home.json()["data"]) == 1
    other = await client.post(f"{API}/posts", json={"content": "Twice"}, headers=headers)
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"content": ""}, "feed.post_empty", "content"),
        ({"content": "\u200b\u200b"}, "feed.post_empty", "content"),
        ({"content": "x" * 281}, "feed.post_too_long", "content"),
        ({"content": "a\u0000b"}, "feed.post_unreadable", "content"),
        ({"content": "x", "media_ids": [str(new_id())]}, "media.unknown", "media_ids"),
        ({"content": 5}, "input.invalid", "content"),
        ({}, "input.invalid", "content"),
        ({"content": "x", "visibility": "friends"}, "input.invalid", "visibility"),
        ({"content": "x", "colour": "red"}, "input.invalid", "colour"),
    ],
)
async def test_a_bad_post_is_a_400_that_names_the_field(
    client: httpx.AsyncClient, as_alex: dict[str, str], body: dict[str, Any], code: str, field: str
) -> None:
    answer = await client.post(f"{API}/posts", json=body, headers=as_alex)
    assert problem(answer) == (400, code, field)
    assert (await client.get(f"{API}/posts", headers=as_alex)).json()["data"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[("GET", "/posts"), ("POST", "/posts"), ("PATCH", "/posts/{id}"), ("DELETE", "/posts/{id}")],
        *[("POST", "/posts/{id}/likes"), ("DELETE", "/posts/{id}/likes"), ("POST", "/posts/{id}/comments")],
        *[("POST", "/users/bob/follow"), ("DELETE", "/users/bob/follow"), ("PATCH", "/users/alexsmith")],
        ("GET", "/users/me"),
    ],
)
async def test_what_needs_a_sign_in_says_so(
    client: httpx.AsyncClient, alex: Visit, bob: Visit, method: str, path: str
) -> None:
    post_id = await publish(alex)
    body = {"content": "x"} if method in ("POST", "PATCH") and "user" not in path else {}
    takes_body = method == "PATCH" or path.endswith(("/posts", "/comments"))
    answer = await client.request(
        method, API + path.format(id=post_id), json=body if takes_body and method != "GET" else None
    )
    assert problem(answer)[0] == 401


@pytest.mark.parametrize("post_id", ["x", "1", "../etc/passwd", "' OR 1=1", "{id}"])
@pytest.mark.parametrize("rest", ["", "/comments", "/revisions"])
async def test_what_cannot_be_an_id_is_missing(client: httpx.AsyncClient, post_id: str, rest: str) -> None:
    answer = await client.get(f"{API}/posts/{post_id.format(id=new_id())}{rest}")
    assert answer.status_code == 404


async def test_others_posts_can_be_neither_edited_nor_deleted(
    client: httpx.AsyncClient, alex: Visit, as_bob: dict[str, str]
) -> None:
    path = f"{API}/posts/{await publish(alex, 'mine')}"
    assert problem(await client.patch(path, json={"content": "x"}, headers=as_bob))[0] == 403
    assert problem(await client.delete(path, headers=as_bob))[0] == 403
    assert (await client.get(path)).json()["data"]["content"] == "mine"


async def test_an_edit_honours_if_match_and_is_in_the_history(
    client: httpx.AsyncClient, alex: Visit, as_alex: dict[str, str]
) -> None:
    path = f"{API}/posts/{await publish(alex, 'one')}"
    etag = (await client.get(path, headers=as_alex)).headers["ETag"]
    changed = await client.patch(path, json={"content": "two"}, headers={**as_alex, "If-Match": etag})
    assert (changed.status_code, changed.json()["data"]["content"]) == (200, "two")
    stale = await client.patch(path, json={"content": "three"}, headers={**as_alex, "If-Match": etag})
    assert stale.status_code == 412
    empty = await client.patch(path, json={"content": ""}, headers=as_alex)
    assert problem(empty) == (400, "feed.post_empty", "content")
    history = (await client.get(f"{path}/revisions")).json()
    assert [(each["content"], each["current"]) for each in history["data"]] == [("two", True), ("one", False)]


async def test_a_deleted_post_is_missing(
    client: httpx.AsyncClient, alex: Visit, as_alex: dict[str, str]
) -> None:
    path = f"{API}/posts/{await publish(alex)}"
    assert (await client.delete(path, headers=as_alex)).status_code == 204
    assert problem(await client.get(path))[:2] == (404, "feed.post_missing")
    assert (await client.delete(path, headers=as_alex)).status_code == 404


async def test_likes_are_the_same_twice(
    client: httpx.AsyncClient, alex: Visit, as_bob: dict[str, str]
) -> None:
    path = f"{API}/posts/{await publish(alex)}"
    for method, count in [("POST", 1), ("POST", 1), ("DELETE", 0), ("DELETE", 0)]:
        assert (await client.request(method, f"{path}/likes", headers=as_bob)).status_code == 204
        post = (await client.get(path, headers=as_bob)).json()["data"]
        assert (post["like_count"], post["liked_by_me"]) == (count, bool(count))


async def test_comments_come_oldest_first(
    client: httpx.AsyncClient, alex: Visit, as_bob: dict[str, str]
) -> None:
    post_id = await publish(alex)
    path = f"{API}/posts/{post_id}/comments"
    for number in range(3):
        made = await client.post(path, json={"content": str(number)}, headers=as_bob)
        assert made.status_code == 201
        assert made.json()["data"]["reply_to"] == str(post_id)
    answer = (await client.get(path, params={"limit": 2})).json()
    assert [each["content"] for each in answer["data"]] == ["0", "1"]
    rest = (await client.get(path, params={"cursor": answer["pagination"]["next_cursor"]})).json()
    assert [each["content"] for each in rest["data"]] == ["2"]
    assert rest["pagination"]["has_next"] is False


async def test_home_pages_by_cursor(
    client: httpx.AsyncClient, alex: Visit, bob: Visit, as_bob: dict[str, str], drain: Drain
) -> None:
    await follow(bob, alex)
    posts = [str(await publish(alex)) for _ in range(5)]
    await drain()
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = (await client.get(f"{API}/posts", params=params, headers=as_bob)).json()
        assert answer["pagination"]["per_page"] == 2
        seen += [each["id"] for each in answer["data"]]
        cursor = answer["pagination"]["next_cursor"]
    assert seen == posts[::-1]


async def test_a_cursor_of_another_list_is_refused(client: httpx.AsyncClient, alex: Visit) -> None:
    for _ in range(2):
        await publish(alex)
    explore = (await client.get(f"{API}/posts/explore", params={"limit": 1})).json()
    cursor = explore["pagination"]["next_cursor"]
    for path in ("/users/alexsmith/posts", "/users/alexsmith/followers"):
        answer = await client.get(API + path, params={"cursor": cursor})
        assert answer.status_code == 400
    assert (await client.get(f"{API}/posts/explore", params={"cursor": "rubbish"})).status_code == 400


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "colour=red", "sort=-likes"])
async def test_bad_parameters_are_refused(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"{API}/posts/explore?{query}")
    assert problem(answer)[0] == 400


async def test_fields_choose(client: httpx.AsyncClient, alex: Visit) -> None:
    await publish(alex, "short")
    answer = (await client.get(f"{API}/posts/explore", params={"fields": "content"})).json()
    assert answer["data"] == [{"content": "short"}]


async def test_trending_shows_what_was_liked(
    client: httpx.AsyncClient, alex: Visit, as_bob: dict[str, str]
) -> None:
    post_id = await publish(alex)
    await client.post(f"{API}/posts/{post_id}/likes", headers=as_bob)
    answer = (await client.get(f"{API}/posts/trending", headers=as_bob)).json()
    assert [(each["id"], each["liked_by_me"]) for each in answer["data"]] == [(str(post_id), True)]
    # Cached are only the ids: somebody else has not liked it.
    assert not (await client.get(f"{API}/posts/trending")).json()["data"][0]["liked_by_me"]


async def test_users_are_found_by_id_username_and_me(
    client: httpx.AsyncClient, alex: Visit, as_alex: dict[str, str]
) -> None:
    await publish(alex)
    found = [
        (await client.get(f"{API}/users/{name}", headers=as_alex)).json()["data"]
        for name in (alex.actor.me, "alexsmith", "AlexSmith", "me")
    ]
    assert all(each == found[0] for each in found)
    assert (
        found[0].items()
        >= {
            "username": "alexsmith",
            "post_count": 1,
            "follower_count": 0,
            "following_count": 0,
        }.items()
    )
    assert "email" not in found[0]
    assert problem(await client.get(f"{API}/users/nobody"))[0] == 404


async def test_a_profile_is_edited_by_its_owner_only(
    client: httpx.AsyncClient, as_alex: dict[str, str], as_bob: dict[str, str]
) -> None:
    changed = await client.patch(f"{API}/users/me", json={"bio": "I teach"}, headers=as_alex)
    assert (changed.status_code, changed.json()["data"]["bio"]) == (200, "I teach")
    theirs = await client.patch(f"{API}/users/alexsmith", json={"bio": "x"}, headers=as_bob)
    assert problem(theirs)[0] == 403
    bad = await client.patch(f"{API}/users/me", json={"name": ""}, headers=as_alex)
    assert (problem(bad)[0], problem(bad)[2]) == (400, "name")
    assert (await client.get(f"{API}/users/alexsmith")).json()["data"]["bio"] == "I teach"


async def test_follows_are_the_same_twice(
    client: httpx.AsyncClient, alex: Visit, bob: Visit, as_bob: dict[str, str]
) -> None:
    path = f"{API}/users/alexsmith"
    for method, count in [("POST", 1), ("POST", 1), ("DELETE", 0), ("DELETE", 0)]:
        assert (await client.request(method, f"{path}/follow", headers=as_bob)).status_code == 204
        member = (await client.get(path, headers=as_bob)).json()["data"]
        assert (member["follower_count"], member["followed_by_me"]) == (count, bool(count))
        followers = (await client.get(f"{path}/followers")).json()["data"]
        assert [each["username"] for each in followers] == ["bob"] * count
        following = (await client.get(f"{API}/users/me/following", headers=as_bob)).json()["data"]
        assert [each["username"] for each in following] == ["alexsmith"] * count
    assert problem(await client.post(f"{API}/users/me/follow", headers=as_bob))[0] == 400


async def test_a_members_posts_are_listed(client: httpx.AsyncClient, alex: Visit, bob: Visit) -> None:
    post_id = await publish(alex)
    await comment(alex, await publish(bob))
    answer = (await client.get(f"{API}/users/alexsmith/posts")).json()
    assert [each["id"] for each in answer["data"]] == [str(post_id)]
    assert problem(await client.get(f"{API}/users/nobody/posts"))[0] == 404


async def test_the_feed_endpoint_takes_one_statement_for_few_and_many_posts(
    client: httpx.AsyncClient, alex: Visit, as_alex: dict[str, str], statements: Statements
) -> None:
    await client.get(f"{API}/posts", headers=as_alex)
    for _ in range(2):
        for _ in range(10):
            await publish(alex)
        statements()
        await client.get(f"{API}/posts", headers=as_alex)
        # Once a second there is one more or two, for tokens that were ended.
        assert [name for name in statements() if not name.startswith("identity.")] == ["feed.home_feed"]


async def test_entries_that_are_not_simply_the_next_in_time_say_why(
    client: httpx.AsyncClient, as_alex: dict[str, str], alex: Visit, bob: Visit, sarah: Visit
) -> None:
    post_id = await publish(bob)
    await client.post(f"{API}/posts/{post_id}/likes", headers=as_alex)
    for path, kind in (("trending", "trending"), ("explore", "explore")):
        (entry,) = (await client.get(f"{API}/posts/{path}", headers=as_alex)).json()["data"]
        assert set(entry["reason"]) == {"kind", "sentence", "advice"}
        assert entry["reason"]["kind"] == kind
    own = await client.get(f"{API}/users/bob/posts", headers=as_alex)
    assert "reason" not in own.json()["data"][0]
    await follow(alex, sarah)
    await follow(sarah, bob)
    first = await client.get(f"{API}/users/me/suggestions?limit=1", headers=as_alex)
    (person,) = first.json()["data"]
    assert (person["username"], person["reason"]["sentence"]) == ("bob", "Followed by Sarah Johnson")
    chosen = await client.get(f"{API}/users/me/suggestions?fields=username,reason", headers=as_alex)
    assert set(chosen.json()["data"][0]) == {"username", "reason"}
    assert problem(await client.get(f"{API}/users/bob/suggestions", headers=as_alex))[0] == 403
    assert (await client.get(f"{API}/users/me/suggestions")).status_code == 401


async def test_a_post_is_reported_and_its_author_learns_why_it_is_held(
    client: httpx.AsyncClient, as_alex: dict[str, str], as_bob: dict[str, str], bob: Visit
) -> None:
    made = await client.post(f"{API}/posts", json={"content": SPAM}, headers=as_alex)
    assert made.status_code == 201
    post = made.json()["data"]
    assert post["visibility"] == "hidden"
    hold = await client.get(f"{API}/posts/{post['id']}/hold", headers=as_alex)
    assert hold.json()["data"]["by_itself"] is True
    assert hold.json()["data"]["reasons"]
    assert problem(await client.get(f"{API}/posts/{post['id']}/hold", headers=as_bob))[0] == 404
    assert problem(await client.get(f"{API}/posts/{post['id']}", headers=as_bob))[0] == 404
    path = f"{API}/posts/{await publish(bob)}"
    assert problem(await client.get(f"{path}/hold", headers=as_bob))[1] == "feed.post_not_held"
    report = {"reason": "spam", "note": "Look"}
    told = await client.post(f"{path}/reports", json=report, headers=as_alex)
    assert (told.status_code, told.json()["data"]["reason"]) == (201, "spam")
    assert problem(await client.post(f"{path}/reports", json={"reason": "dull"}, headers=as_alex))[0] == 400
    assert problem(await client.post(f"{path}/reports", json=report, headers=as_bob))[1] == (
        "moderation.report_of_oneself"
    )
    assert problem(await client.post(f"{path}/reports", json=report))[0] == 401
