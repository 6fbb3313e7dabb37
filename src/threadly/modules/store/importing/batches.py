"""One batch of products, from the rows of the file into the shop or, in a rehearsal, into nothing."""

from collections.abc import Sequence

import asyncpg
import msgspec

from threadly.modules.store.importing.known import Changes, Part, difference
from threadly.modules.store.importing.merging import Merger
from threadly.modules.store.importing.products import Batch, ProductRows
from threadly.modules.store.importing.rehearsal import Rehearsal
from threadly.modules.store.importing.writing import write_changes
from threadly.modules.store.repository.imports import (
    LIST_KNOWN_CATEGORIES,
    LIST_PRODUCTS_OF,
    LIST_SKU_HOLDERS,
    LIST_VARIANTS_OF,
    LOCK_IMPORTS,
    PLAN_ANEW,
)
from threadly.modules.store.types.imports import ImportCounts, ImportProblem
from threadly.platform.ids import new_id
from threadly.platform.work import Work

__all__ = ["BatchDone", "rehearse_batch", "write_batch"]

REFUSED_BY_DATABASE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


class BatchDone(msgspec.Struct, frozen=True):
    """What became of a batch; `problems` in the order of their lines."""

    counts: ImportCounts
    problems: Sequence[ImportProblem]


async def write_batch(work: Work, batch: Batch, *, currency: str) -> BatchDone:
    """Into the shop. What the database refuses of it, against expectation, costs only its own product."""
    await work.run(LOCK_IMPORTS)
    await work.run(PLAN_ANEW)
    try:
        async with work.savepoint():
            counts, problems = await _write(work, batch.products, currency)
    except REFUSED_BY_DATABASE:
        counts, problems = await _write_each(work, batch.products, currency)
    return _done(batch, counts, problems)


async def rehearse_batch(work: Work, batch: Batch, *, currency: str, rehearsal: Rehearsal) -> BatchDone:
    """Nowhere: `rehearsal` remembers what the shop would be, and `work` only
    reads, but in a transaction, whose setting PLAN_ANEW is."""
    await work.run(PLAN_ANEW)
    before = rehearsal.play_over(await _read_part(work, batch.products), batch.products)
    merger, changes = _merge(before, batch.products, currency)
    rehearsal.remember(merger.part, changes)
    return _done(batch, changes.counts, merger.problems)


async def _write(
    work: Work, products: Sequence[ProductRows], currency: str
) -> tuple[ImportCounts, list[ImportProblem]]:
    before = await _read_part(work, products)
    merger, changes = _merge(before, products, currency)
    await write_changes(work, merger.part, changes)
    return changes.counts, merger.problems


async def _write_each(
    work: Work, products: Sequence[ProductRows], currency: str
) -> tuple[ImportCounts, list[ImportProblem]]:
    counts, problems = ImportCounts(), list[ImportProblem]()
    for product in products:
        try:
            async with work.savepoint():
                more, found = await _write(work, [product], currency)
        except REFUSED_BY_DATABASE:
            reason = "The database does not take this product. Please check its cells."
            problems.append(ImportProblem(product.line, reason))
        else:
            counts, problems = counts + more, problems + found
    return counts, problems


def _merge(before: Part, products: Sequence[ProductRows], currency: str) -> tuple[Merger, Changes]:
    merger = Merger(before.copy(), currency=currency, make_id=new_id)
    merger.merge(products)
    changes = difference(
        before,
        merger.part,
        touched_products=merger.touched_products,
        touched_variants=merger.touched_variants,
    )
    return merger, changes


def _done(batch: Batch, counts: ImportCounts, problems: Sequence[ImportProblem]) -> BatchDone:
    found = sorted([*batch.problems, *problems], key=lambda problem: problem.line)
    return BatchDone(counts + ImportCounts(row_count=batch.row_count, problem_count=len(found)), found)


async def _read_part(work: Work, products: Sequence[ProductRows]) -> Part:
    handles = {each.handle for each in products}
    skus = {variant.sku for each in products for variant in each.variants if variant.sku}
    known = await work.all(LIST_PRODUCTS_OF, list(handles))
    return Part.of(
        known,
        await work.all(LIST_VARIANTS_OF, [each.id for each in known]) if known else [],
        await work.all(LIST_SKU_HOLDERS, list(skus)) if skus else [],
        await work.all(LIST_KNOWN_CATEGORIES),
    )
