"""/admin/observe/search: log and traces in one list, and how many traces are kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules import identity
from threadly.modules.admin.attending import call_attention
from threadly.modules.admin.errors.operating import SamplingShareWrong, SamplingTooLong, SearchUnclear
from threadly.modules.admin.pages.words import length
from threadly.modules.admin.permissions import OBSERVE
from threadly.modules.admin.rules.searching import LONGEST_QUERY
from threadly.modules.admin.types.logs import Found, LogEntry
from threadly.modules.admin.types.processes import Sampling
from threadly.modules.admin.verbs.sampling import end_sampling, get_sampling, raise_sampling
from threadly.modules.admin.verbs.searching import search_log
from threadly.modules.atlas import KEPT, duration
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import parse_id
from threadly.platform.paging import Keyset, Page
from threadly.platform.work import Work
from threadly.web import Flash, Moment, moment
from threadly.web.forms import fields_of, wants_more
from threadly.web.pages import Pages

__all__ = ["routes"]

PATH: Final = "/admin/observe/search"
LIMIT: Final = 25
MINUTE: Final = timedelta(minutes=1)
# Ready-made searches, under the box.
EXAMPLES: Final = (
    ("level:error since:1h", "Errors of this hour"),
    ("status:5xx", "Answers with 5xx"),
    ("slower:500ms since:1h", "Slow in this hour"),
    ("level:warning", "Warnings"),
    ("route:checkout", "Checkouts"),
)
SHARES: Final = (("0.25", "a quarter"), ("0.5", "half"), ("1", "all"))
MINUTES: Final = ((10, "10 minutes"), (60, "1 hour"), (240, "4 hours"), (1_440, "1 day"))


class LineView(msgspec.Struct, frozen=True):
    """`clock` is the time to the millisecond, UTC; `fields` are pairs, the long ones apart in `texts`."""

    level: str
    event: str
    clock: str
    iso: str
    process: str
    user: str | None
    fields: list[tuple[str, str]]
    texts: list[tuple[str, str]]


class FoundView(msgspec.Struct, frozen=True):
    """`status` is that of an answer, `tone` how it is coloured: "good", "bad", "wrong" or none."""

    trace_id: str | None
    name: str
    status: int | None
    tone: str
    length: str | None
    kept: str | None
    error: str | None
    user: str | None
    processes: str
    day: str
    clock: str
    iso: str
    lines: list[LineView]
    more_lines: bool


class SamplingView(msgspec.Struct, frozen=True):
    share: str
    usual: str
    until: Moment | None
    left: str | None
    by: str | None


@get(PATH, include_in_schema=False, opt={UNFOLLOWED: True})
async def show_search(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], cursor: CursorParameter = None
) -> Response[str]:
    query = edge.request.query_params.get("q", "").strip()
    after = edge.after(cursor, name=_name(query))
    if wants_more(edge, cursor):
        found, more_url, _ = await _find(edge, query, after)
        return await pages.fragment(edge, "admin/_found.html", found=found, more_url=more_url)
    return await _page(edge, pages, query, after)


@post(PATH + "/sampling", include_in_schema=False)
async def post_sampling(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    typed = await fields_of(edge)
    try:
        share, minutes = float(typed.get("share", "")), int(typed.get("minutes", ""))
    except ValueError:
        share, minutes = 0.0, 0
    try:
        await edge.write(lambda work: raise_sampling(work, share=share, minutes=minutes))
    except (SamplingShareWrong, SamplingTooLong) as refusal:
        return await _page(edge, pages, "", None, problem=refusal.message, status=400)
    await call_attention(edge.runtime.pubsub)
    return _done(edge, pages, "More traces are kept from now on.")


@post(PATH + "/sampling/end", include_in_schema=False)
async def post_sampling_end(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    await edge.write(end_sampling)
    await call_attention(edge.runtime.pubsub)
    return _done(edge, pages, "The usual share of traces is kept again.")


async def _page(
    edge: Edge,
    pages: Pages,
    query: str,
    after: Keyset | None,
    *,
    problem: str | None = None,
    status: int = 200,
) -> Response[str]:
    edge.actor.require(OBSERVE)
    found, more_url, unclear = await _find(edge, query, after)
    return await pages.show(
        edge,
        "admin/search.html",
        status=400 if unclear else status,
        query=query[:LONGEST_QUERY],
        found=found,
        more_url=more_url,
        unclear=unclear,
        problem=problem,
        sampling=await edge.read(_look_at_sampling, fresh=True),
        examples=[(f"{PATH}?{urlencode({'q': text})}", label, text == query) for text, label in EXAMPLES],
        shares=SHARES,
        lengths=MINUTES,
        longest=LONGEST_QUERY,
    )


async def _find(
    edge: Edge, query: str, after: Keyset | None
) -> tuple[list[FoundView], str | None, str | None]:
    """What was found, the address of what follows, and what is wrong with the search."""

    async def look(work: Work) -> Page[Found]:
        return await search_log(work, text=query, after=after, limit=LIMIT)

    try:
        page = await edge.read(look)
    except SearchUnclear as refusal:
        return [], None, refusal.message
    now = edge.runtime.works.clock()
    cursor = edge.cursor(page.after, name=_name(query))
    more_url = f"{PATH}?{urlencode({'q': query, 'cursor': cursor})}" if cursor else None
    return [_view(each, now=now) for each in page.items], more_url, None


def _name(query: str) -> str:
    return f"admin.search:{query}"


def _view(found: Found, *, now: datetime) -> FoundView:
    journey = found.journey
    lines = [_line(each) for each in found.lines]
    status = journey.status if journey else None
    return FoundView(
        trace_id=found.trace_id,
        name=journey.name if journey else "",
        status=status,
        tone=_tone(found),
        length=duration(journey.duration_us) if journey else None,
        kept=KEPT[journey.kept] if journey else None,
        error=journey.error if journey else None,
        user=journey.user if journey else None,
        processes=", ".join(journey.processes) if journey else "",
        day="" if found.at.date() == now.date() else f"{found.at.day} {found.at:%b}",
        clock=_clock(found.at),
        iso=_iso(found.at),
        lines=lines,
        more_lines=found.more_lines,
    )


def _tone(found: Found) -> str:
    levels = {line.level for line in found.lines}
    status = found.journey.status if found.journey else None
    if levels & {"error", "critical"} or (found.journey and found.journey.error) or (status or 0) >= 500:
        return "bad"
    if "warning" in levels or (status or 0) >= 400:
        return "wrong"
    return "good" if status else ""


def _line(line: LogEntry) -> LineView:
    pairs = [(name, _text(value)) for name, value in line.fields.items()]
    return LineView(
        level=line.level,
        event=line.event,
        clock=_clock(line.at),
        iso=_iso(line.at),
        process=line.process,
        user=line.user,
        fields=[pair for pair in pairs if not _is_long(pair[1])],
        texts=[pair for pair in pairs if _is_long(pair[1])],
    )


def _is_long(text: str) -> bool:
    return "\n" in text or len(text) > 160


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 1_000:03}"


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _look_at_sampling(work: Work) -> SamplingView:
    sampling = await get_sampling(work)
    return SamplingView(
        share=f"{sampling.share:.0%}",
        usual=f"{sampling.usual_share:.0%}",
        until=moment(sampling.until, now=work.now) if sampling.until else None,
        left=_left(sampling, now=work.now),
        by=await _name_of(work, sampling),
    )


async def _name_of(work: Work, sampling: Sampling) -> str | None:
    by = sampling.raised_by and parse_id(str(sampling.raised_by))
    profile = await identity.find_profile(work, id_or_username=str(by)) if by else None
    return profile.username if profile else None


def _left(sampling: Sampling, *, now: datetime) -> str | None:
    """With the minute that has begun."""
    return length(60 * ceil((sampling.until - now) / MINUTE)) if sampling.until else None


def _done(edge: Edge, pages: Pages, said: str) -> Response[Any]:
    return pages.redirect(edge, PATH, flash=Flash("success", said))


routes: Sequence[ControllerRouterHandler] = [show_search, post_sampling, post_sampling_end]
