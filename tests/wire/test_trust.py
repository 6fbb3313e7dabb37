"""Text stays text, what is somebody else's stays so, and no other site acts in a member's name."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import httpx
import pytest

from tests import cast
from tests.cast import Visit
from tests.wire.conftest import Counted
from tests.wire.test_bad_input import FAMILY, POSTS, refused
from threadly.modules import feed
from threadly.platform.http.front import Front
from threadly.platform.runtime import Runtime
from threadly.platform.work import Actor, Tenant, Works

CSRF_FIELD = re.compile(r'name="_csrf" value="([^"]+)"')


@pytest.mark.parametrize("content", ["x" * 280, FAMILY * 280, "e\u0301" * 280, f"  {'x' * 280}\n\n"])
async def test_280_characters_as_a_person_counts_them_are_a_post(
    signed_in: httpx.AsyncClient, content: str
) -> None:
    answer = await signed_in.post(POSTS, json={"content": content})
    assert answer.status_code == 201, answer.text
    assert answer.json()["data"]["content"] in (
        content.strip(),
        unicodedata.normalize("NFC", content.strip()),
    )


@pytest.mark.parametrize(
    "content",
    [
        "'; DROP TABLE feed.posts; --",
        "Robert'); DELETE FROM identity.users WHERE ('1'='1",
        "$1 %s {0} {{ 7 * 7 }} {% include 'x' %} ${7*7}",
        "<script>alert(document.cookie)</script>",
        '"><img src=x onerror=alert(1)>',
        "</textarea><svg/onload=alert(1)>",
        "javascript:alert(1) https://example.com/\"onmouseover='alert(1)",
        "&lt;b&gt;not bold&lt;/b&gt; &amp; <!-- no comment -->",
        "@alexsmith<i> #tag<b> <a href=javascript:alert(1)>",
    ],
)
async def test_code_in_a_post_is_stored_as_text_and_shown_as_text(
    signed_in: httpx.AsyncClient, content: str
) -> None:
    made = (await signed_in.post(POSTS, json={"content": content})).json()["data"]
    assert made["content"] == content
    read = await signed_in.get(f"{POSTS}/{made['id']}")
    assert read.json()["data"]["content"] == content
    assert read.headers["Content-Type"].startswith("application/json")
    assert read.headers["X-Content-Type-Options"] == "nosniff"
    for path in ("/", "/explore", f"/posts/{made['id']}", "/people/alexsmith"):
        page = (await signed_in.get(path, headers={"Accept": "text/html"})).text
        assert made["id"] in page
        assert _code_in(page) == [], path


async def test_a_name_and_a_bio_with_code_are_shown_as_text(signed_in: httpx.AsyncClient) -> None:
    change = {"name": "<script>alert(1)</script>", "bio": '"><img src=x onerror=alert(1)>'}
    answer = await signed_in.patch("/api/v1/users/me", json=change)
    assert answer.status_code == 200, answer.text
    await signed_in.post(POSTS, json={"content": "by the one with the name"})
    for path in ("/", "/explore", "/people", "/people/alexsmith", "/settings"):
        page = (await signed_in.get(path, headers={"Accept": "text/html"})).text
        assert _code_in(page) == [], path


@pytest.mark.parametrize("website", ["javascript:alert(1)", "data:text/html,x", "ftp://a", "//evil.example"])
async def test_a_website_that_is_no_web_address_is_refused(
    signed_in: httpx.AsyncClient, website: str
) -> None:
    refused(await signed_in.patch("/api/v1/users/me", json={"website": website}), 400)


# Whose it is


async def test_what_is_somebody_elses_cannot_be_changed(
    signed_in: httpx.AsyncClient, works: Works, tenant: Tenant, count_rows: Counted
) -> None:
    kareem = await cast.sign_up(works, tenant, "kareem")
    public = await Visit(works, tenant, kareem).write(
        lambda work: feed.publish_post(work, content="Mine", visibility="public", media_ids=[])
    )
    hidden = await Visit(works, tenant, kareem).write(
        lambda work: feed.publish_post(work, content="For followers", visibility="followers", media_ids=[])
    )
    before = await count_rows()
    refused(await signed_in.patch(f"{POSTS}/{public.id}", json={"content": "Yours"}), 403)
    refused(await signed_in.delete(f"{POSTS}/{public.id}"), 403)
    refused(await signed_in.patch("/api/v1/users/kareem", json={"name": "Yours"}), 403)
    refused(await signed_in.delete("/api/v1/users/kareem"), 403)
    for path in ("", "/comments", "/revisions"):
        refused(await signed_in.get(f"{POSTS}/{hidden.id}{path}"), 404)
    refused(await signed_in.patch(f"{POSTS}/{hidden.id}", json={"content": "Yours"}), 404)
    refused(await signed_in.delete(f"{POSTS}/{hidden.id}"), 404)
    refused(await signed_in.post(f"{POSTS}/{hidden.id}/likes"), 404)
    refused(await signed_in.post(f"{POSTS}/{hidden.id}/comments", json={"content": "Hm"}), 404)
    refused(await signed_in.post(POSTS, json={"content": "Hm", "reply_to": str(hidden.id)}), 404)
    assert await count_rows() == before


async def test_a_post_of_another_community_does_not_exist(
    signed_in: httpx.AsyncClient, works: Works, other_tenant: Tenant
) -> None:
    stranger = await cast.sign_up(works, other_tenant, "bob")
    post = await Visit(works, other_tenant, stranger).write(
        lambda work: feed.publish_post(work, content="Elsewhere", visibility="public", media_ids=[])
    )
    refused(await signed_in.get(f"{POSTS}/{post.id}"), 404)
    refused(await signed_in.post(f"{POSTS}/{post.id}/likes"), 404)
    refused(await signed_in.delete(f"{POSTS}/{post.id}"), 404)
    refused(await signed_in.get("/api/v1/users/bob"), 404)
    refused(await signed_in.post(f"/api/v1/users/{stranger.user_id}/follow"), 404)


async def test_a_cursor_of_another_list_or_community_is_refused(
    signed_in: httpx.AsyncClient, app: Front, works: Works, other_tenant: Tenant
) -> None:
    for number in range(3):
        await signed_in.post(POSTS, json={"content": f"Post {number}"})
    page = (await signed_in.get(f"{POSTS}?limit=1")).json()
    cursor = page["pagination"]["next_cursor"]
    assert (await signed_in.get(f"{POSTS}?limit=1&cursor={cursor}")).status_code == 200
    for path in (f"{POSTS}/explore", "/api/v1/users/me/posts", "/api/v1/users/me/followers"):
        refused(await signed_in.get(f"{path}?cursor={cursor}"), 400, "http.invalid_cursor")
    for forged in (cursor[:-1], cursor + "A", cursor[:-3] + "AAA", cursor.swapcase()):
        refused(await signed_in.get(f"{POSTS}?cursor={forged}"), 400, "http.invalid_cursor")


async def test_an_expired_token_is_refused_and_says_so(
    app: Front, runtime: Runtime, client: httpx.AsyncClient, tenant: Tenant, alex: Actor
) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=16)
    past = Works(runtime.database, runtime.settings, clock=lambda: long_ago)
    session = await cast.sign_in(past, tenant, alex)
    answer = await client.get(POSTS, headers={"Authorization": f"Bearer {session.access_token}"})
    assert "expired" in refused(answer, 401)["message"]


# Other sites


@pytest.fixture
async def browser(client: httpx.AsyncClient, alex: Actor) -> httpx.AsyncClient:
    """Signed in as Alex by cookie, as a browser is."""
    page = await client.get("/login")
    form = {"email": cast.email_of("alexsmith"), "password": cast.PASSWORD, "_csrf": _csrf_of(page)}
    answer = await client.post("/login", data=form)
    assert answer.status_code == 303, answer.text
    return client


async def test_a_form_with_its_token_is_taken_and_without_is_not(
    browser: httpx.AsyncClient, client: httpx.AsyncClient, count_rows: Counted
) -> None:
    home = await browser.get("/")
    token = _csrf_of(home)
    before = await count_rows()
    for form in ({}, {"_csrf": ""}, {"_csrf": "x" * 86}, {"_csrf": token[:-2]}, {"_csrf": token[::-1]}):
        answer = await browser.post("/posts", data={"content": "Forged"} | form)
        assert answer.status_code == 403, form
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"https://{browser.base_url.host}.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        answer = await browser.post("/posts", data={"content": "Forged", "_csrf": token}, headers=headers)
        assert answer.status_code == 403, headers
    answer = await browser.post("/api/v1/posts", json={"content": "Forged"})
    refused(answer, 403, "http.csrf_missing")
    assert await count_rows() == before
    answer = await browser.post("/posts", data={"content": "Mine", "_csrf": token})
    assert answer.status_code in (200, 303), answer.text
    answer = await browser.post("/api/v1/posts", json={"content": "Mine"}, headers={"X-CSRF-Token": token})
    assert answer.status_code == 201


async def test_a_token_of_another_browser_is_of_no_use(
    browser: httpx.AsyncClient, app: Front, tenant: Tenant, count_rows: Counted
) -> None:
    async with httpx.AsyncClient(transport=browser._transport, base_url=browser.base_url) as other:
        foreign = _csrf_of(await other.get("/login"))
    before = await count_rows()
    answer = await browser.post("/posts", data={"content": "Forged", "_csrf": foreign})
    assert answer.status_code == 403
    assert await count_rows() == before


async def test_signing_out_ends_the_cookie(browser: httpx.AsyncClient) -> None:
    kept = dict(browser.cookies)
    assert (await browser.get("/settings")).status_code == 200
    await browser.post("/logout", data={"_csrf": _csrf_of(await browser.get("/"))})
    browser.cookies = httpx.Cookies(kept)
    assert (await browser.get("/settings")).status_code in (303, 401)


class _Code(HTMLParser):
    """Collects what a browser would run, or take for markup of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        runs = tag == "script" and not (given.get("src") or "").startswith("/static/")
        handles = any(name.startswith("on") for name in given)
        leads = (given.get("href") or "").strip().lower().startswith("javascript:")
        if runs or handles or leads or tag in ("img", "i", "b"):
            self.found.append(self.get_starttag_text() or tag)


def _code_in(page: str) -> list[str]:
    parser = _Code()
    parser.feed(page)
    return parser.found


def _csrf_of(page: httpx.Response) -> str:
    found = CSRF_FIELD.search(page.text)
    assert found, page.text[:500]
    return found[1]
