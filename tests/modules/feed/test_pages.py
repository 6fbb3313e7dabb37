"""The pages of the feed, with and without a script"""

import re
from collections.abc import Awaitable, Callable
from html import unescape

import httpx
import pytest

from tests import cast
from tests.cast import Visit
from tests.conftest import Statements
from tests.modules.feed.acts import comment, follow, home_of, publish, seen_by
from tests.modules.feed.conftest import Drain
from tests.modules.media.pictures import drawing, png
from tests.modules.moderation.acts import SPAM
from threadly.modules import feed, identity
from threadly.platform.ids import UUID
from threadly.platform.work import Tenant, Work, Works

HTMX = {"HX-Request": "true"}
Enter = Callable[[Visit], Awaitable["Browser"]]


class Browser:
    """A signed-in browser: cookies, and the token that its forms carry."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.csrf = ""

    async def open(self, path: str, *, status: int = 200, htmx: bool = False) -> str:
        answer = await self.client.get(path, headers=HTMX if htmx else {})
        assert answer.status_code == status, answer.text
        if found := re.search(r'name="_csrf" value="([^"]+)"', answer.text):
            self.csrf = found[1]
        return answer.text

    async def send(self, path: str, *, htmx: bool = False, **fields: str) -> httpx.Response:
        headers = HTMX if htmx else {}
        return await self.client.post(path, data={"_csrf": self.csrf, **fields}, headers=headers)


@pytest.fixture
def enter(client: httpx.AsyncClient) -> Enter:
    """Signs somebody in, in a browser."""

    async def enter(whom: Visit) -> Browser:
        async def open_session(work: Work) -> identity.BrowserSession:
            return await identity.open_browser_session(work, await identity.get_account(work))

        session = await whom.write(open_session)
        client.cookies.set("threadly_session", session.token)
        browser = Browser(client)
        await browser.open("/")
        return browser

    return enter


@pytest.fixture
async def browser(alex: Visit, enter: Enter) -> Browser:
    """Alex's."""
    return await enter(alex)


def cards(html: str) -> list[str]:
    return re.findall(r'data-post-id="([^"]+)"', html)


async def test_the_front_door_shows_what_people_say(client: httpx.AsyncClient, alex: Visit) -> None:
    post_id = await publish(alex, "Hello, <b>visitor</b>")
    html = (await client.get("/")).text
    assert cards(html) == [str(post_id)]
    assert "Hello, &lt;b&gt;visitor&lt;" in html
    assert "<b>visitor" not in html


@pytest.mark.parametrize("path", ["/explore", "/trending", "/tags/tea", "/people", "/people/alexsmith"])
async def test_public_pages_need_no_sign_in(client: httpx.AsyncClient, alex: Visit, path: str) -> None:
    post_id = await publish(alex, "#tea")
    await alex.write(lambda work: feed.like_post(work, post_id=post_id))
    answer = await client.get(path)
    assert answer.status_code == 200
    assert path == "/people" or cards(answer.text) == [str(post_id)]


