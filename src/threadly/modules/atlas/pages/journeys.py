"""The pages of journeys: the list, one, two side by side, one that was shared. All of it without a script."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules import atlas
from threadly.modules.atlas.errors import JourneyMissing
from threadly.modules.atlas.looking import Looker, looker_of
from threadly.modules.atlas.pages.comparison_view import difference_views, layer_views
from threadly.modules.atlas.pages.journey_view import LineView, line_of, sum_views, view_of
from threadly.modules.atlas.rest.journeys import LONGEST_TEXT, MOST_MS, StatusClass
from threadly.modules.atlas.rules.comparison import compare
from threadly.modules.atlas.rules.journeys import summary_of
from threadly.modules.atlas.rules.words import KEPT
from threadly.modules.atlas.sources import source_url
from threadly.modules.atlas.types import Journey, JourneyFilter, JourneySummary
from threadly.modules.atlas.verbs.journeys import (
    count_shares,
    get_parts,
    get_shared_parts,
    list_journeys,
    read_parts,
    share_journey,
    withdraw_shares,
)
from threadly.platform.actor import Denied, SignInRequired
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.http.refusals import InvalidCursor
from threadly.platform.paging import Keyset, Page
from threadly.platform.telemetry.parts import Kept, Part
from threadly.web.pages import Pages
from threadly.web.view import Flash

__all__ = ["routes"]

PER_PAGE: Final = 25
ALIKE: Final = 6
# Who comes from the click itself is there before its journey is stored.
PATIENCE_S: Final = (0.2, 0.4, 0.6)
SHARED = "This is what everybody sees who has the address of this page. It is good for a week."
WITHDRAWN = "The links that were given out lead nowhere now."


class Asked(msgspec.Struct, frozen=True):
    """What the form of the list asks for, as it was typed; what can mean nothing is empty."""

    q: str = ""
    kept: str = ""
    status: str = ""
    min_ms: str = ""
    user: str = ""
    mine: str = ""
    compare: str = ""

    def wanted(self) -> JourneyFilter:
        return JourneyFilter(
            kept=next((each for each in get_args(Kept) if each == self.kept), None),
            status_class=int(self.status[0]) if self.status else None,
            query=self.q,
            min_ms=int(self.min_ms) if self.min_ms else None,
            user=self.user,
        )

    def url(self, **more: str) -> str:
        found = {name: text for name, text in {**msgspec.structs.asdict(self), **more}.items() if text}
        return f"/map/journeys?{urlencode(found)}" if found else "/map/journeys"


@get("/map/journeys", include_in_schema=False, opt={UNFOLLOWED: True})
async def show_journeys(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    asked = _asked(edge.request.query_params)
    try:
        looker = looker_of(edge, mine=bool(asked.mine))
    except (SignInRequired, Denied):
        return await pages.show(edge, "atlas/journeys.html", looker=None, asked=asked, lines=[])
    name = f"atlas.journeys:{looker.follower or ''}:{msgspec.json.encode(asked.wanted()).decode()}"
    page = await _list(edge, looker, asked.wanted(), after=_after(edge, name))
    return await pages.show(
        edge,
        "atlas/journeys.html",
        looker=looker,
        asked=asked,
        filtered=asked.wanted() != JourneyFilter(),
        kinds=KEPT,
        classes=get_args(StatusClass),
        lines=_lines(edge, page.items),
        next_url=asked.url(cursor=edge.cursor(page.after, name=name) or "") if page.after else None,
        first_url=asked.url() if "cursor" in edge.request.query_params else None,
    )


@get("/map/journeys/{trace_id:str}", include_in_schema=False, opt={UNFOLLOWED: True})
async def show_journey(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    plan: NamedDependency[atlas.Plan],
    trace_id: FromPath[str],
) -> Response[str]:
    looker = looker_of(edge)
    journey = await _read(edge, await _patiently(edge, looker, trace_id))
    alike = await _list(edge, looker, JourneyFilter(query=journey.name), limit=ALIKE)
    shares = await edge.read(
        lambda work: count_shares(work, trace_id=trace_id, follower=looker.follower), fresh=True
    )
    others = [each for each in alike.items if each.trace_id != trace_id and each.name == journey.name]
    return await pages.show(
        edge,
        "atlas/journey.html",
        view=view_of(journey, places=_places(plan), now=edge.runtime.works.clock()),
        others=_lines(edge, others),
        shares=shares,
        shared=False,
    )


@get("/map/journeys/compare", include_in_schema=False, opt={UNFOLLOWED: True})
async def show_comparison(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    """`?a=` before, `?b=` after."""
    looker, asked = looker_of(edge), edge.request.query_params
    sides = [await _parts(edge, looker, asked.get(side, "")) for side in ("a", "b")]
    before, after = [await _read(edge, parts) for parts in sides]
    now = edge.runtime.works.clock()
    longest_us = max(before.duration_us, after.duration_us)
    found = compare((before, sides[0]), (after, sides[1]))
    return await pages.show(
        edge,
        "atlas/journeys_compared.html",
        before=line_of(summary_of(before), longest_us=longest_us, now=now),
        after=line_of(summary_of(after), longest_us=longest_us, now=now),
        journeys=(before, after),
        sums=(sum_views(before.layers), sum_views(after.layers)),
        layers=layer_views(found.layers),
        differences=difference_views(found.differences),
        same_count=found.same_count,
    )


@get("/map/shared/{token:str}", include_in_schema=False, opt={UNFOLLOWED: True})
async def show_shared(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    plan: NamedDependency[atlas.Plan],
    token: FromPath[str],
) -> Response[str]:
    parts = await edge.read(lambda work: get_shared_parts(work, token=token), fresh=True)
    journey = await _read(edge, parts)
    view = view_of(journey, places=_places(plan), now=edge.runtime.works.clock())
    return await pages.show(edge, "atlas/journey.html", view=view, others=[], shares=0, shared=True)


@post("/map/journeys/{trace_id:str}/share", include_in_schema=False, opt={UNFOLLOWED: True})
async def share(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], trace_id: FromPath[str]
) -> Response[Any]:
    """On to the page that everybody sees who has the link: its address is the link."""
    looker = looker_of(edge)
    made = await edge.write(lambda work: share_journey(work, trace_id=trace_id, follower=looker.follower))
    token = made.url.rpartition("/")[2]
    return pages.redirect(edge, f"/map/shared/{token}", flash=Flash("success", SHARED))


@post("/map/journeys/{trace_id:str}/withdraw", include_in_schema=False, opt={UNFOLLOWED: True})
async def withdraw(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], trace_id: FromPath[str]
) -> Response[Any]:
    looker = looker_of(edge)
    await edge.write(lambda work: withdraw_shares(work, trace_id=trace_id, follower=looker.follower))
    return pages.redirect(edge, f"/map/journeys/{trace_id}", flash=Flash("success", WITHDRAWN))


def _asked(typed: Mapping[str, str]) -> Asked:
    def text(name: str) -> str:
        return typed.get(name, "").strip()[:LONGEST_TEXT]

    def one_of(name: str, choices: Sequence[str]) -> str:
        return text(name) if text(name) in choices else ""

    min_ms = text("min_ms")
    return Asked(
        q=text("q"),
        kept=one_of("kept", get_args(Kept)),
        status=one_of("status", get_args(StatusClass)),
        min_ms=min_ms if min_ms.isascii() and min_ms.isdigit() and int(min_ms) <= MOST_MS else "",
        user=text("user").removeprefix("@"),
        mine=one_of("mine", ("yes",)),
        compare=text("compare"),
    )


def _after(edge: Edge, name: str) -> Keyset | None:
    """What a bookmark of an older filter names is left out."""
    try:
        return edge.after(edge.request.query_params.get("cursor"), name=name)
    except InvalidCursor:
        return None


async def _list(
    edge: Edge, looker: Looker, wanted: JourneyFilter, *, after: Keyset | None = None, limit: int = PER_PAGE
) -> Page[JourneySummary]:
    return await edge.read(
        lambda work: list_journeys(work, follower=looker.follower, wanted=wanted, after=after, limit=limit),
        fresh=True,
    )


async def _patiently(edge: Edge, looker: Looker, trace_id: str) -> list[Part]:
    for pause_s in PATIENCE_S:
        try:
            return await _parts(edge, looker, trace_id)
        except JourneyMissing:
            await asyncio.sleep(pause_s)
    return await _parts(edge, looker, trace_id)


async def _parts(edge: Edge, looker: Looker, trace_id: str) -> list[Part]:
    return await edge.read(
        lambda work: get_parts(work, trace_id=trace_id, follower=looker.follower), fresh=True
    )


async def _read(edge: Edge, parts: Sequence[Part]) -> Journey:
    return await read_parts(parts, source_url=source_url(edge.runtime.settings))


def _lines(edge: Edge, found: Sequence[JourneySummary]) -> list[LineView]:
    now = edge.runtime.works.clock()
    longest_us = max((each.duration_us for each in found), default=1)
    return [line_of(each, longest_us=longest_us, now=now) for each in found]


def _places(plan: atlas.Plan) -> Mapping[str, str]:
    return {part.slug: part.name for band in plan.bands for part in band.parts}


routes: list[ControllerRouterHandler] = [
    show_journeys,
    show_comparison,
    show_journey,
    show_shared,
    share,
    withdraw,
]
