"""An upload of products, worked on. If a worker dies, the next one goes on where it stopped."""

import tempfile
from typing import BinaryIO

from threadly.modules.store.importing.batches import BatchDone
from threadly.modules.store.importing.run import import_products
from threadly.modules.store.repository.imports import (
    BEGIN_IMPORT,
    BEGIN_REHEARSAL,
    END_IMPORT,
    FAIL_IMPORT,
    READ_CONTENT,
    SAVE_PROGRESS,
    StartedRow,
)
from threadly.modules.store.types.imports import MOST_PROBLEMS, ImportProblem
from threadly.modules.store.verbs.shop import STORE_MANAGE
from threadly.platform.durable import Run, job
from threadly.platform.errors import Refusal
from threadly.platform.ids import UUID
from threadly.platform.telemetry import current_trail
from threadly.platform.work import SYSTEM, Actor, Work

__all__ = ["ImportOvertaken", "run_import"]

ATTEMPTS = 6
SLICE_BYTES = 1 << 20


class ImportOvertaken(Exception):
    """Another worker goes on with the same import, so this one stops."""


@job("store.run_import")
async def run_import(run: Run, *, import_id: str) -> None:
    """A batch and the count of its rows are one commit: however often this starts, each counts once."""
    try:
        await run.step("import", lambda: _import(run, UUID(import_id)), attempts=ATTEMPTS)
    except Exception as error:
        problem = ImportProblem(0, _reason(error))
        await run.transact("fail", lambda work: work.run(FAIL_IMPORT, UUID(import_id), work.now, [problem]))
        raise


def _reason(error: Exception) -> str:
    """For whoever uploaded the file; what else is known of the error is in the logs, under the trace."""
    if isinstance(error, Refusal):
        return f"The import was interrupted. {error.message}"
    trail = current_trail()
    where = f" (trace {trail.trace_id})" if trail else ""
    return f"The import was interrupted by an error of ours: {type(error).__name__}{where}."


async def _import(run: Run, import_id: UUID) -> None:
    async with run.works.write(run.tenant, SYSTEM) as work:
        started = await _begin(work, import_id)
    if started is None:
        return
    with tempfile.TemporaryFile() as file:
        await _copy_content(run, import_id, file)
        await _import_rest(run, import_id, started, file)
    async with run.works.write(run.tenant, SYSTEM) as work:
        await work.run(END_IMPORT, import_id, work.now)


async def _begin(work: Work, import_id: UUID) -> StartedRow | None:
    """None when it has ended. A rehearsal has nothing to go on with, and begins again."""
    await work.run(BEGIN_REHEARSAL, import_id)
    return await work.one(BEGIN_IMPORT, import_id)


async def _copy_content(run: Run, import_id: UUID, file: BinaryIO) -> None:
    """In slices, since the file may be large and many may be imported at once."""
    start = 1
    while True:
        async with run.works.read(run.tenant, SYSTEM, fresh=True) as work:
            part = await work.one(READ_CONTENT, import_id, start, SLICE_BYTES)
        if not part:
            break
        file.write(part)
        start += len(part)
    file.seek(0)


async def _import_rest(run: Run, import_id: UUID, started: StartedRow, file: BinaryIO) -> None:
    """What goes in is the uploader's doing, and the audit log says so."""
    actor = Actor(started.uploaded_by, frozenset({STORE_MANAGE}))
    rows, problems = started.row_count, started.problem_count

    async def save(work: Work, done: BatchDone) -> None:
        listed = done.problems[: max(0, MOST_PROBLEMS - problems)]
        counts = done.counts
        saved = await work.run(
            SAVE_PROGRESS,
            *(import_id, rows, counts.row_count),
            *(counts.products_created, counts.products_updated, counts.products_unchanged),
            *(counts.variants_created, counts.variants_updated, counts.variants_unchanged),
            *(counts.problem_count, listed),
        )
        if not saved:
            raise ImportOvertaken

    batches = import_products(
        run.works, run.tenant, actor, file, dry_run=started.dry_run, rows_done=rows, save=save
    )
    async for done in batches:
        rows += done.counts.row_count
        problems += done.counts.problem_count
