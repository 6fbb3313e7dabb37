"""Atom feeds: RFC 4287 and RFC 5005, by a reader in strict mode and by checks of our own"""

import re
from datetime import datetime
from html import unescape
from urllib.parse import urlsplit
from xml.etree import ElementTree

import feedparser  # type: ignore[import-untyped]
import httpx

from tests.cast import Visit
from tests.modules.feed.acts import comment, publish
from tests.modules.feed.test_media import upload
from threadly.modules import feed, moderation
from threadly.platform.ids import UUID

ATOM = "{http://www.w3.org/2005/Atom}"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
CONTENT = 'Tea < coffee & "cake" #tea https://example.com/?a=1&b=2\nby @bob \ufffe ]]>'


def check(document: bytes) -> "feedparser.FeedParserDict":
    """What RFC 4287 demands of a feed and of each entry, then what a strict reader makes of it."""
    root = ElementTree.fromstring(document)  # our own document
    assert root.tag == f"{ATOM}feed"
    links = [(link.get("rel"), link.get("href")) for link in root.findall(f"{ATOM}link")]
    assert len(links) == len(set(links))
    assert [rel for rel, _ in links].count("self") == 1
    for part in (root, *root.findall(f"{ATOM}entry")):
        for required in ("id", "title", "updated"):
            assert len(part.findall(f"{ATOM}{required}")) == 1, required
        identity = part.findtext(f"{ATOM}id", "")
        assert re.match(r"urn:uuid:[0-9a-f-]{36}$|tag:[a-z0-9.-]+,\d{4}-\d\d-\d\d:\S+$", identity)
        for name in ("updated", "published"):
            for at in part.findall(f"{ATOM}{name}"):
                assert INSTANT.fullmatch(at.text or "")
        alternates = [link for link in part.findall(f"{ATOM}link") if link.get("rel") == "alternate"]
        assert len(alternates) == 1
        assert all(urlsplit(link.get("href")).scheme for link in part.findall(f"{ATOM}link"))
    entries = root.findall(f"{ATOM}entry")
    for entry in entries:
        assert entry.find(f"{ATOM}author/{ATOM}name") is not None or root.find(f"{ATOM}author") is not None
        content = entry.find(f"{ATOM}content")
        assert content is not None
        assert content.get("type") == "html"
        assert len(content) == 0, "HTML in Atom is text, not elements"
    identities = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(identities) == len(set(identities))
    instants = [entry.findtext(f"{ATOM}updated", "") for entry in entries]
    assert not instants or root.findtext(f"{ATOM}updated") == max(instants)
    read = feedparser.parse(document)
    assert not read.bozo, read.get("bozo_exception")
    assert read.version == "atom10"
    assert len(read.entries) == len(entries)
    return read


async def test_a_persons_feed_has_their_public_posts_only(
    client: httpx.AsyncClient, alex: Visit, bob: Visit
) -> None:
    post_id = await publish(alex, CONTENT)
    await publish(alex, "A secret", visibility="followers")
    await comment(alex, post_id, "A comment")
    answer = await client.get("/people/AlexSmith/feed.atom")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    read = check(answer.content)
    (entry,) = read.entries
    assert entry.id == f"urn:uuid:{post_id}"
    assert entry.author == read.feed.author == "Alex Smith"
    assert entry.link.endswith(f"/posts/{post_id}")
    assert entry.title == 'Tea < coffee & "cake" #tea https://example.com/?a=1&b=2'
    html = entry.content[0].value
    assert "Tea &lt; coffee &amp;" in html
    assert 'href="https://example.com/?a=1&amp;b=2"' in html
    assert re.search(r'<a href="https?://[^"]+/people/bob">@bob</a>', html)
    assert [tag.term for tag in entry.tags] == ["tea"]
    assert datetime.fromisoformat(entry.published) <= datetime.fromisoformat(entry.updated)
    # Whoever asks, it is the same; the page names it.
    page = unescape((await client.get("/people/alexsmith")).text)
    assert re.search(
        r'rel="alternate" type="application/atom\+xml" href="[^"]+/people/alexsmith/feed.atom"', page
    )
    for missing in ("/people/nobody/feed.atom", "/people/x/y/feed.atom"):
        assert (await client.get(missing)).status_code == 404


