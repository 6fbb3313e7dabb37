"""/settings/notifications: of what a member is told, over which channel, and when."""

from collections.abc import Iterable
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules import notifications
from threadly.modules.notifications.pages.view import KIND_NAMES
from threadly.modules.notifications.rules import CHOICES, kinds_for
from threadly.modules.notifications.types import (
    CHANNELS,
    ChannelName,
    Digest,
    Kind,
    Mode,
    Preferences,
    Rhythm,
)
from threadly.platform.errors import Kind as RefusalKind
from threadly.platform.errors import Refusal
from threadly.platform.http.edge import Edge
from threadly.web import EMPTY_FORM, Flash, Form
from threadly.web.forms import fields_of
from threadly.web.pages import Pages

__all__ = ["routes"]

HERE = "/settings/notifications"
CHANNEL_NAMES: Final[dict[ChannelName, str]] = {
    "app": "In the app",
    "mail": "E-mail",
    "push": "Push",
    "sms": "SMS",
}
MODE_NAMES: Final[dict[Mode, str]] = {"off": "Never", "now": "At once", "digest": "Digest"}
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Names that are there for old programs, or are no place.
NO_PLACE: Final = ("Etc/", "SystemV/", "US/", "posix/", "right/")


@get(HERE, include_in_schema=False)
async def show_settings(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    return await _page(edge, pages, await edge.read(notifications.get_preferences, fresh=True))


@post(HERE, include_in_schema=False)
async def save_settings(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    fields = await fields_of(edge)
    modes, rhythm = modes_of_form(fields, kinds_for(edge.actor)), rhythm_of_form(fields)
    try:
        await edge.write(lambda work: notifications.choose(work, modes=modes, rhythm=rhythm))
    except Refusal as refusal:
        if refusal.kind is not RefusalKind.INVALID or refusal.field not in fields:
            raise
        form = Form(fields, {str(refusal.field): refusal.message})
        return await _page(edge, pages, Preferences(modes, rhythm), form=form, status=400)
    return pages.redirect(edge, HERE, flash=Flash("success", "From now on you are told so."))


async def _page(
    edge: Edge, pages: Pages, shown: Preferences, *, form: Form = EMPTY_FORM, status: int = 200
) -> Response[str]:
    return await pages.show(
        edge,
        "notifications/settings.html",
        status=status,
        form=form,
        kinds=[(kind, *KIND_NAMES[kind]) for kind in shown.modes],
        channels=[(channel, CHANNEL_NAMES[channel]) for channel in CHANNELS],
        choices={channel: [(mode, MODE_NAMES[mode]) for mode in CHOICES[channel]] for channel in CHANNELS},
        modes=shown.modes,
        rhythm=shown.rhythm,
        quiet=shown.rhythm.quiet_from is not None or "quiet" in form.values,
        hours=[(hour, f"{hour:02}:00") for hour in range(24)],
        weekdays=list(enumerate(WEEKDAYS, start=1)),
        zones=zones(),
    )


def modes_of_form(fields: dict[str, str], kinds: Iterable[Kind]) -> dict[Kind, dict[ChannelName, Mode]]:
    """A box that is not ticked sends nothing; what nobody could have chosen is left as it is."""
    return {kind: _modes_of_kind(kind, fields) for kind in kinds}


def _modes_of_kind(kind: Kind, fields: dict[str, str]) -> dict[ChannelName, Mode]:
    sent = {channel: fields.get(f"{kind}.{channel}", "off") for channel in CHANNELS}
    return {channel: mode for channel in CHANNELS for mode in CHOICES[channel] if mode == sent[channel]}


def rhythm_of_form(fields: dict[str, str]) -> Rhythm:
    quiet = "quiet" in fields
    rhythms: dict[str, Digest] = {"daily": "daily", "weekly": "weekly"}
    return Rhythm(
        quiet_from=fields.get("quiet_from", "")[:5] if quiet else None,
        quiet_until=fields.get("quiet_until", "")[:5] if quiet else None,
        time_zone=fields.get("time_zone", "UTC"),
        digest=rhythms.get(fields.get("digest", ""), "off"),
        digest_hour=_number(fields.get("digest_hour", ""), of=range(24), default=8),
        digest_weekday=_number(fields.get("digest_weekday", ""), of=range(1, 8), default=1),
    )


@cache
def zones() -> list[tuple[str, list[str]]]:
    """The time zones of the world, by regions."""
    regions: dict[str, list[str]] = {"": ["UTC"]}
    for name in sorted(available_timezones()):
        region, _, place = name.partition("/")
        if place and not name.startswith(NO_PLACE):
            regions.setdefault(region, []).append(name)
    return list(regions.items())


def _number(text: str, *, of: range, default: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 3 and int(text) in of else default


routes: list[ControllerRouterHandler] = [show_settings, save_settings]
