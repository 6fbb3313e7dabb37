"""Journeys: found, read, shared.

`follower` is the key of who looks at their own; None is who looks at all of the community's, and needs the
permission.
"""

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import Final

import msgspec

from threadly.modules.atlas.errors import JourneyMissing, TooManyShares
from threadly.modules.atlas.packing import unpack
from threadly.modules.atlas.repository.parts import (
    FIND_PARTS,
    LIST_JOURNEYS,
    LIST_JOURNEYS_OF_FOLLOWER,
    PartRow,
)
from threadly.modules.atlas.repository.shares import COUNT_SHARES, DELETE_SHARES, FIND_SHARE, INSERT_SHARE
from threadly.modules.atlas.rules.journeys import read_journey, seen_by, summary_of
from threadly.modules.atlas.sources import SHOWN_AT
from threadly.modules.atlas.types import Journey, JourneyFilter, JourneySummary, Share
from threadly.platform.db import containing
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.telemetry.parts import Part
from threadly.platform.work import Work

__all__ = [
    "MAY_OBSERVE",
    "count_shares",
    "get_parts",
    "get_shared_parts",
    "list_journeys",
    "read_parts",
    "share_journey",
    "withdraw_shares",
]

MAY_OBSERVE: Final = "admin.observe"
# What is read of one trace. A trace has as many parts as somebody likes to send requests that name it.
MOST_SPANS: Final = 50_000
MOST_PARTS: Final = 500
# From how many spans on it is read beside the loop that serves.
MANY_SPANS: Final = 2_000
SHARED_FOR: Final = timedelta(days=7)
MOST_SHARES: Final = 20
TOKEN_BYTES: Final = 24

_TRACE_ID = re.compile("[0-9a-f]{32}")


async def list_journeys(
    work: Work,
    *,
    follower: str | None = None,
    wanted: JourneyFilter | None = None,
    after: Keyset | None = None,
    limit: int = 20,
) -> Page[JourneySummary]:
    """The newest first. Raises SignInRequired, Denied."""
    _require(work, follower)
    wanted = wanted or JourneyFilter()
    arguments = (
        id_before(after),
        limit + 1,
        wanted.kept,
        wanted.status_class,
        containing(wanted.query) if wanted.query else None,
        None if wanted.min_ms is None else wanted.min_ms * 1_000,
        wanted.user or None,
    )
    if follower is None:
        rows = await work.all(LIST_JOURNEYS, *arguments)
    else:
        rows = await work.all(LIST_JOURNEYS_OF_FOLLOWER, *arguments, follower)
    page = page_of(rows, limit=limit, key=lambda each: (str(each.id),))
    return Page([summary_of(each) for each in page.items], page.after)


async def get_parts(work: Work, *, trace_id: str, follower: str | None = None) -> list[Part]:
    """What the looker may see of a trace. Raises JourneyMissing, SignInRequired, Denied."""
    _require(work, follower)
    return await _visible(work, trace_id, follower)


async def get_shared_parts(work: Work, *, token: str) -> list[Part]:
    """What a link shows, to anybody: not whose it was. Raises JourneyMissing."""
    share = await work.one(FIND_SHARE, _hash(token), work.now)
    if share is None:
        raise JourneyMissing
    parts = await _visible(work, share.trace_id, share.follower)
    return [msgspec.structs.replace(part, user=None) for part in parts]


async def read_parts(parts: Sequence[Part], *, source_url: str = SHOWN_AT) -> Journey:
    """What `get_parts` gave, as a journey."""
    if sum(len(part.spans) for part in parts) < MANY_SPANS:
        return read_journey(parts, source_url=source_url)
    return await asyncio.to_thread(read_journey, parts, source_url=source_url)


async def count_shares(work: Work, *, trace_id: str, follower: str | None = None) -> int:
    """How many links are good now that the looker could withdraw."""
    return await work.one(COUNT_SHARES, trace_id, work.now, follower) or 0


async def share_journey(work: Work, *, trace_id: str, follower: str | None = None) -> Share:
    """A new link to what the looker sees of it. Raises as `get_parts`, and TooManyShares."""
    await get_parts(work, trace_id=trace_id, follower=follower)
    if await count_shares(work, trace_id=trace_id, follower=follower) >= MOST_SHARES:
        raise TooManyShares
    token, expires_at = token_urlsafe(TOKEN_BYTES), work.now + SHARED_FOR
    await work.run(INSERT_SHARE, _hash(token), trace_id, follower, work.now, expires_at)
    return Share(f"{work.settings.public_url}/map/shared/{token}", expires_at)


async def withdraw_shares(work: Work, *, trace_id: str, follower: str | None = None) -> int:
    """Ends the looker's links to a journey, or all for who looks at all; says how many there were. Raises as
    `get_parts`."""
    await get_parts(work, trace_id=trace_id, follower=follower)
    return await work.run(DELETE_SHARES, trace_id, follower)


async def _visible(work: Work, trace_id: str, follower: str | None) -> list[Part]:
    if not _TRACE_ID.fullmatch(trace_id):
        raise JourneyMissing
    rows = await work.all(FIND_PARTS, trace_id, MOST_SPANS, MOST_PARTS)
    parts = [_part(row) for row in rows if row.span_count]
    if follower is not None:
        parts = seen_by(parts, follower)
    if not parts:
        raise JourneyMissing
    return parts


def _require(work: Work, follower: str | None) -> None:
    if follower is None:
        work.actor.require(MAY_OBSERVE)


def _part(row: PartRow) -> Part:
    values = msgspec.structs.asdict(row)
    del values["span_count"]
    return Part(**{**values, "id": str(row.id), "spans": unpack(row.spans)})


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
