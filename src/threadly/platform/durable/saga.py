"""Sagas: several durable steps that succeed together, or are compensated in reverse."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog

__all__ = ["SagaStep", "run_saga"]

log = structlog.get_logger(__name__)


class SagaStep(msgspec.Struct, frozen=True):
    """`act` does it, by durable steps of its own; `undo` compensates what `act` did, also half of it, and is
    safe to run when `act` did nothing."""

    name: str
    act: Callable[[], Awaitable[None]]
    undo: Callable[[], Awaitable[None]] | None = None


async def run_saga(steps: Sequence[SagaStep]) -> None:
    """Run `steps` in order inside a job. When one raises, it and those before it are undone, last first, and
    its exception is raised again. An `undo` that raises stops the job, which an operator then sees as failed.
    """
    started: list[SagaStep] = []
    try:
        for step in steps:
            started.append(step)
            await step.act()
    except Exception as error:
        log.warning("saga is compensated", failed_step=started[-1].name, error=repr(error))
        for step in reversed(started):
            if step.undo is not None:
                await step.undo()
        raise