async def test_a_hashtags_feed_names_each_author(client: httpx.AsyncClient, alex: Visit, bob: Visit) -> None:
    for by in (alex, bob):
        await publish(by, "Über #Grüntee & co")
    await publish(bob, "For friends #grüntee", visibility="followers")
    path = "/tags/gr%C3%BCntee/feed.atom"
    read = check((await client.get(path)).content)
    assert [entry.author for entry in read.entries] == ["Bob", "Alex Smith"]
    assert read.feed.id.isascii()
    assert path in unescape((await client.get("/tags/gr%C3%BCntee")).text)
    empty = await client.get("/tags/nothing/feed.atom")
    assert check(empty.content).entries == []


async def test_an_unchanged_feed_is_not_sent_again(client: httpx.AsyncClient, alex: Visit) -> None:
    path = "/people/alexsmith/feed.atom"
    post_id = await publish(alex, "First")
    first = await client.get(path)
    etag, changed = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in ({"If-None-Match": etag}, {"If-Modified-Since": changed}):
        again = await client.get(path, headers=headers)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"]
    # The tag decides where both are sent, and nonsense is no date.
    for headers in (
        {"If-None-Match": '"other"', "If-Modified-Since": changed},
        {"If-Modified-Since": "yesterday"},
        {"If-Modified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"},
    ):
        assert (await client.get(path, headers=headers)).status_code == 200
    await alex.write(lambda work: feed.edit_post(work, post_id=post_id, content="Second"))
    fresh = await client.get(path, headers={"If-None-Match": etag})
    assert fresh.status_code == 200
    assert check(fresh.content).entries[0].title == "Second"


async def test_older_entries_are_on_pages_that_follow_each_other(
    client: httpx.AsyncClient, alex: Visit
) -> None:
    posts = [await publish(alex, f"Number {number} #tea") for number in range(45)]
    for path in ("/people/alexsmith/feed.atom", "/tags/tea/feed.atom"):
        seen: list[UUID] = []
        here: str | None = path
        while here:
            read = check((await client.get(here)).content)
            seen += [UUID(entry.id.removeprefix("urn:uuid:")) for entry in read.entries]
            links = {link.rel: link.href for link in read.feed.links}
            assert links["first"].endswith(path)
            assert links["self"].endswith(here.partition("?")[2])
            following = urlsplit(links["next"]) if "next" in links else None
            here = f"{following.path}?{following.query}" if following else None
        assert seen == posts[::-1]
        assert (await client.get(f"{path}?cursor=forged")).status_code == 400


async def test_images_are_enclosed_and_shown(client: httpx.AsyncClient, alex: Visit) -> None:
    media_id = await upload(client, alex, alt='A "red" square')
    await alex.write(lambda work: feed.publish_post(work, content="Look", media_ids=[media_id]))
    (entry,) = check((await client.get("/people/alexsmith/feed.atom")).content).entries
    (enclosure,) = entry.enclosures
    assert enclosure.type == "image/webp"
    assert (
        f'<img alt="A &quot;red&quot; square" height="40" src="{enclosure.href}" width="60" />'
        in (entry.content[0].value)
        or enclosure.href in entry.content[0].value
    )
    assert (await client.get(urlsplit(enclosure.href).path)).status_code == 200


async def test_a_hidden_post_and_a_member_who_blocks_are_in_no_feed_of_theirs(
    client: httpx.AsyncClient, alex: Visit, bob: Visit
) -> None:
    await publish(alex, "Before #tea")
    await bob.write(lambda work: moderation.mute_member(work, member="alexsmith"))
    # A feed is what everybody sees, whoever asks for it.
    shown = await bob.read(lambda work: feed.list_public_tagged(work, tag="tea"))
    assert [post.content for post in shown.items] == ["Before #tea"]
    page = await bob.read(lambda work: feed.list_public_posts_of(work, user_id=alex.actor.me))
    assert [post.liked_by_me for post in page.items] == [False]
