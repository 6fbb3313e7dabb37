"""Alerts, and silences: for a while, nobody is told."""

from datetime import timedelta
from typing import Final

from threadly.modules.admin.errors.observing import SilenceInvalid, SilenceMissing
from threadly.modules.admin.permissions import OBSERVE
from threadly.modules.admin.repository.alerts import (
    END_SILENCE,
    GET_SILENCE,
    INSERT_SILENCE,
    LIST_ALERTS,
    LIST_SILENCES,
)
from threadly.modules.admin.types.alerts import Alert, AlertState, Silence
from threadly.platform.ids import UUID, new_id
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.work import Work

__all__ = [
    "LONGEST_KEY",
    "LONGEST_SILENCE_MINUTES",
    "LONGEST_WHY",
    "end_silence",
    "get_silence",
    "list_alerts",
    "list_silences",
    "silence_alerts",
]

LONGEST_KEY: Final = 80
LONGEST_WHY: Final = 300
LONGEST_SILENCE_MINUTES: Final = 7 * 1_440


async def list_alerts(
    work: Work, *, state: AlertState | None = None, after: Keyset | None = None, limit: int = 20
) -> Page[Alert]:
    """Newest first: all, or those in one state. Raises SignInRequired, Denied."""
    work.actor.require(OBSERVE)
    rows = await work.all(LIST_ALERTS, id_before(after), state, work.now, limit + 1)
    return page_of(rows, limit=limit, key=lambda row: (str(row.id),))


async def list_silences(
    work: Work, *, active: bool = False, after: Keyset | None = None, limit: int = 20
) -> Page[Silence]:
    """Newest first: all, or only those that are not over. Raises SignInRequired, Denied."""
    work.actor.require(OBSERVE)
    rows = await work.all(LIST_SILENCES, id_before(after), work.now, active, limit + 1)
    return page_of(rows, limit=limit, key=lambda row: (str(row.id),))


async def silence_alerts(work: Work, *, matches: str, minutes: int, why: str) -> Silence:
    """Tell nobody of alerts whose key is `matches` ("*": of none at all) for so long; they are listed all the
    same, and told of if they still fire then. Raises SignInRequired, Denied and SilenceInvalid."""
    work.actor.require(OBSERVE)
    matches, why = matches.strip(), why.strip()
    if not 1 <= len(matches) <= LONGEST_KEY or not matches.isprintable():
        raise SilenceInvalid("Say which alert to silence by its key, or * for all.", field="matches")
    if not 1 <= minutes <= LONGEST_SILENCE_MINUTES:
        raise SilenceInvalid("A silence lasts from a minute to seven days.", field="minutes")
    if not 1 <= len(why) <= LONGEST_WHY or "\x00" in why:
        raise SilenceInvalid(f"Say why, in {LONGEST_WHY} characters at most.", field="why")
    silence_id, until = new_id(), work.now + timedelta(minutes=minutes)
    await work.run(INSERT_SILENCE, silence_id, matches, why, work.actor.user_id, work.now, until)
    return await get_silence(work, silence_id=silence_id)


async def get_silence(work: Work, *, silence_id: UUID) -> Silence:
    """Raises SignInRequired, Denied and SilenceMissing."""
    work.actor.require(OBSERVE)
    found = await work.one(GET_SILENCE, silence_id)
    if found is None:
        raise SilenceMissing
    return found


async def end_silence(work: Work, *, silence_id: UUID) -> None:
    """People are told again, from now on. Raises SignInRequired, Denied and SilenceMissing."""
    work.actor.require(OBSERVE)
    await get_silence(work, silence_id=silence_id)
    await work.run(END_SILENCE, silence_id, work.now)
