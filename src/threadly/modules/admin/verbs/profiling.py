"""Profiles of running processes: asked for, stored, read."""

from datetime import datetime, timedelta
from typing import Final
from zlib import compress, decompress

import msgspec

from threadly.modules.admin.errors.operating import (
    ProcessGone,
    ProfileLengthWrong,
    ProfileMissing,
    ProfileRunning,
    ProfileUnfinished,
)
from threadly.modules.admin.permissions import OBSERVE
from threadly.modules.admin.repository.processes import (
    ASK_FOR_PROFILE,
    FIND_PROFILE,
    FIND_STACKS,
    FORGET_PROFILES,
    GIVE_PROFILES_UP,
    LIST_PROCESSES,
    LIST_PROFILES,
    STORE_PROFILE,
)
from threadly.modules.admin.types.processes import Process, Profile, ProfileSummary
from threadly.platform.ids import UUID, new_id
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.telemetry.profiler import Samples
from threadly.platform.work import Work

__all__ = [
    "LONGEST_S",
    "SHORTEST_S",
    "ask_for_profile",
    "get_finished_profile",
    "get_profile",
    "list_processes",
    "list_profiles",
    "store_profile",
]

SHORTEST_S: Final = 5
LONGEST_S: Final = 60
# For the process to hear of it, and to store what it found; later it is given up.
PATIENCE: Final = timedelta(seconds=30)
MOST_PROFILES: Final = 50

_STACKS: Final = msgspec.msgpack.Decoder(dict[str, int])


async def list_processes(work: Work) -> list[Process]:
    """Those that run, of all communities: they serve them all. Raises SignInRequired, Denied."""
    work.actor.require(OBSERVE)
    return await work.all(LIST_PROCESSES)


async def ask_for_profile(work: Work, *, process_id: UUID, seconds: int) -> ProfileSummary:
    """Have a process look at itself for 5 to 60 seconds, beginning within 5. The oldest profiles are dropped.

    Raises ProfileLengthWrong, ProcessGone, ProfileRunning, SignInRequired, Denied.
    """
    work.actor.require(OBSERVE)
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise ProfileLengthWrong
    process = next((each for each in await work.all(LIST_PROCESSES) if each.id == process_id), None)
    if process is None:
        raise ProcessGone
    await work.run(GIVE_PROFILES_UP, work.now)
    due_at = work.now + timedelta(seconds=seconds) + PATIENCE
    asked = await work.one(
        ASK_FOR_PROFILE, new_id(), process.id, process.name, seconds, work.actor.user_id, work.now, due_at
    )
    if asked is None:
        raise ProfileRunning
    await work.run(FORGET_PROFILES, MOST_PROFILES)
    return asked


async def store_profile(work: Work, *, profile_id: UUID, samples: Samples) -> None:
    """What the process found. Raises Denied to all but the platform itself."""
    work.actor.require("platform.operate")
    stacks = compress(msgspec.msgpack.encode(samples.stacks))
    await work.run(
        STORE_PROFILE,
        *(profile_id, samples.samples, samples.idle, samples.cpu_s, samples.took_s, stacks),
    )


async def list_profiles(work: Work, *, after: Keyset | None = None, limit: int = 20) -> Page[ProfileSummary]:
    """Newest first. Raises SignInRequired, Denied."""
    work.actor.require(OBSERVE)
    rows = await work.all(LIST_PROFILES, id_before(after), limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (str(row.id),))
    return Page([_at(work.now, each) for each in page.items], page.after)


async def get_profile(work: Work, *, profile_id: UUID) -> Profile:
    """Without stacks while it is not done. Raises ProfileMissing, SignInRequired, Denied."""
    work.actor.require(OBSERVE)
    summary = await work.one(FIND_PROFILE, profile_id)
    if summary is None:
        raise ProfileMissing
    summary = _at(work.now, summary)
    if summary.state != "done":
        return Profile(summary, {})
    stacks = await work.one(FIND_STACKS, profile_id)
    return Profile(summary, _STACKS.decode(decompress(stacks)) if stacks else {})


async def get_finished_profile(work: Work, *, profile_id: UUID) -> Profile:
    """Raises ProfileUnfinished, and as `get_profile`."""
    profile = await get_profile(work, profile_id=profile_id)
    if profile.summary.state != "done":
        raise ProfileUnfinished
    return profile


def _at(now: datetime, summary: ProfileSummary) -> ProfileSummary:
    """One that nothing came of is lost, whether or not anybody has written that down."""
    if summary.state in ("asked", "running") and summary.due_at < now:
        return msgspec.structs.replace(summary, state="lost")
    return summary
