"""A whole file, batch by batch: each is one transaction, so that what went in stays in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from typing import BinaryIO

from threadly.modules.store.importing.batches import BatchDone, rehearse_batch, write_batch
from threadly.modules.store.importing.columns import Layout
from threadly.modules.store.importing.products import Batch, read_batches
from threadly.modules.store.importing.reading import Record, read_records
from threadly.modules.store.importing.rehearsal import Rehearsal
from threadly.modules.store.verbs.catalog import get_currency
from threadly.platform.work import Actor, Tenant, Work, Works

__all__ = ["import_products", "layout_of"]

Save = Callable[[Work, BatchDone], Awaitable[None]]


async def import_products(
    works: Works,
    tenant: Tenant,
    actor: Actor,
    file: BinaryIO,
    *,
    dry_run: bool = False,
    rows_done: int = 0,
    save: Save | None = None,
) -> AsyncIterator[BatchDone]:
    """Import a CSV file of products; yields what became of each batch once it is committed.

    The same file again changes nothing. `rows_done` rows are skipped, where an earlier run has stopped.
    `save` records a batch in the transaction that brings it in. `dry_run` changes nothing and says the same.
    Raises ImportUnreadable.
    """
    records = read_records(file)
    layout = layout_of(records)
    for _ in range(rows_done):
        next(records, None)
    async with works.read(tenant, actor, fresh=True) as work:
        currency = await get_currency(work)
    with ExitStack() as stack:
        rehearsal = stack.enter_context(Rehearsal()) if dry_run else None
        batches = read_batches(layout, records, currency=currency)
        # In a thread, since what shares this loop should not wait until a batch is understood.
        while batch := await asyncio.to_thread(next, batches, None):
            if rehearsal is None:
                yield await _write(works, tenant, actor, batch, currency, save)
            else:
                yield await _rehearse(works, tenant, actor, batch, currency, rehearsal, save)


def layout_of(records: Iterator[Record]) -> Layout:
    """What the header says. Raises ImportUnreadable."""
    header = next(records, None)
    return Layout([] if header is None else header.cells)


async def _write(
    works: Works, tenant: Tenant, actor: Actor, batch: Batch, currency: str, save: Save | None
) -> BatchDone:
    async def act(work: Work) -> BatchDone:
        done = await write_batch(work, batch, currency=currency)
        if save:
            await save(work, done)
        return done

    return await works.attempt(tenant, actor, act)


async def _rehearse(
    works: Works,
    tenant: Tenant,
    actor: Actor,
    batch: Batch,
    currency: str,
    rehearsal: Rehearsal,
    save: Save | None,
) -> BatchDone:
    async with works.write(tenant, actor) as work:
        done = await rehearse_batch(work, batch, currency=currency, rehearsal=rehearsal)
        if save:
            await save(work, done)
        return done
