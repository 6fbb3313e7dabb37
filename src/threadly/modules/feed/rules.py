"""Pure decisions: what a text must be to become a post, and what in it is a link.

Length is counted in extended grapheme clusters (Unicode Standard Annex 29), which is what people count.
"""

import unicodedata
from collections.abc import Collection, Iterator
from datetime import datetime
from urllib.parse import quote

import regex

from threadly.modules.feed.errors import PostEmpty, PostMissing, PostTooLong, PostUnreadable
from threadly.platform.ids import UUID, id_of
from threadly.web import Part

__all__ = [
    "LONGEST_TAG",
    "MOST_CHARACTERS",
    "TIMELINE_LENGTH",
    "TRENDING_TTL_S",
    "clean_content",
    "first_id_at",
    "hashtags_of",
    "linkify",
    "mentions_of",
    "post_id_of",
    "tag_url",
]

MOST_CHARACTERS = 280
# One perceived character may be a family of seven code points, or a letter under a tower of a thousand
# accents. The second is refused before it is counted.
MOST_CODE_POINTS = 2_800
MOST_MENTIONS = 20
MOST_TAGS = 20
LONGEST_TAG = 50
# What is kept of a home timeline: the newest entries.
TIMELINE_LENGTH = 800
# How old the list of trending posts may be.
TRENDING_TTL_S = 10.0

_CHARACTER = regex.compile(r"\X")
_LINE_END = regex.compile(r"\r\n?|[\u0085\u2028\u2029]")
_UNREADABLE = regex.compile(r"[\p{Cc}\p{Cs}--\n]", regex.V1)
# What leaves no mark: spaces, zero-width and filler characters, accents with nothing under them.
_INVISIBLE = regex.compile(r"[\p{Z}\p{C}\p{M}\p{Default_Ignorable_Code_Point}\u2800]+")
_EDGES = "\u200b\u2060\ufeff"

_URL = r"(?P<link>https?://[^\s<>\"'`\p{Cc}]+)"
_MENTION = r"(?<![\w@/])@(?P<mention>[A-Za-z0-9_]{1,30})(?![\w@])"
_TAG = rf"(?<![\w#&/])\#(?P<tag>(?=\w*\p{{L}})[\w\p{{M}}]{{1,{LONGEST_TAG}}})(?![\w#])"
_TOKEN = regex.compile(rf"{_URL}|{_MENTION}|{_TAG}", regex.IGNORECASE)
_AFTER_URL = ".,;:!?…*_~"
_PAIRS = {")": "(", "]": "[", "}": "{"}


def clean_content(raw: str) -> str:
    """`raw` as it is stored: trimmed, NFC, lines ended by a newline, tabs as spaces.

    Raises PostEmpty, PostTooLong or PostUnreadable.
    """
    text = _trim(_LINE_END.sub("\n", raw).replace("\t", " "))
    if len(text) > MOST_CODE_POINTS:
        raise PostTooLong
    if _UNREADABLE.search(text):
        raise PostUnreadable
    text = unicodedata.normalize("NFC", text)
    if not _INVISIBLE.sub("", text):
        raise PostEmpty
    # Composing can make it longer: some single code points are two in NFC.
    if len(text) > MOST_CODE_POINTS or (len(text) > MOST_CHARACTERS and _length(text) > MOST_CHARACTERS):
        raise PostTooLong
    return text


def _trim(text: str) -> str:
    """Without spaces and zero-width characters at both ends, in whichever order they come."""
    while (trimmed := text.strip().strip(_EDGES)) != text:
        text = trimmed
    return text


def _length(text: str) -> int:
    return sum(1 for _ in _CHARACTER.finditer(text))


def mentions_of(content: str) -> list[str]:
    """Usernames that `content` addresses, in lower case, each once, in order, at most MOST_MENTIONS."""
    names = (found["mention"].lower() for found in _TOKEN.finditer(content) if found["mention"])
    return list(dict.fromkeys(names))[:MOST_MENTIONS]


def hashtags_of(content: str) -> list[str]:
    """Tags in lower case without the sign, each once, in order, at most MOST_TAGS."""
    tags = (found["tag"].lower() for found in _TOKEN.finditer(content) if found["tag"])
    return list(dict.fromkeys(tags))[:MOST_TAGS]


def linkify(content: str, mentions: Collection[str]) -> list[Part]:
    """`content` cut into runs of text and links, nothing lost: the texts joined are `content`.

    Only `mentions`, usernames known to be members', become links. Nothing is escaped here.
    """
    members = {name.lower(): name for name in mentions}
    parts: list[Part] = []
    end = 0
    for start, part in _links(content, members):
        if start > end:
            parts.append(Part("text", content[end:start]))
        parts.append(part)
        end = start + len(part.text)
    if end < len(content):
        parts.append(Part("text", content[end:]))
    return parts


def _links(content: str, members: dict[str, str]) -> Iterator[tuple[int, Part]]:
    for found in _TOKEN.finditer(content):
        if link := found["link"]:
            url = _without_punctuation(link)
            if not url.endswith("://"):
                yield found.start(), Part("link", url, url)
        elif (name := found["mention"]) and name.lower() in members:
            yield found.start(), Part("mention", found[0], f"/people/{members[name.lower()]}")
        elif tag := found["tag"]:
            yield found.start(), Part("tag", found[0], tag_url(tag.lower()))


def _without_punctuation(url: str) -> str:
    """`url` without what ends the sentence around it: a full stop, or a bracket that opened before it."""
    while url[-1] in _AFTER_URL or (url[-1] in _PAIRS and url.count(url[-1]) > url.count(_PAIRS[url[-1]])):
        url = url[:-1]
    return url


def tag_url(tag: str) -> str:
    return f"/tags/{quote(tag, safe='')}"


def first_id_at(at: datetime) -> UUID:
    """What every UUIDv7 made at or after `at` is greater than or equal to."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def post_id_of(text: str) -> UUID:
    """The id in a path; what cannot be one names no post. Raises PostMissing."""
    return id_of(text, PostMissing)
