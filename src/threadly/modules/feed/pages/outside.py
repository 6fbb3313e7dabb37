"""What other programs read of the public pages: Atom feeds per person and hashtag, and oEmbed."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from threadly.modules import feed
from threadly.modules.feed.atom import MEDIA_TYPE, Channel, render_feed, tag_uri, updated_at
from threadly.modules.feed.oembed import embed, find_post_id, to_xml
from threadly.modules.feed.rules import LONGEST_TAG, tag_url
from threadly.platform.errors import InvalidInput
from threadly.platform.http.conditional import etag_of, is_unchanged, kept_tag
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import UUID
from threadly.platform.paging import Page
from threadly.platform.work import Work
from threadly.web.sites import site_of

__all__ = ["routes"]

# Readers ask often; caches between us and them may answer for so long.
FRESH_FOR = "public, max-age=60"


@get("/people/{username:str}/feed.atom", include_in_schema=False)
async def person_feed(
    edge: NamedDependency[Edge], username: FromPath[str], cursor: CursorParameter = None
) -> Response[bytes]:
    """A member's public posts, newest first."""

    async def look(work: Work) -> tuple[UUID, str, str, str, Page[feed.Post]]:
        member = await feed.get_profile(work, member=username)
        after = edge.after(cursor, name=f"feed.atom_of:{member.id}")
        page = await feed.list_public_posts_of(work, user_id=member.id, after=after)
        return member.id, member.username, member.name, member.bio, page

    user_id, known_as, name, bio, page = await edge.read(look)
    site_url = site_of(edge)
    page_url = f"{site_url}/people/{known_as}"
    channel = _paged(
        Channel(
            id=f"urn:uuid:{user_id}",
            title=f"{name} on {edge.tenant.name}",
            subtitle=bio or f"What {name} posts",
            page_url=page_url,
            feed_url=f"{page_url}/feed.atom",
            self_url="",
            author=(name, page_url),
        ),
        cursor,
        edge.cursor(page.after, name=f"feed.atom_of:{user_id}"),
    )
    return _answer(edge, channel, page, site_url)


@get("/tags/{tag:str}/feed.atom", include_in_schema=False)
async def tag_feed(
    edge: NamedDependency[Edge], tag: FromPath[str], cursor: CursorParameter = None
) -> Response[bytes]:
    """The public posts with a hashtag, newest first."""
    name = tag[:LONGEST_TAG].lower()
    after = edge.after(cursor, name=f"feed.atom_tag:{name}")
    page = await edge.read(lambda work: feed.list_public_tagged(work, tag=name, after=after))
    site_url = site_of(edge)
    page_url = f"{site_url}{tag_url(name)}"
    channel = _paged(
        Channel(
            id=tag_uri(site_url, f"tags/{name}"),
            title=f"#{name} on {edge.tenant.name}",
            subtitle=f"Public posts about #{name}",
            page_url=page_url,
            feed_url=f"{page_url}/feed.atom",
            self_url="",
        ),
        cursor,
        edge.cursor(page.after, name=f"feed.atom_tag:{name}"),
    )
    return _answer(edge, channel, page, site_url)


@get("/oembed", include_in_schema=False)
async def oembed(
    edge: NamedDependency[Edge],
    url: FromQuery[str] = "",
    maxwidth: FromQuery[str] = "",
    maxheight: FromQuery[str] = "",
) -> Response[bytes]:
    """Raises InvalidInput, and PostMissing for what is not the page of a public post."""
    wanted = edge.request.query_params.get("format", "json")
    if wanted not in ("json", "xml"):
        return Response(b"The format is json or xml.", status_code=501, media_type="text/plain")
    most_width, most_height = _pixels("maxwidth", maxwidth), _pixels("maxheight", maxheight)
    site_url = site_of(edge)
    post_id = find_post_id(url, site_url)
    if post_id is None:
        raise feed.PostMissing("That is not the address of a post here.")
    post = await edge.read(lambda work: feed.get_post(work, post_id=post_id))
    if post.visibility != "public":
        raise feed.PostMissing
    answer = embed(
        post,
        site_url=site_url,
        site_name=edge.tenant.name,
        most_width=most_width,
        most_height=most_height,
    )
    if wanted == "xml":
        return _kept(edge, to_xml(answer), "text/xml", post.updated_at)
    return _kept(edge, msgspec.json.encode(answer), "application/json", post.updated_at)


def _paged(channel: Channel, cursor: str | None, next_cursor: str | None) -> Channel:
    here = f"?cursor={quote(cursor, safe='')}" if cursor else ""
    return msgspec.structs.replace(
        channel,
        self_url=f"{channel.feed_url}{here}",
        next_url=f"{channel.feed_url}?cursor={quote(next_cursor, safe='')}" if next_cursor else None,
    )


def _answer(edge: Edge, channel: Channel, page: Page[feed.Post], site_url: str) -> Response[bytes]:
    return _kept(
        edge, render_feed(channel, page.items, site_url=site_url), MEDIA_TYPE, updated_at(page.items)
    )


def _kept(edge: Edge, body: bytes, media_type: str, changed_at: datetime) -> Response[Any]:
    """200 that may be kept and asked for again, or 304."""
    etag = etag_of(body)
    headers = {
        "ETag": etag,
        "Last-Modified": format_datetime(changed_at.astimezone(UTC).replace(microsecond=0), usegmt=True),
        "Cache-Control": FRESH_FOR,
    }
    if is_unchanged(edge.request, etag):
        return Response(None, status_code=304, headers=headers | {"ETag": kept_tag(edge.request, etag)})
    if "if-none-match" not in edge.request.headers and _not_since(edge, changed_at):
        return Response(None, status_code=304, headers=headers)
    # Litestar says so by itself of what is text.
    charset = "" if media_type.startswith("text/") else "; charset=utf-8"
    return Response(body, headers=headers, media_type=f"{media_type}{charset}")


def _not_since(edge: Edge, changed_at: datetime) -> bool:
    """Whether If-Modified-Since names a time at which it was as it is."""
    try:
        since = parsedate_to_datetime(edge.request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    if since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    return changed_at.replace(microsecond=0) <= since


def _pixels(name: str, text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) < 100_000:
        raise InvalidInput(f"Give {name} as a number of pixels.", field=name)
    return int(text)


routes: list[ControllerRouterHandler] = [person_feed, tag_feed, oembed]