@pytest.mark.parametrize("path", ["/posts/x", "/people/nobody", "/people/nobody/followers", "/posts/x/edit"])
async def test_what_is_not_there_is_a_page_that_says_so(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "There is no such" in answer.text


async def test_a_post_is_written_without_a_script(browser: Browser, alex: Visit) -> None:
    answer = await browser.send("/posts", content="Hello", visibility="followers", next="/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    (post_id,) = await home_of(alex)
    assert (await seen_by(alex, post_id)).visibility == "followers"
    assert cards(await browser.open("/")) == [str(post_id)]


async def test_a_post_is_written_with_a_script(browser: Browser, alex: Visit) -> None:
    answer = await browser.send("/posts", htmx=True, content="Hi @alexsmith #tag")
    assert answer.status_code == 200
    assert cards(answer.text) == [str(post_id) for post_id in await home_of(alex)]
    html = unescape(answer.text)
    assert '<a href="/people/alexsmith">@alexsmith</a>' in html
    assert '<a href="/tags/tag">#tag</a>' in html


@pytest.mark.parametrize("htmx", [True, False])
async def test_a_refused_post_is_shown_again_with_what_is_wrong(
    browser: Browser, alex: Visit, htmx: bool
) -> None:
    answer = await browser.send("/posts", htmx=htmx, content="x" * 281)
    assert answer.status_code == 400
    assert "at most 280 characters" in answer.text
    assert "x" * 281 in answer.text
    assert ("<html" in answer.text) is not htmx
    assert await home_of(alex) == []


async def test_without_the_forms_token_nothing_is_written(browser: Browser, alex: Visit) -> None:
    browser.csrf = "forged"
    answer = await browser.send("/posts", content="Hello")
    assert answer.status_code == 403
    assert await home_of(alex) == []


async def test_the_next_address_is_on_this_site(browser: Browser) -> None:
    answer = await browser.send("/posts", content="Hello", next="//evil.example")
    assert answer.headers["Location"] == "/"


async def test_likes(browser: Browser, alex: Visit) -> None:
    post_id = await publish(alex)
    answer = await browser.send(f"/posts/{post_id}/like", htmx=True)
    assert 'aria-pressed="true"' in answer.text
    answer = await browser.send(f"/posts/{post_id}/unlike", next="/explore")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/explore")
    assert (await seen_by(alex, post_id)).like_count == 0


async def test_a_form_leads_back_to_a_page_whose_address_is_not_ascii(browser: Browser, alex: Visit) -> None:
    post_id = await publish(alex, "#日本")
    page = await browser.open("/tags/%E6%97%A5%E6%9C%AC")
    back = re.search(r'name="next" value="([^"]+)"', page)
    assert back
    answer = await browser.send(f"/posts/{post_id}/like", next=unescape(back[1]))
    assert (answer.status_code, answer.headers["location"]) == (303, "/tags/%E6%97%A5%E6%9C%AC")


async def test_an_address_that_is_none_in_the_header_of_htmx_does_no_harm(
    browser: Browser, alex: Visit
) -> None:
    await publish(alex, "Hello")
    browser.client.headers["HX-Current-URL"] = "http://["
    assert "Hello" in await browser.open("/feed/new", htmx=True)


async def test_comments(browser: Browser, alex: Visit, bob: Visit) -> None:
    post_id = await publish(bob)
    answer = await browser.send(f"/posts/{post_id}/comments", htmx=True, content="By script")
    assert "By script" in answer.text
    answer = await browser.send(f"/posts/{post_id}/comments", content="By form")
    assert re.fullmatch(rf"/posts/{post_id}#comment-\S+", answer.headers["Location"])
    for htmx in (True, False):
        answer = await browser.send(f"/posts/{post_id}/comments", htmx=htmx, content=" ")
        assert (answer.status_code, "cannot be empty" in answer.text) == (400, True)
    html = await browser.open(f"/posts/{post_id}")
    assert html.index("By script") < html.index("By form")
    comment_id = answer.text and re.findall(r'id="comment-([0-9a-f-]{36})"', html)[0]
    gone = await browser.send(f"/posts/{post_id}/comments/{comment_id}/delete", htmx=True)
    assert (gone.status_code, gone.text) == (200, "")
    assert (await seen_by(alex, post_id)).comment_count == 1


async def test_a_comment_is_deleted_at_its_own_post_only(browser: Browser, alex: Visit) -> None:
    post_id, other = await publish(alex), await publish(alex)
    comment_id = await comment(alex, other)
    for wrong in (comment_id, other):
        answer = await browser.send(f"/posts/{post_id}/comments/{wrong}/delete")
        assert answer.status_code == 404
    assert (await seen_by(alex, other)).comment_count == 1


async def test_the_address_of_a_comment_leads_to_its_post(browser: Browser, alex: Visit) -> None:
    post_id = await publish(alex)
    comment_id = await comment(alex, post_id)
    answer = await browser.client.get(f"/posts/{comment_id}")
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"/posts/{post_id}#comment-{comment_id}",
    )


async def test_an_edit_is_in_the_history(browser: Browser, alex: Visit) -> None:
    post_id = await publish(alex, "First words")
    assert "First words" in await browser.open(f"/posts/{post_id}/edit")
    bad = await browser.send(f"/posts/{post_id}/edit", content="", visibility="public")
    assert (bad.status_code, "cannot be empty" in bad.text) == (400, True)
    answer = await browser.send(f"/posts/{post_id}/edit", content="Second words", visibility="followers")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/posts/{post_id}")
    html = await browser.open(f"/posts/{post_id}/history")
    assert html.index("Second words") < html.index("First words")


async def test_others_posts_have_no_edit_page(browser: Browser, bob: Visit) -> None:
    await browser.open(f"/posts/{await publish(bob)}/edit", status=403)


async def test_deleting(browser: Browser, alex: Visit) -> None:
    first, second = await publish(alex), await publish(alex)
    gone = await browser.send(f"/posts/{first}/delete", htmx=True)
    assert (gone.status_code, gone.text) == (200, "")
    gone = await browser.send(f"/posts/{second}/delete", next="/people/alexsmith")
    assert (gone.status_code, gone.headers["Location"]) == (303, "/people/alexsmith")
    assert "The post is deleted." in await browser.open("/people/alexsmith")
    assert await home_of(alex) == []


async def test_following(browser: Browser, alex: Visit, bob: Visit) -> None:
    answer = await browser.send("/people/bob/follow", htmx=True)
    assert "/people/bob/unfollow" in answer.text
    assert "@bob" in await browser.open("/people/alexsmith/following")
    assert "@alexsmith" in await browser.open("/people/bob/followers")
    answer = await browser.send("/people/bob/unfollow", next="/people")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/people")
    assert "/people/bob/follow" in await browser.open("/people")


async def test_a_long_list_goes_on_where_it_stopped(browser: Browser, alex: Visit) -> None:
    posts = [str(await publish(alex)) for _ in range(25)]
    for path in ("/", "/explore", "/people/alexsmith"):
        html = await browser.open(path)
        (more,) = set(re.findall(r'href="([^"]+\?cursor=[^"]+)"', unescape(html)))
        rest = await browser.open(more, htmx=True)
        assert "<html" not in rest
        assert cards(html) + cards(rest) == posts[::-1]
        assert "?cursor=" not in rest
        # The same address is a page of its own without a script.
        assert cards(await browser.open(more)) == cards(rest)


async def test_new_posts_are_fetched_with_a_little_overlap(
    browser: Browser, alex: Visit, bob: Visit, drain: Drain
) -> None:
    await follow(alex, bob)
    posts = [await publish(bob) for _ in range(3)]
    await drain()
    html = await browser.open(f"/feed/new?after={posts[1]}", htmx=True)
    # Also those a little older than what the page has: one of them may have come late.
    assert cards(html) == [str(post_id) for post_id in reversed(posts)]
    assert "<html" not in html
    assert len(cards(await browser.open("/feed/new?after=", htmx=True))) == 3
    old = UUID(int=posts[2].int + (60_000 << 80))
    assert cards(await browser.open(f"/feed/new?after={old}", htmx=True)) == []


async def test_a_page_takes_the_same_statements_for_few_and_many_posts(
    browser: Browser, alex: Visit, statements: Statements
) -> None:
    await publish(alex)
    await browser.open("/")
    for path in ("/", "/explore", "/people/alexsmith"):
        await publish(alex)
        statements()
        await browser.open(path)
        few = statements()
        for _ in range(10):
            await publish(alex)
        statements()
        await browser.open(path)
        assert statements() == few
        assert len([name for name in few if name.startswith("feed.")]) <= 2, few


async def test_what_is_not_plainly_the_next_in_time_says_why_it_is_there(
    browser: Browser, alex: Visit, bob: Visit, sarah: Visit
) -> None:
    post_id = await publish(bob, "Something")
    await alex.write(lambda work: feed.like_post(work, post_id=post_id))
    await follow(alex, sarah)
    await follow(sarah, bob)
    for path, sentence in (
        ("/trending", "the post that was liked most"),
        ("/explore", "Nothing ranks them"),
        ("/people", "Followed by Sarah Johnson"),
    ):
        html = await browser.open(path)
        assert "Why do I see this?" in html
        assert sentence in html
        assert "/people/bob/mute" in unescape(html)
    assert "Why do I see this?" not in await browser.open("/people/bob")
    assert "Followed by Sarah Johnson" in await browser.open("/explore"), "in the right column"


async def test_a_post_and_a_comment_are_reported_by_a_form(browser: Browser, alex: Visit, bob: Visit) -> None:
    post_id = await publish(bob, "Something")
    comment_id = await comment(bob, post_id)
    html = unescape(await browser.open(f"/posts/{post_id}"))
    for reported, what in ((post_id, "post"), (comment_id, "comment")):
        path = f"/posts/{reported}/report"
        assert path in html
        assert f"Report this {what}" in await browser.open(path)
        bad = await browser.send(path, reason="dull")
        assert (bad.status_code, "Choose what is wrong" in bad.text) == (400, True)
        sent = await browser.send(path, reason="spam", note="Look", next=f"/posts/{post_id}")
        assert (sent.status_code, sent.headers["Location"]) == (303, f"/posts/{post_id}")
        assert "Thank you. A moderator" in await browser.open(f"/posts/{post_id}")
    mine = await publish(alex)
    assert f"/posts/{mine}/report" not in unescape(await browser.open(f"/posts/{mine}"))


async def test_an_author_is_told_why_a_post_is_held(browser: Browser, alex: Visit) -> None:
    answer = await browser.send("/posts", htmx=True, content=SPAM)
    assert "Held for review" in answer.text
    (post_id,) = await home_of(alex)
    html = unescape(await browser.open(f"/posts/{post_id}"))
    assert "It reads like spam" in html
    assert re.search(r'href="/cases/[0-9a-f-]{36}"', html)
    assert "og:title" not in html
    assert "appeal" in html


async def test_images_come_with_the_form_of_a_post(browser: Browser, alex: Visit) -> None:
    async def send(content: str, **fields: str) -> httpx.Response:
        picture = ("a.png", png(drawing(60, 40, "red")), "image/png")
        data = {"_csrf": browser.csrf, "content": content, **fields}
        return await browser.client.post("/posts", data=data, files={"files": picture})

    refused = await send(" ", alt="A red square")
    assert refused.status_code == 400
    # The image is there already: only the text has to be mended.
    (kept,) = re.findall(r'name="media_ids" value="([0-9a-f-]{36})" checked>Keep', refused.text)
    assert '<span class="upload__alt" data-upload-alt>A red square<' in refused.text
    (thumbnail,) = re.findall(r'upload__thumb"><img src="([^"]+)"', refused.text)
    assert (await browser.client.get(unescape(thumbnail))).status_code == 200
    made = await browser.send("/posts", htmx=True, content="Look", media_ids=kept)
    assert made.status_code == 200
    assert 'alt="A red square"' in made.text
    assert (await send("Another")).status_code == 303
    assert [len((await seen_by(alex, post_id)).media) for post_id in await home_of(alex)] == [1, 1]


@pytest.mark.parametrize("htmx", [False, True])
async def test_what_was_chosen_is_kept_whatever_was_refused_and_only_what_is_ones_own(
    browser: Browser, alex: Visit, bob: Visit, works: Works, tenant: Tenant, htmx: bool
) -> None:
    async def upload(by: Visit, colour: str) -> str:
        token = (await cast.sign_in(works, tenant, by.actor)).access_token
        answer = await browser.client.post(
            "/api/v1/media",
            files={"file": ("a.png", png(drawing(60, 40, colour)), "image/png")},
            headers={"Authorization": f"Bearer {token}"},
        )
        return str(answer.json()["data"]["id"])

    first, second = await upload(alex, "red"), await upload(alex, "blue")
    of_bob = await upload(bob, "green")
    for named, files in (
        ([second, first], {"files": ("a.txt", b"This is no picture", "text/plain")}),
        ([second, of_bob, first], {"files": ("", b"")}),
        ([second, "nonsense", first], {"files": ("", b"")}),
    ):
        data = {"_csrf": browser.csrf, "content": "Look at these", "media_ids": named}
        headers = {"HX-Request": "true"} if htmx else {}
        refused = await browser.client.post("/posts", data=data, files=files, headers=headers)
        assert refused.status_code == 400
        assert re.findall(r'name="media_ids" value="([^"]+)"', refused.text) == [second, first]
        assert re.search(r'class="field__problem" role="alert">.+</p>', refused.text), "why is told"
        assert "Look at these" in refused.text
    assert await home_of(alex) == []
