"""Sending what is due over a channel: in batches, under a lease, each parcel settled as soon as it is out.

A process that dies leaves its lease behind; when that is over somebody else goes on. What it had handed over
and not yet written down goes out once more, under the same id.
"""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from threadly.modules.notifications.channels import (
    Channel,
    ChannelDown,
    NotNow,
    Parcel,
    Sender,
    Undeliverable,
    Unwanted,
)
from threadly.modules.notifications.channels.repository import (
    CLAIM,
    DROP_UNWANTED,
    END_OUTAGE,
    FIND_OUTAGE,
    LIST_GATHERED,
    MARK_DROPPED,
    MARK_FAILED,
    MARK_SENT,
    NOTE_OUTAGE,
    PUT_BACK,
    PUT_OFF_QUIET,
    TRY_LATER,
    Claimed,
)
from threadly.modules.notifications.verbs.deliveries import read_deliveries
from threadly.platform.durable import Run
from threadly.platform.ids import UUID
from threadly.platform.work import SYSTEM, Work

__all__ = ["LEASE", "MAX_ATTEMPTS", "pause_after", "send_due"]

log = structlog.get_logger(__name__)

BATCH: Final = 50
MOST_BATCHES: Final = 20
LEASE: Final = timedelta(minutes=10)
# A parcel that might outlast the lease is not begun.
MARGIN: Final = timedelta(minutes=2)
# With the pauses below: the better part of a day.
MAX_ATTEMPTS: Final = 24
FIRST_PAUSE_S: Final = 30.0
LONGEST_PAUSE_S: Final = 3_600.0
LONGEST_ERROR: Final = 500
LONGEST_DIGEST: Final = 100


async def send_due(run: Run, channel: Channel) -> None:
    """All that is due, for MOST_BATCHES batches; what is left then, the next job finds."""
    for _ in range(MOST_BATCHES):
        if not await _send_batch(run, channel):
            return


def pause_after(attempts: int) -> timedelta:
    """Until the next attempt: doubling, bounded, with jitter on the upper half."""
    ceiling = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (attempts - 1))
    return timedelta(seconds=random.uniform(ceiling / 2, ceiling))  # noqa: S311  # jitter, no secret


async def _send_batch(run: Run, channel: Channel) -> bool:
    """Whether there may be more."""
    found, claimed = await run.works.attempt(run.tenant, SYSTEM, partial(_claim, channel=channel))
    if not claimed:
        return found > 0
    async with run.works.read(run.tenant, SYSTEM, fresh=True) as work:
        parcels = await _read_parcels(work, claimed)
        until = work.now + LEASE - MARGIN
    known = {parcel.id for parcel in parcels}
    if gone := [each.id for each in claimed if each.id not in known]:
        await _drop(run, gone, "read before, or nobody is there")
    attempts = {each.id: each.attempts for each in claimed}
    left: Sequence[Parcel] = ()
    async with channel.open(run, parcels) as sender:
        for begin in range(0, len(parcels), channel.at_once):
            if run.works.clock() >= until:
                left = parcels[begin:]
                break
            now = parcels[begin : begin + channel.at_once]
            sends = (_send(run, channel, sender, each, attempts[each.id]) for each in now)
            if not all(await asyncio.gather(*sends)):
                left = parcels[begin + channel.at_once :]
                break
        else:
            return True
    await _put_back(run, [each.id for each in left])
    return False


async def _claim(work: Work, *, channel: Channel) -> tuple[int, list[Claimed]]:
    """How many were due, and those of them that are to be sent now. One at most while the channel was down
    when it was last tried: that tells whether it is back."""
    retry_at = await work.one(FIND_OUTAGE, channel.name)
    if retry_at is not None and retry_at > work.now:
        return 0, []
    limit = BATCH if retry_at is None else 1
    claimed = await work.all(CLAIM, channel.name, work.now, work.now + LEASE, limit)
    ids = [each.id for each in claimed]
    left_out = {*await work.all(DROP_UNWANTED, ids), *await work.all(PUT_OFF_QUIET, ids, work.now)}
    return len(claimed), [each for each in claimed if each.id not in left_out]


async def _read_parcels(work: Work, claimed: Sequence[Claimed]) -> list[Parcel]:
    digests = [each.id for each in claimed if each.notification_id is None]
    gathered = await work.all(LIST_GATHERED, digests) if digests else []
    ids = [each.id for each in claimed if each.notification_id is not None]
    worded = {each.id: each for each in await read_deliveries(work, ids=[*ids, *(g.id for g in gathered)])}
    parcels = [Parcel(each, (worded[each],)) for each in ids if each in worded]
    for digest_id in digests:
        inside = tuple(worded[g.id] for g in gathered if g.digest_id == digest_id and g.id in worded)
        if inside:
            parcels.append(Parcel(digest_id, inside[:LONGEST_DIGEST], digest=True))
    return parcels


async def _send(run: Run, channel: Channel, sender: Sender, parcel: Parcel, attempts: int) -> bool:
    """Whether the channel takes more."""
    try:
        await sender.send(parcel)
    except Unwanted as nowhere:
        await _drop(run, [parcel.id], str(nowhere))
    except Undeliverable as never:
        await _fail(run, channel, parcel, str(never))
    except ChannelDown as down:
        log.warning("a channel is down", channel=channel.name, error=str(down))
        await run.works.attempt(run.tenant, SYSTEM, partial(_note, channel=channel.name, error=str(down)))
        await _try_later(run, channel, parcel, attempts, str(down))
        return False
    except NotNow as later:
        await _try_later(run, channel, parcel, attempts, str(later))
    except Exception as bug:
        # One that nobody can send must not keep the others waiting; in the end an operator finds it.
        log.exception("a delivery failed", channel=channel.name, delivery=str(parcel.id))
        await _try_later(run, channel, parcel, attempts, f"{type(bug).__name__}")
    else:
        await run.works.attempt(run.tenant, SYSTEM, partial(_sent, channel=channel.name, parcel=parcel))
    return True


async def _sent(work: Work, *, channel: str, parcel: Parcel) -> None:
    await work.run(MARK_SENT, parcel.id, work.now)
    await work.run(END_OUTAGE, channel)


async def _note(work: Work, *, channel: str, error: str) -> None:
    await work.run(NOTE_OUTAGE, channel, work.now, error[:LONGEST_ERROR])


async def _try_later(run: Run, channel: Channel, parcel: Parcel, attempts: int, error: str) -> None:
    if attempts >= MAX_ATTEMPTS:
        await _fail(run, channel, parcel, f"{error}, after {attempts} attempts")
        return
    async with run.works.write(run.tenant, SYSTEM) as work:
        await work.run(TRY_LATER, parcel.id, error[:LONGEST_ERROR], work.now + pause_after(attempts))


async def _fail(run: Run, channel: Channel, parcel: Parcel, error: str) -> None:
    log.warning("a delivery is given up", channel=channel.name, delivery=str(parcel.id), error=error)
    async with run.works.write(run.tenant, SYSTEM) as work:
        await work.run(MARK_FAILED, parcel.id, error[:LONGEST_ERROR], work.now)


async def _drop(run: Run, ids: Sequence[UUID], why: str) -> None:
    async with run.works.write(run.tenant, SYSTEM) as work:
        await work.run(MARK_DROPPED, list(ids), why[:LONGEST_ERROR])


async def _put_back(run: Run, ids: Sequence[UUID]) -> None:
    if not ids:
        return
    async with run.works.write(run.tenant, SYSTEM) as work:
        await work.run(PUT_BACK, list(ids), work.now)
