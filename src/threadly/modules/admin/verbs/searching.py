"""One list of what was logged and what was traced."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from threadly.modules import atlas, identity
from threadly.modules.admin.errors.operating import SearchUnclear
from threadly.modules.admin.permissions import OBSERVE
from threadly.modules.admin.repository.logs import FIND_TRACES_OF_LINES, LIST_LINES_OF, SEARCH_LINES
from threadly.modules.admin.rules.searching import read_search
from threadly.modules.admin.types.logs import SEVERITIES, Found, LineRow, LogEntry, Search
from threadly.modules.atlas import FoundJourney, JourneySearch, JourneySummary
from threadly.platform.db import containing
from threadly.platform.ids import LAST_ID, UUID
from threadly.platform.paging import Keyset, Page
from threadly.platform.work import Work

__all__ = ["search_log"]

# Lines shown under one trace.
MOST_LINES: Final = 50
# When lines are sought whose traces are to be of a kind: how many are looked at at once, and how often, for
# one page.
MANY: Final = 200
MOST_ROUNDS: Final = 10

_LEVELS: Final = {severity: level for level, severity in SEVERITIES.items()}
_END: Final = datetime(9999, 1, 1, tzinfo=UTC)
_LAST_LINE: Final = 2**63 - 1


class _Place(msgspec.Struct):
    """How far each of the two lists was gone through: lines below (`at`, `line`), traces below `kept`."""

    at: datetime = _END
    line: int = _LAST_LINE
    kept: UUID = LAST_ID


class _Candidate(msgspec.Struct, frozen=True):
    """One entry of either list. What is not `shown` is only passed."""

    at: datetime
    shown: bool
    line: LineRow | None
    kept: UUID | None
    journey: JourneySummary | None


async def search_log(
    work: Work, *, text: str = "", after: Keyset | None = None, limit: int = 20
) -> Page[Found]:
    """What was logged or traced lately, newest first. A trace and its lines are in one place: that of the
    newest line that was sought, or else of the trace.

    A page may hold fewer than `limit` though there is more. Raises SearchUnclear, SignInRequired, Denied.
    """
    work.actor.require(OBSERVE)
    search = await _read(work, text)
    place = _place_of(after)
    found: list[_Candidate] = []
    count = MANY if search.only_traces else limit + 1
    for _ in range(MOST_ROUNDS):
        candidates = await _fetch(work, search, place, count)
        more = _take(candidates[: count - 1], found, place, limit) or len(candidates) >= count
        if len(found) >= limit or not more:
            break
    return Page(await _with_lines(work, found), _key_of(place) if more else None)


def _take(candidates: Sequence[_Candidate], found: list[_Candidate], place: _Place, limit: int) -> bool:
    """Moves `place` past what is taken, until `limit` are found. Returns whether some are left."""
    for each in candidates:
        if len(found) >= limit:
            return True
        _pass(place, each)
        if each.shown:
            found.append(each)
    return False


async def _read(work: Work, text: str) -> Search:
    typed = read_search(text, now=work.now)
    if typed.username is None:
        return typed.search
    profile = await identity.find_profile(work, id_or_username=typed.username)
    if profile is None:
        raise SearchUnclear(f"There is no member called “{typed.username}”.")
    return msgspec.structs.replace(typed.search, user_id=profile.id)


async def _fetch(work: Work, search: Search, place: _Place, count: int) -> list[_Candidate]:
    """What comes next of both lists, merged: right for the first `count` - 1."""
    lines = [] if _is_of_traces(search) else await _fetch_lines(work, search, place, count)
    traces = [] if search.only_lines else await _fetch_traces(work, search, place, count)
    return sorted([*lines, *traces], key=lambda each: each.at, reverse=True)


async def _fetch_lines(work: Work, search: Search, place: _Place, count: int) -> list[_Candidate]:
    rows = await work.all(SEARCH_LINES, *_arguments(search), place.at, place.line, count)
    journeys = await atlas.find_journeys(
        work, trace_ids=list({row.trace_id for row in rows if row.trace_id is not None})
    )
    candidates = []
    for row in rows:
        journey = journeys.get(row.trace_id or "")
        candidates.append(_Candidate(row.at, _is_met(search, journey), row, None, journey))
    return candidates


async def _fetch_traces(work: Work, search: Search, place: _Place, count: int) -> list[_Candidate]:
    """Those that have a line that is sought are in the list of lines already."""
    sought = JourneySearch(
        words=search.words,
        routes=search.routes,
        trace_id=search.trace_id,
        statuses=search.statuses,
        slower_us=search.slower_us,
        user_id=search.user_id,
        since=search.since,
    )
    found = await atlas.search_journeys(work, sought=sought, before=place.kept, limit=count)
    listed: set[str] = set()
    if found and not _is_of_traces(search):
        trace_ids = [each.journey.trace_id for each in found]
        listed = set(await work.all(FIND_TRACES_OF_LINES, *_arguments(search), trace_ids))
    return [
        _Candidate(_kept_at(each), each.journey.trace_id not in listed, None, each.id, each.journey)
        for each in found
    ]


def _is_of_traces(search: Search) -> bool:
    """Whether lines have no say in it."""
    return search.only_traces and not search.only_lines and not search.words


def _is_met(search: Search, journey: JourneySummary | None) -> bool:
    """Whether the trace of a line is one that is sought."""
    if not search.only_traces:
        return True
    if journey is None:
        return False
    low, high = search.statuses or (0, 999)
    return (
        all(part in journey.name.lower() for part in search.routes)
        and (search.statuses is None or low <= (journey.status or 0) <= high)
        and journey.duration_us >= (search.slower_us or 0)
    )


def _kept_at(found: FoundJourney) -> datetime:
    """As its id tells (RFC 9562, section 5.7)."""
    return datetime.fromtimestamp((found.id.int >> 80) / 1_000, UTC)


def _arguments(search: Search) -> tuple[object, ...]:
    return (
        [containing(word) for word in search.words],
        search.trace_id,
        search.request_id,
        search.severity,
        str(search.user_id) if search.user_id else None,
        search.process,
        search.since,
    )


async def _with_lines(work: Work, candidates: Sequence[_Candidate]) -> list[Found]:
    lines: dict[str, list[LogEntry]] = defaultdict(list)
    trace_ids = [trace_id for each in candidates if (trace_id := _trace_of(each))]
    if trace_ids:
        for row in await work.all(LIST_LINES_OF, trace_ids, MOST_LINES + 1):
            lines[str(row.trace_id)].append(_entry(row))
    return [_found(each, lines) for each in candidates]


def _found(candidate: _Candidate, lines: dict[str, list[LogEntry]]) -> Found:
    trace_id = _trace_of(candidate)
    if trace_id is None:
        alone = [_entry(candidate.line)] if candidate.line else []
        return Found(candidate.at, None, None, alone, more_lines=False)
    some = lines[trace_id]
    return Found(
        candidate.at, trace_id, candidate.journey, some[:MOST_LINES], more_lines=len(some) > MOST_LINES
    )


def _trace_of(candidate: _Candidate) -> str | None:
    if candidate.journey is not None:
        return candidate.journey.trace_id
    return candidate.line.trace_id if candidate.line else None


def _entry(row: LineRow) -> LogEntry:
    return LogEntry(
        id=row.id,
        at=row.at,
        level=_LEVELS.get(row.severity, "info"),
        event=row.event,
        trace_id=row.trace_id,
        request_id=row.request_id,
        user=row.user_id,
        process=row.process,
        fields=row.fields,
    )


def _pass(place: _Place, candidate: _Candidate) -> None:
    if candidate.line is not None:
        place.at, place.line = candidate.line.at, candidate.line.id
    elif candidate.kept is not None:
        place.kept = candidate.kept


def _place_of(after: Keyset | None) -> _Place:
    if after is None:
        return _Place()
    at, line, kept = after
    return _Place(datetime.fromisoformat(at), int(line), UUID(kept))


def _key_of(place: _Place) -> Keyset:
    return (place.at.isoformat(), str(place.line), str(place.kept))
