"""What the store does later, on a schedule, or when something is due."""

from datetime import timedelta
from typing import Final

from threadly.modules.store import confirming
from threadly.modules.store.importing.job import run_import
from threadly.modules.store.repository.cart import DELETE_FORGOTTEN
from threadly.modules.store.repository.checkout import FORGET_CHECKOUTS, LIST_EXPIRED
from threadly.modules.store.repository.orders import ADD_PARTITIONS, BLANK_LEFT_ORDERS
from threadly.modules.store.rules.cart import FORGOTTEN_AFTER
from threadly.modules.store.verbs.settling import release_expired_order
from threadly.platform.durable import Job, Run, Schedule, job
from threadly.platform.durable.due import Watch
from threadly.platform.housekeeping import forget_older
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = [
    "JOBS",
    "SCHEDULES",
    "WATCHES",
    "add_partitions",
    "forget_carts",
    "forget_checkouts",
    "release_expired",
]

MONTHS_AHEAD = 3
# Longer than the stored answers of the same requests: a repetition that finds no answer finds its order.
CHECKOUTS_KEPT = timedelta(days=3)


@job("store.release_expired")
async def release_expired(run: Run, *, subject_id: str, tries: int) -> None:  # noqa: ARG001  # as it is called
    """An order that was not paid within its time is cancelled, and what it held is given back."""

    async def release(work: Work) -> None:
        await release_expired_order(work, order_id=UUID(subject_id))

    await run.transact("release", release)


@job("store.add_partitions")
async def add_partitions(run: Run) -> None:
    """The months to come have a partition before there are orders in them."""

    async def add(work: Work) -> int | None:
        return await work.one(ADD_PARTITIONS, MONTHS_AHEAD)

    await run.transact("add", add)


@job("store.forget_checkouts")
async def forget_checkouts(run: Run) -> None:
    """Which request made which order, of some days ago; and who bought what, of people who are gone."""

    async def blank(work: Work) -> int:
        return await work.run(BLANK_LEFT_ORDERS)

    await forget_older(run, FORGET_CHECKOUTS, CHECKOUTS_KEPT)
    await run.transact("blank", blank)


@job("store.forget_carts")
async def forget_carts(run: Run) -> None:
    """Guests' carts that nobody has touched for a long time."""
    await forget_older(run, DELETE_FORGOTTEN, FORGOTTEN_AFTER)


JOBS: Final[list[Job]] = [
    release_expired,
    add_partitions,
    forget_carts,
    forget_checkouts,
    run_import,
    *confirming.JOBS,
]
SCHEDULES: Final[list[Schedule]] = [
    Schedule("11 2 * * *", add_partitions),
    Schedule("29 3 * * *", forget_checkouts),
    Schedule("53 3 * * *", forget_carts),
]
WATCHES: Final[list[Watch]] = [Watch("store.expired", LIST_EXPIRED, release_expired)]
