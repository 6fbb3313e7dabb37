"""What a job is, and what it holds while it runs."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

if TYPE_CHECKING:
    from threadly.platform.work import Tenant, Work, Works

__all__ = ["Job", "Run", "Schedule", "job"]

T = TypeVar("T")

DEFAULT_ATTEMPTS = 8
AT_ONCE = 16
# What the clock starts comes due for every tenant in one minute: apart and few at once, it delays nothing
# that somebody waits for.
SCHEDULED_QUEUE = "schedules"
SCHEDULED_AT_ONCE = 4


class Run(Protocol):
    """One run of a job. What a step returned is recorded: after a crash the job starts over, finished steps
    answer from the record, and the first unfinished one runs again.

    Between steps a job must be deterministic: no clock, no randomness, no I/O of its own. Step results are
    JSON values.
    """

    tenant: "Tenant"
    job_id: str
    works: "Works"

    async def step(
        self, name: str, act: Callable[[], Awaitable[T]], *, attempts: int = DEFAULT_ATTEMPTS
    ) -> T:
        """One call of the outside world, at least once: retried with exponential backoff, then what the last
        attempt raised is raised."""
        ...

    async def transact(self, name: str, act: Callable[["Work"], Awaitable[T]]) -> T:
        """One write Work, exactly once: its commit and the record that it is done are the same commit."""
        ...


class Job(msgspec.Struct, frozen=True):
    """A named piece of work. `name` is stored, so it outlives versions; each queue is worked on apart, by so
    many `at_once` in one worker."""

    name: str
    queue: str
    act: Callable[..., Awaitable[None]]
    at_once: int = AT_ONCE


class Schedule(msgspec.Struct, frozen=True):
    """Run `job` once per tenant at each time of `cron` (five fields, UTC), in SCHEDULED_QUEUE."""

    cron: str
    job: Job

    @property
    def is_daily(self) -> bool:
        """Whether it names the hour: then what is missed is made up for, since the next time is far."""
        return self.cron.split()[-4].isdecimal()


def job(
    name: str, *, queue: str = "default", at_once: int = AT_ONCE
) -> Callable[[Callable[..., Awaitable[None]]], Job]:
    """Declare a job: `@job("identity.send_link", queue="mail")` over `async def …(run, *, link_id: str)`.

    Arguments are JSON values, given by keyword.
    """

    def declare(act: Callable[..., Awaitable[None]]) -> Job:
        return Job(name, queue, act, at_once)

    return declare
