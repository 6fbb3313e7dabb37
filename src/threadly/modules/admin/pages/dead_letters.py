"""/admin/observe/dead-letters: what failed for good is read, tried again or dropped."""

from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules.admin.permissions import OPERATE
from threadly.modules.admin.types.dead_letters import Action, DeadLetter, Deed
from threadly.modules.admin.verbs.dead_letters import LISTED_MOST, read_dead_letters, settle_dead_letter
from threadly.modules.notifications import Outage
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.web.forms import field_of
from threadly.web.pages import Pages
from threadly.web.view import Flash, Moment, moment

__all__ = ["routes"]

PATH: Final = "/admin/observe/dead-letters"
KINDS: Final = {"": "All", "reaction": "Reactions", "job": "Jobs", "delivery": "Deliveries"}
ONE_OF: Final = {"reaction": "Reaction", "job": "Job", "delivery": "Delivery"}
CHANNEL_NAMES: Final = {"mail": "Mail", "push": "Web push", "sms": "Text messages"}
LONGEST_PAYLOAD: Final = 4_000


class LetterView(msgspec.Struct, frozen=True):
    id: str
    kind: str
    kind_name: str
    name: str
    because_of: str
    error: str
    payload: str
    attempts: int | None
    at: Moment
    trace_id: str | None


class DeedView(msgspec.Struct, frozen=True):
    says: str
    what: str
    by: str | None
    at: Moment
    outcome: str


class OutageView(msgspec.Struct, frozen=True):
    name: str
    error: str
    since: Moment
    retry: str


class TabView(msgspec.Struct, frozen=True):
    href: str
    label: str
    count: int
    current: bool


@get(PATH, include_in_schema=False, opt={UNFOLLOWED: True})
async def show_dead_letters(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    """`?kind=` shows one kind alone."""
    edge.actor.require(OPERATE)
    found = await edge.read(read_dead_letters, fresh=True)
    wanted = edge.request.query_params.get("kind", "")
    now = edge.runtime.works.clock()
    return await pages.show(
        edge,
        "admin/dead_letters.html",
        letters=[_letter(each, now=now) for each in found.letters if wanted in ("", each.kind)],
        tabs=[_tab(kind, found.letters, wanted) for kind in KINDS],
        deeds=[_deed(each, now=now) for each in found.deeds],
        outages=[_outage(each, now=now) for each in found.outages],
        beyond=found.beyond,
        most=LISTED_MOST,
        kind=wanted if wanted in KINDS else "",
    )


@post(f"{PATH}/retry", include_in_schema=False)
async def retry_letter(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    return await _settle(edge, pages, "retry")


@post(f"{PATH}/drop", include_in_schema=False)
async def drop_letter(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    return await _settle(edge, pages, "drop")


async def _settle(edge: Edge, pages: Pages, action: Action) -> Response[Any]:
    edge.actor.require(OPERATE)
    wanted, kind = await field_of(edge, "id"), await field_of(edge, "kind")
    letter = await edge.write(lambda work: settle_dead_letter(work, letter_id=wanted, action=action))
    said = "is tried again" if action == "retry" else "is dropped"
    back = f"{PATH}?kind={kind}" if kind in ONE_OF else PATH
    return pages.redirect(edge, back, flash=Flash("success", f"{letter.name} {said}."))


def _letter(letter: DeadLetter, *, now: datetime) -> LetterView:
    payload = msgspec.json.format(msgspec.json.encode(letter.payload), indent=2).decode()
    return LetterView(
        id=letter.id,
        kind=letter.kind,
        kind_name=ONE_OF[letter.kind],
        name=letter.name,
        because_of=letter.because_of,
        error=letter.error,
        payload=payload[:LONGEST_PAYLOAD] if letter.payload is not None else "",
        attempts=letter.attempts,
        at=moment(letter.failed_at, now=now),
        trace_id=letter.trace_id,
    )


def _deed(deed: Deed, *, now: datetime) -> DeedView:
    return DeedView(
        says="Tried again" if deed.action == "retry" else "Dropped",
        what=deed.said,
        by=deed.by,
        at=moment(deed.at, now=now),
        outcome="" if deed.outcome == "done" else deed.outcome or "A worker is about to.",
    )


def _outage(outage: Outage, *, now: datetime) -> OutageView:
    left = max(0, round((outage.retry_at - now).total_seconds()))
    return OutageView(
        name=CHANNEL_NAMES.get(outage.channel, outage.channel),
        error=outage.error,
        since=moment(outage.since, now=now),
        retry=f"in {left} s" if left else "now",
    )


def _tab(kind: str, letters: list[DeadLetter], wanted: str) -> TabView:
    return TabView(
        href=f"{PATH}?kind={kind}" if kind else PATH,
        label=KINDS[kind],
        count=sum(kind in ("", each.kind) for each in letters),
        current=kind == wanted,
    )


routes: list[ControllerRouterHandler] = [show_dead_letters, retry_letter, drop_letter]
