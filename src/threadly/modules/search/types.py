"""What may leave the search by its door: frozen, plain, the same over the API and in pages."""

from datetime import datetime
from typing import Literal

import msgspec

from threadly.modules.search.kinds import SearchType
from threadly.platform.ids import UUID
from threadly.platform.money import Money

__all__ = ["Found", "Hit", "HitAuthor", "Part", "Rebuild", "RebuildState", "Suggestion", "Wanted"]

RebuildState = Literal["building", "current", "retired"]


class Part(msgspec.Struct, frozen=True, gc=False):
    """A run of plain text, not yet escaped; `marked` is what matched."""

    text: str
    marked: bool = False


class HitAuthor(msgspec.Struct, frozen=True, gc=False):
    id: UUID
    username: str
    name: str
    avatar_url: str | None


class Hit(msgspec.Struct, frozen=True):
    """Something found, of any kind. `title` is empty for what has none, a post; `excerpt` is its text, cut
    around the first match. `price`, `highest_price` and `available` are a product's."""

    type: SearchType
    id: UUID
    url: str
    title: list[Part]
    excerpt: list[Part]
    author: HitAuthor | None
    created_at: datetime
    image_url: str | None
    image_alt: str
    price: Money | None
    highest_price: Money | None
    available: bool | None


class Found(msgspec.Struct, frozen=True):
    """One page of results, the best first. `corrected` is the question as it was understood, if some word of
    it is known to nobody and looks like another; `by_meaning`: words were not all that counted."""

    hits: list[Hit]
    next_offset: int | None
    corrected: str | None
    by_meaning: bool


class Suggestion(msgspec.Struct, frozen=True):
    """What somebody who types may mean: a search to make (type `query`), or the thing itself at `url`."""

    type: Literal["query", "posts", "users", "products", "courses"]
    text: str
    url: str
    detail: str


class Wanted(msgspec.Struct, frozen=True):
    """Filters; None leaves open. `author` is a username, prices are minor units, `until` is not part of
    it."""

    type: SearchType | None = None
    author: str | None = None
    tag: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    min_price_minor: int | None = None
    max_price_minor: int | None = None
    available: bool | None = None


class Rebuild(msgspec.Struct, frozen=True):
    """An index of the community: how far it is built, and what is in it. `stage` says what is being done."""

    id: int
    state: RebuildState
    stage: str
    done: int
    total: int
    sizes: dict[str, int]
    started_at: datetime
    stepped_at: datetime
    ended_at: datetime | None
