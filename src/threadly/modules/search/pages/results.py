"""/search: what was found, under tabs, with filters. htmx, which asks to go on in a list that is there
already, gets the next cards only; it also gets the suggestions under the box."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules.search.asking import list_name, look_for, offset_of
from threadly.modules.search.kinds import KINDS, Kind, kind_of_type
from threadly.modules.search.rules.planning import clean_question
from threadly.modules.search.types import Hit, Wanted
from threadly.modules.search.verbs.finding import suggest
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.money import MOST_MINOR, PriceUnreadable, parse_price
from threadly.web import Avatar, Moment, avatar_of, moment
from threadly.web.forms import wants_more
from threadly.web.pages import Pages

__all__ = ["routes"]

PER_PAGE = 20
# Longer ones are cut, and not refused: somebody pasted too much.
LONGEST_TEXT = 20_000
LONGEST_NAME = 100
ANY_KIND = "All"

TextParameter = Annotated[str, QueryParameter(max_length=LONGEST_TEXT)]


class Asked(msgspec.Struct, frozen=True):
    """What the visitor looks for, as they said it; what makes no sense is left out."""

    q: str
    type: str
    author: str
    tag: str
    since: str
    until: str
    min: str
    max: str
    available: bool

    @property
    def kind(self) -> Kind | None:
        return kind_of_type(self.type)

    @property
    def filtered(self) -> bool:
        return any((self.author, self.tag, self.since, self.until, self.min, self.max, self.available))

    @property
    def wanted(self) -> Wanted:
        """Prices are of the shop's currency, which two decimals are assumed of."""
        until = _day(self.until)
        return Wanted(
            type=self.kind.type if self.kind else None,
            author=self.author or None,
            tag=self.tag or None,
            since=_day(self.since),
            until=until + timedelta(days=1) if until else None,
            min_price_minor=_price(self.min),
            max_price_minor=_price(self.max),
            available=True if self.available else None,
        )

    def url(self, **changed: str) -> str:
        """The address of the same search but for what is `changed`."""
        asked = {**msgspec.structs.asdict(self), "available": "1" if self.available else ""} | changed
        found = urlencode({name: text for name, text in asked.items() if text})
        return f"/search?{found}" if found else "/search"


class Tab(msgspec.Struct, frozen=True):
    label: str
    url: str
    current: bool


class HitView(msgspec.Struct, frozen=True):
    """A result as a card. `price` is for people, `was_found` the hit itself."""

    hit: Hit
    icon: str
    kind: str
    avatar: Avatar | None
    time: Moment
    price: str | None


@get("/search", include_in_schema=False)
async def show(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    q: TextParameter = "",
    type_: Annotated[str, QueryParameter(name="type", max_length=LONGEST_TEXT)] = "",
    author: TextParameter = "",
    tag: TextParameter = "",
    since: TextParameter = "",
    until: TextParameter = "",
    min_: Annotated[str, QueryParameter(name="min", max_length=LONGEST_TEXT)] = "",
    max_: Annotated[str, QueryParameter(name="max", max_length=LONGEST_TEXT)] = "",
    available: TextParameter = "",
    cursor: CursorParameter = None,
) -> Response[str]:
    asked = _asked(q, type_, author, tag, since, until, min_, max_, available)
    name = list_name(asked.q, asked.wanted)
    offset = offset_of(edge.after(cursor, name=name))
    found = await look_for(edge, question=asked.q, wanted=asked.wanted, offset=offset, limit=PER_PAGE)
    now = edge.runtime.works.clock()
    hits = [_view(hit, now=now) for hit in found.hits]
    going_on = edge.cursor((str(found.next_offset),), name=name) if found.next_offset else None
    more_url = asked.url(cursor=going_on) if going_on else None
    if wants_more(edge, cursor):
        return await pages.fragment(edge, "search/_more_hits.html", hits=hits, more_url=more_url)
    return await pages.show(
        edge,
        "search/results.html",
        asked=asked,
        hits=hits,
        more_url=more_url,
        corrected=found.corrected,
        corrected_url=asked.url(q=found.corrected) if found.corrected else None,
        tabs=_tabs(asked),
        plain_url=asked.url(author="", tag="", since="", until="", min="", max="", available=""),
    )


@get("/search/suggestions", include_in_schema=False, opt={UNFOLLOWED: True})
async def suggestions(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], q: TextParameter = ""
) -> Response[str]:
    """Options of the list under the search box; empty where there is nothing to suggest."""
    found = await edge.read(lambda work: suggest(work, typed=q))
    icons = {kind.type: kind.icon for kind in KINDS}
    return await pages.fragment(edge, "search/_suggestions.html", suggestions=found, icons=icons)


def _asked(
    q: str,
    type_: str,
    author: str,
    tag: str,
    since: str,
    until: str,
    lowest: str,
    highest: str,
    available: str,
) -> Asked:
    kind = kind_of_type(type_)
    priced = kind is not None and kind.has_price
    return Asked(
        q=clean_question(q),
        type=type_ if kind else "",
        author=clean_question(author)[:LONGEST_NAME],
        tag=clean_question(tag)[:LONGEST_NAME],
        since=since if _day(since) else "",
        until=until if _day(until) else "",
        min=lowest.strip() if priced and _price(lowest) is not None else "",
        max=highest.strip() if priced and _price(highest) is not None else "",
        available=priced and bool(available),
    )


def _day(text: str) -> datetime | None:
    """The day that begins then; the last of all has no end, so it is none."""
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return None if found == date.max else datetime(found.year, found.month, found.day, tzinfo=UTC)


def _price(text: str) -> int | None:
    """`12.50` in minor units."""
    try:
        return min(max(parse_price(text.strip(), currency="USD").amount_minor, 0), MOST_MINOR)
    except PriceUnreadable:
        return None


def _tabs(asked: Asked) -> list[Tab]:
    """A filter that a kind does not know is not carried over to it."""
    unpriced = {"min": "", "max": "", "available": ""}
    tabs = [Tab(ANY_KIND, asked.url(type="", **unpriced), current=asked.kind is None)]
    for kind in KINDS:
        dropped = {} if kind.has_price else unpriced
        tabs.append(Tab(kind.label, asked.url(type=kind.type, **dropped), current=asked.kind == kind))
    return tabs


def _view(hit: Hit, *, now: datetime) -> HitView:
    kind = kind_of_type(hit.type)
    assert kind
    author = hit.author
    price = None
    if hit.price and hit.highest_price:
        price = str(hit.price) if hit.price == hit.highest_price else f"from {hit.price}"
    return HitView(
        hit=hit,
        icon=kind.icon,
        kind=kind.name,
        avatar=avatar_of(author.name, seed=str(author.id), url=author.avatar_url) if author else None,
        time=moment(hit.created_at, now=now),
        price=price,
    )


routes: list[ControllerRouterHandler] = [show, suggestions]
