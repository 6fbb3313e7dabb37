"""oEmbed 1.0 (oembed.com): what another site shows of a public post. Pure: from a post to its answer."""

from html import escape
from typing import Any, Final
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from threadly.modules.feed.atom import content_html
from threadly.modules.feed.types import Post
from threadly.platform.ids import UUID, parse_id

__all__ = ["embed", "find_post_id", "to_xml"]

WIDEST_PX: Final = 550
NARROWEST_PX: Final = 220
# How long others may keep the answer, in seconds.
CACHE_AGE_S: Final = 3600
# How much room a quotation takes, about: that of a line, and what stands around the text.
LINE_PX: Final = 24
AROUND_PX: Final = 72
CHARACTER_PX: Final = 9


def find_post_id(url: str, site_url: str) -> UUID | None:
    """The post or comment that `url` is the page of, if it is one of this site's, by http or https."""
    try:
        asked, ours = urlsplit(url), urlsplit(site_url)
        same = asked.scheme in ("http", "https") and asked.netloc.lower() == ours.netloc.lower()
    except ValueError:
        return None
    start, _, post_id = asked.path.rstrip("/").rpartition("/")
    return parse_id(post_id) if same and start == "/posts" else None


def embed(
    post: Post, *, site_url: str, site_name: str, most_width: int | None, most_height: int | None
) -> dict[str, Any]:
    """The answer as the standard names its parts. Widths and heights are in pixels; the quotation takes the
    width that there is, so its height is a guess."""
    width = max(NARROWEST_PX, min(most_width or WIDEST_PX, WIDEST_PX))
    lines = sum(1 + len(line) * CHARACTER_PX // width for line in post.content.split("\n"))
    height = AROUND_PX + LINE_PX * lines
    answer: dict[str, Any] = {
        "type": "rich",
        "version": "1.0",
        "title": f"{post.author.name} on {site_name}",
        "author_name": post.author.name,
        "author_url": f"{site_url}/people/{post.author.username}",
        "provider_name": site_name,
        "provider_url": site_url,
        "cache_age": CACHE_AGE_S,
        "url": f"{site_url}/posts/{post.id}",
        "width": min(width, most_width or width),
        "height": min(height, most_height or height),
        "html": _quotation(post, site_url),
    }
    if post.media and _fits(post.media[0].width, most_width) and _fits(post.media[0].height, most_height):
        first = post.media[0]
        url = f"{site_url}{first.url}" if first.url.startswith("/") else first.url
        answer |= {"thumbnail_url": url, "thumbnail_width": first.width, "thumbnail_height": first.height}
    return answer


def to_xml(answer: dict[str, Any]) -> bytes:
    root = Element("oembed")
    for name, value in answer.items():
        SubElement(root, name).text = str(value)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _quotation(post: Post, site_url: str) -> str:
    """Nothing in it runs, and nothing in it comes from elsewhere."""
    url, author = f"{site_url}/posts/{post.id}", post.author
    day = f"{post.created_at.day} {post.created_at:%B %Y}"
    return (
        f'<blockquote class="threadly-post" cite="{escape(url)}">{content_html(post, site_url)}'
        f'<footer>— <a href="{escape(site_url)}/people/{escape(author.username)}">{escape(author.name)}'
        f' (@{escape(author.username)})</a>, <a href="{escape(url)}">'
        f'<time datetime="{post.created_at.isoformat()}">{day}</time></a></footer></blockquote>'
    )


def _fits(size: int, most: int | None) -> bool:
    return most is None or size <= most
