"""How a person wants to be told."""

from collections.abc import Mapping
from datetime import time
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from threadly.modules.notifications.errors import ChannelWithoutDigest, QuietHoursInvalid, TimeZoneUnknown
from threadly.modules.notifications.repository.choices import (
    CHOOSE_MODES,
    DROP_DIGESTS,
    DROP_MAIL,
    FIND_RHYTHM,
    KNOWS_TIME_ZONE,
    LIST_CHOICES,
    MOVE_DIGESTS,
    SET_RHYTHM,
    RhythmRow,
)
from threadly.modules.notifications.rules import CHOICES, NEEDS, kinds_for, modes_of
from threadly.modules.notifications.types import (
    CHANNELS,
    ChannelName,
    Digest,
    Kind,
    Mode,
    Preferences,
    Rhythm,
)
from threadly.platform.work import Work

__all__ = ["choose", "get_preferences"]


async def get_preferences(work: Work) -> Preferences:
    """What the actor chose, and the defaults for the rest, of all that they may be told. Raises
    SignInRequired."""
    rows = await work.all(LIST_CHOICES, work.actor.me)
    chosen = {
        cast(Kind, row.kind): {channel: cast("Mode | None", getattr(row, channel)) for channel in CHANNELS}
        for row in rows
    }
    found = await work.one(FIND_RHYTHM, work.actor.me)
    modes = modes_of(chosen, kinds=kinds_for(work.actor))
    return Preferences(modes, rhythm_of(found) if found else Rhythm())


async def choose(
    work: Work,
    *,
    modes: Mapping[Kind, Mapping[ChannelName, Mode]] | None = None,
    rhythm: Rhythm | None = None,
) -> Preferences:
    """From now on tell the actor so, what waits included; what is not named stays as it is.

    Raises SignInRequired, Denied for what only others are told, ChannelWithoutDigest, QuietHoursInvalid,
    TimeZoneUnknown.
    """
    me = work.actor.me
    if modes:
        for kind in NEEDS.keys() & modes.keys():
            work.actor.require(NEEDS[kind])
        _require_choices(modes)
        columns = [[by_channel.get(channel) for by_channel in modes.values()] for channel in CHANNELS]
        await work.run(CHOOSE_MODES, me, list(modes), *columns)
        if silent := [kind for kind, by_channel in modes.items() if by_channel.get("mail") == "off"]:
            await work.run(DROP_MAIL, me, silent)
    if rhythm is not None:
        await work.run(SET_RHYTHM, me, *await _checked(work, rhythm))
        if rhythm.digest == "off":
            await work.run(DROP_DIGESTS, me)
        else:
            await work.run(MOVE_DIGESTS, me, work.now)
    return await get_preferences(work)


def rhythm_of(row: RhythmRow) -> Rhythm:
    return Rhythm(
        quiet_from=_clock(row.quiet_from),
        quiet_until=_clock(row.quiet_until),
        time_zone=row.time_zone,
        digest=cast(Digest, row.digest),
        digest_hour=row.digest_hour,
        digest_weekday=row.digest_weekday,
    )


def _require_choices(modes: Mapping[Kind, Mapping[ChannelName, Mode]]) -> None:
    for by_channel in modes.values():
        if any(mode not in CHOICES[channel] for channel, mode in by_channel.items()):
            raise ChannelWithoutDigest


async def _checked(work: Work, rhythm: Rhythm) -> tuple[Any, ...]:
    """The columns of the row."""
    if (rhythm.quiet_from is None) != (rhythm.quiet_until is None) or (
        rhythm.quiet_from is not None and rhythm.quiet_from == rhythm.quiet_until
    ):
        raise QuietHoursInvalid
    # Both reckon with it: PostgreSQL when something happens, Python when it is sent.
    try:
        ZoneInfo(rhythm.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimeZoneUnknown from None
    if not await work.one(KNOWS_TIME_ZONE, rhythm.time_zone):
        raise TimeZoneUnknown
    return (
        _time(rhythm.quiet_from),
        _time(rhythm.quiet_until),
        rhythm.time_zone,
        rhythm.digest,
        rhythm.digest_hour,
        rhythm.digest_weekday,
    )


def _time(text: str | None) -> time | None:
    try:
        return None if text is None else time.fromisoformat(text)
    except ValueError:
        raise QuietHoursInvalid from None


def _clock(at: time | None) -> str | None:
    return None if at is None else f"{at:%H:%M}"
