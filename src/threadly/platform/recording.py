"""Recording, for the time that a process serves: its keeper, connected with the other processes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import msgspec

from threadly.platform.chores import doing
from threadly.platform.locks import keep_noting_locks
from threadly.platform.pubsub import Hint
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry import metrics, tracing
from threadly.platform.telemetry.keeper import KEEP_CHANNEL, Keeper, Take

__all__ = ["recording"]


@asynccontextmanager
async def recording(
    runtime: Runtime, service: str, *, takers: Sequence[Take] = ()
) -> AsyncIterator[Keeper | None]:
    """Spans are recorded inside, kept ones go to `takers` and, if configured, over OTLP. `service` is "web"
    or "worker". Nothing is recorded if the settings say so."""
    settings = runtime.settings
    if not settings.traces:
        yield None
        return
    keeper = Keeper(settings, service, takers=takers)
    if settings.otlp_endpoint:
        from threadly.platform.telemetry.otlp import exporting_to  # costs memory, so only where it is used

        keeper.takers.append(exporting_to(settings.otlp_endpoint, f"threadly-{service}"))
    chores = {
        "keeper.listen": partial(_listen, keeper, runtime),
        "keeper.locks": partial(keep_noting_locks, keeper, runtime.database),
    }
    metrics.watch(
        "threadly_recorded_lost",
        "Parts of traces and lines of the log that could not be kept since the process began.",
        lambda: float(keeper.dropped),
    )
    before = tracing.keeper()
    async with keeper.working(runtime.pubsub.publish_many):
        tracing.record_with(keeper)
        try:
            async with doing(chores):
                yield keeper
        finally:
            tracing.record_with(before)


class _Kept(msgspec.Struct, frozen=True):
    traces: list[str]


async def _listen(keeper: Keeper, runtime: Runtime) -> None:
    """What another process keeps of a trace, this one keeps too."""
    async with runtime.pubsub.subscribe(KEEP_CHANNEL) as news:
        async for item in news:
            if isinstance(item, Hint):
                for trace_id in msgspec.convert(item.payload, _Kept).traces:
                    keeper.ask(trace_id)
