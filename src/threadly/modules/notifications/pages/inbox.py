"""/notifications: what a member was told, by days."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from threadly.modules import notifications
from threadly.modules.notifications.pages.view import KIND_NAMES, Day, days_of, zone_of
from threadly.modules.notifications.rules import kinds_for
from threadly.modules.notifications.types import KINDS, Kind
from threadly.modules.notifications.verbs.reading import get_position
from threadly.platform.http.edge import Edge
from threadly.platform.ids import parse_id
from threadly.platform.work import Work
from threadly.web.forms import by_htmx, field_of, next_of, wants_more
from threadly.web.pages import Pages

__all__ = ["routes"]

HERE = "/notifications"


class Inbox(msgspec.Struct, frozen=True):
    """`up_to` is the position of all that there is, shown or not: what comes later is not marked as read by a
    button of this page."""

    days: list[Day]
    more_url: str | None
    unread_count: int
    up_to: int


@get(HERE, include_in_schema=False)
async def show_inbox(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    show: FromQuery[str] = "",
    cursor: FromQuery[str | None] = None,
    day: FromQuery[str | None] = None,
) -> Response[str]:
    kinds = kinds_for(edge.actor)
    show = show if show == "unread" or show in kinds else ""
    inbox = await _read(edge, show, cursor, day)
    if wants_more(edge, cursor):
        return await pages.fragment(edge, "notifications/_days.html", inbox=inbox, show=show)
    return await pages.show(
        edge, "notifications/inbox.html", inbox=inbox, show=show, filters=_filters(kinds), here=_address(show)
    )


async def _read(edge: Edge, show: str, cursor: str | None, day: str | None) -> Inbox:
    name = f"notifications.inbox:{edge.actor.me}:{show}"
    after = edge.after(cursor, name=name)
    kinds = tuple(kind for kind in KINDS if kind == show) or KINDS

    async def look(work: Work) -> Inbox:
        up_to = await get_position(work)
        page = await notifications.list_notifications(work, unread=show == "unread", kinds=kinds, after=after)
        zone = zone_of((await notifications.get_preferences(work)).rhythm.time_zone)
        days = days_of(page.items, now=work.now, zone=zone, begun=day)
        more: dict[str, Any] = {"cursor": edge.cursor(page.after, name=name)}
        if days:
            more["day"] = days[-1].date
        return Inbox(
            days,
            _address(show, **more) if page.after else None,
            await notifications.count_unread(work),
            up_to,
        )

    return await edge.read(look, fresh=True)


@post(f"{HERE}/read", include_in_schema=False)
async def mark(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    """One entry by its `id`, or all `up_to` a position."""
    wanted, up_to = parse_id(await field_of(edge, "id")), await field_of(edge, "up_to")
    if wanted is not None:
        await edge.write(lambda work: notifications.mark_read(work, ids=[wanted]))
    elif up_to.isdigit() and len(up_to) < 19:
        await edge.write(lambda work: notifications.mark_all_read(work, up_to=int(up_to)))
    if by_htmx(edge) and wanted is not None:
        return Response("", status_code=200, media_type="text/html")
    return pages.redirect(edge, await next_of(edge, default=HERE))


def _filters(kinds: Iterable[Kind]) -> list[tuple[str, str, str]]:
    """What can be chosen to be shown: its name, where it is, what it is called."""
    choices = [("", "All"), ("unread", "Unread"), *((kind, KIND_NAMES[kind][0]) for kind in kinds)]
    return [(show, _address(show), label) for show, label in choices]


def _address(show: str, **more: Any) -> str:
    query = {**({"show": show} if show else {}), **more}
    return f"{HERE}?{urlencode(query)}" if query else HERE


routes: list[ControllerRouterHandler] = [show_inbox, mark]
