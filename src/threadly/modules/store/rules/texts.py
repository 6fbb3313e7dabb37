"""Texts that have a meaning of their own: HTML, handles, web addresses."""

import unicodedata
from typing import Final
from urllib.parse import urlsplit

import nh3
import regex

from threadly.platform.ids import parse_id

__all__ = [
    "LONGEST_HANDLE",
    "RESERVED_HANDLES",
    "clean_html",
    "handle_problem",
    "is_web_address",
    "make_handle",
]

LONGEST_HANDLE: Final = 255
# Addresses of the shop itself.
RESERVED_HANDLES: Final = frozenset({"imports", "new"})
HANDLE: Final = regex.compile(r"[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}_.-]*[\p{L}\p{M}\p{N}_])?")
_WORD: Final = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*")
# A letter whose accents a reader of Latin script can do without.
_LATIN: Final = regex.compile(r"(\p{Latin})\p{M}+")
_TAGS: Final = """
    a abbr b blockquote br caption code dd del div dl dt em h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre s
    small span strong sub sup table tbody td tfoot th thead tr u ul
"""
_ATTRIBUTES: Final = {"a": {"href", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
_UNSAFE: Final = regex.compile(r"[\s\p{C}<>\"]")


def clean_html(text: str) -> str:
    """The same without whatever could run, load, or look like a part of the site: scripts, styles, frames,
    images, forms, ids and classes. Links tell nobody where their readers come from."""
    return nh3.clean(
        text,
        tags=set(_TAGS.split()),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="nofollow noopener noreferrer",
    ).strip()


def make_handle(title: str) -> str:
    """A handle from what people call it: `Señor Café, large` → `senor-cafe-large`; empty if none is left."""
    small = unicodedata.normalize("NFKD", title.replace("'", "").replace("’", "")).casefold()
    plain = _LATIN.sub(r"\1", unicodedata.normalize("NFKD", small))
    words = _WORD.findall(unicodedata.normalize("NFC", plain))
    return "-".join(words)[: LONGEST_HANDLE - 20].strip("-")


def handle_problem(handle: str) -> str | None:
    """Why this is no handle or slug, or None."""
    if len(handle) > LONGEST_HANDLE:
        return f"Must have at most {LONGEST_HANDLE} characters."
    if not HANDLE.fullmatch(handle) or handle != handle.casefold():
        return "Must be of small letters, digits and hyphens, like “blue-summer-dress”."
    if parse_id(handle) or handle in RESERVED_HANDLES:
        return "This word has another meaning here. Please choose another one."
    return None


def is_web_address(url: str) -> bool:
    """Whether a browser can be sent there, and only there."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises for one that is no number
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not _UNSAFE.search(url)
