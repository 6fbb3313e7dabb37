"""Atom feeds (RFC 4287) in pages (RFC 5005, section 3). Pure: from posts to bytes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final
from urllib.parse import quote, urlsplit
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import msgspec
import regex

from threadly.modules.feed.rules import hashtags_of, linkify
from threadly.modules.feed.types import Post
from threadly.web import Part

__all__ = ["MEDIA_TYPE", "Channel", "content_html", "render_feed", "tag_uri", "updated_at"]

MEDIA_TYPE: Final = "application/atom+xml"
NAMESPACE: Final = "http://www.w3.org/2005/Atom"
# Since when the authority of a tag: URI (RFC 4151) is whom it names; any day that is past will do.
SINCE: Final = "2026-01-01"
TITLE_CHARACTERS: Final = 80
# An empty feed has never been updated.
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)

# What XML 1.0 cannot say, not even escaped.
_NOT_XML = regex.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


class Channel(msgspec.Struct, frozen=True):
    """What a feed says of itself. `page_url` is what people read instead, `feed_url` its first page,
    `self_url` this one and `next_url` the one with older entries; `author` wrote them all."""

    id: str
    title: str
    subtitle: str
    page_url: str
    feed_url: str
    self_url: str
    next_url: str | None = None
    author: tuple[str, str] | None = None


def tag_uri(site_url: str, path: str) -> str:
    """A name for `path` that stays when the site is served otherwise."""
    return f"tag:{urlsplit(site_url).hostname},{SINCE}:{quote(path)}"


def updated_at(posts: Sequence[Post]) -> datetime:
    """When any of them changed last."""
    return max((post.updated_at for post in posts), default=NEVER)


def render_feed(channel: Channel, posts: Sequence[Post], *, site_url: str) -> bytes:
    """The document, in UTF-8."""
    feed = Element("feed", {"xmlns": NAMESPACE})
    _text(feed, "id", channel.id)
    _text(feed, "title", channel.title)
    _text(feed, "subtitle", channel.subtitle)
    _text(feed, "updated", _instant(updated_at(posts)))
    _link(feed, "self", channel.self_url, MEDIA_TYPE)
    _link(feed, "alternate", channel.page_url, "text/html")
    _link(feed, "first", channel.feed_url, MEDIA_TYPE)
    if channel.next_url:
        _link(feed, "next", channel.next_url, MEDIA_TYPE)
    if channel.author:
        _person(feed, *channel.author)
    _text(feed, "generator", "Threadly")
    for post in posts:
        _entry(feed, post, site_url)
    indent(feed)
    return bytes(tostring(feed, encoding="utf-8", xml_declaration=True))


def content_html(post: Post, site_url: str) -> str:
    """The text with its links, and the images, as HTML that stands on its own."""
    text = "".join(_part_html(part, site_url) for part in linkify(post.content, post.mentions))
    images = "".join(
        f'<p><img src="{escape(_absolute(each.url, site_url))}" alt="{escape(each.alt)}"'
        f' width="{each.width}" height="{each.height}"></p>'
        for each in post.media
    )
    return "<p>" + text.replace("\n", "<br>") + "</p>" + images


def _entry(feed: Element, post: Post, site_url: str) -> None:
    entry = SubElement(feed, "entry")
    _text(entry, "id", f"urn:uuid:{post.id}")
    _text(entry, "title", _title(post.content))
    _text(entry, "published", _instant(post.created_at))
    _text(entry, "updated", _instant(post.updated_at))
    _link(entry, "alternate", f"{site_url}/posts/{post.id}", "text/html")
    for image in post.media:
        _link(entry, "enclosure", _absolute(image.url, site_url), "image/webp")
    _person(entry, post.author.name, f"{site_url}/people/{post.author.username}")
    for tag in hashtags_of(post.content):
        SubElement(entry, "category", {"term": _xml(tag), "label": _xml(f"#{tag}")})
    content = SubElement(entry, "content", {"type": "html"})
    content.text = _xml(content_html(post, site_url))


def _part_html(part: Part, site_url: str) -> str:
    if part.kind == "text" or part.href is None:
        return escape(part.text, quote=False)
    foreign = ' rel="nofollow ugc noopener"' if part.kind == "link" else ""
    return f'<a href="{escape(_absolute(part.href, site_url))}"{foreign}>{escape(part.text, quote=False)}</a>'


def _title(content: str) -> str:
    first = content.split("\n", 1)[0].strip() or content.strip()
    return first if len(first) <= TITLE_CHARACTERS else first[: TITLE_CHARACTERS - 1].rstrip() + "…"


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = _xml(text)


def _link(parent: Element, relation: str, url: str, media_type: str) -> None:
    SubElement(parent, "link", {"rel": relation, "type": media_type, "href": url})


def _person(parent: Element, name: str, url: str) -> None:
    person = SubElement(parent, "author")
    _text(person, "name", name)
    _text(person, "uri", url)


def _absolute(address: str, site_url: str) -> str:
    return f"{site_url}{address}" if address.startswith("/") else address


def _instant(at: datetime) -> str:
    """RFC 3339."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
