"""/admin/observe/alerts: what fires, what fired, and silences."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.admin.errors.observing import SilenceInvalid, SilenceMissing
from threadly.modules.admin.objectives import read_objectives
from threadly.modules.admin.pages.promises_view import AlertView, alert_view
from threadly.modules.admin.permissions import OBSERVE
from threadly.modules.admin.types.alerts import Alert, Silence
from threadly.modules.admin.types.objectives import Objective
from threadly.modules.admin.verbs.alerts import end_silence, list_alerts, list_silences, silence_alerts
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import id_of
from threadly.platform.paging import Page
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Form
from threadly.web.forms import fields_of, wants_more
from threadly.web.pages import Pages
from threadly.web.view import Flash, Moment, moment

__all__ = ["routes"]

PATH: Final = "/admin/observe/alerts"
NAME: Final = "admin.alert_history"
PER_PAGE: Final = 20
MOST_FIRING: Final = 100
MOST_SILENCES: Final = 50
LENGTHS: Final = (
    (30, "30 minutes"),
    (120, "2 hours"),
    (480, "8 hours"),
    (1_440, "A day"),
    (10_080, "A week"),
)
ALWAYS: Final = {
    "outbox-late": "Reactions are late",
    "dead-letters": "Dead letters",
    "failed-jobs": "Failed jobs",
    "jobs-late": "Jobs are late",
    "reconciliation": "Accounts differ",
    "undelivered": "Messages could not be delivered",
    "*": "All alerts",
}


class SilenceView(msgspec.Struct, frozen=True):
    id: str
    matches: str
    why: str
    by: str | None
    until: Moment
    left: str


@get(PATH, include_in_schema=False, opt={UNFOLLOWED: True})
async def show_alerts(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], cursor: CursorParameter = None
) -> Response[str]:
    """`?silence=` chooses an alert in the form."""
    wanted = edge.request.query_params.get("silence", "")
    form = Form({"matches": wanted}) if wanted else EMPTY_FORM
    return await _show(edge, pages, form, cursor=cursor)


@post(PATH, include_in_schema=False)
async def silence(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    edge.actor.require(OBSERVE)
    typed = await fields_of(edge)
    minutes = typed.get("minutes", "")
    try:
        made = await edge.write(
            lambda work: silence_alerts(
                work,
                matches=typed.get("matches", ""),
                minutes=int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) < 9 else 0,
                why=typed.get("why", ""),
            )
        )
    except SilenceInvalid as refusal:
        errors = {refusal.field: refusal.message} if refusal.field else {}
        return await _show(edge, pages, Form(typed, errors, None if errors else refusal.message), status=400)
    choices = _choices(read_objectives(edge.runtime.settings))
    said = f"Nobody is told of “{_said(made.matches, choices)}” until {made.until:%d %B, %H:%M} UTC."
    return pages.redirect(edge, PATH, flash=Flash("success", said))


@post(f"{PATH}/silences/{{silence_id:str}}/end", include_in_schema=False)
async def end(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], silence_id: FromPath[str]
) -> Response[Any]:
    wanted = id_of(silence_id, SilenceMissing)
    await edge.write(lambda work: end_silence(work, silence_id=wanted))
    return pages.redirect(edge, PATH, flash=Flash("success", "People are told again."))


async def _show(
    edge: Edge, pages: Pages, form: Form, *, cursor: str | None = None, status: int = 200
) -> Response[str]:
    objectives = read_objectives(edge.runtime.settings)
    after = edge.after(cursor, name=NAME)

    async def read(work: Work) -> tuple[Page[Alert], Page[Alert], Page[Silence], datetime]:
        return (
            await list_alerts(work, state="firing", limit=MOST_FIRING),
            await list_alerts(work, state="resolved", after=after, limit=PER_PAGE),
            await list_silences(work, active=True, limit=MOST_SILENCES),
            work.now,
        )

    firing, over, silences, now = await edge.read(read, fresh=True)
    next_cursor = edge.cursor(over.after, name=NAME)
    history = _alerts(over.items, objectives, now)
    next_url = f"{PATH}?cursor={next_cursor}" if next_cursor else None
    if wants_more(edge, cursor):
        return await pages.fragment(edge, "admin/_alert_history.html", history=history, next_url=next_url)
    settings, choices = edge.runtime.settings, _choices(objectives)
    return await pages.show(
        edge,
        "admin/alerts.html",
        status=status,
        firing=_alerts(firing.items, objectives, now),
        silences=[_silence(each, choices, now) for each in silences.items],
        form=form,
        choices=list(choices.items()),
        lengths=LENGTHS,
        mailed=len(settings.alert_mail),
        posted=settings.alert_webhook_url is not None,
        history=history,
        next_url=next_url,
    )


def _alerts(found: Sequence[Alert], objectives: Sequence[Objective], now: datetime) -> list[AlertView]:
    return [alert_view(each, objectives, now=now) for each in found]


def _silence(silence: Silence, choices: Mapping[str, str], now: datetime) -> SilenceView:
    return SilenceView(
        str(silence.id),
        _said(silence.matches, choices),
        silence.why,
        silence.created_by,
        moment(silence.until, now=now),
        f"{silence.until:%d %b, %H:%M} UTC",
    )


def _choices(objectives: Sequence[Objective]) -> Mapping[str, str]:
    """What alerts may be about, by key."""
    return {f"slo:{each.name}": each.title for each in objectives} | ALWAYS


def _said(matches: str, choices: Mapping[str, str]) -> str:
    """What the form calls it; over the API any key may be silenced."""
    return choices.get(matches, matches)


routes: list[ControllerRouterHandler] = [show_alerts, silence, end]
