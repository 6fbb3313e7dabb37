"""Rows put together to products, and products to batches. Pure, and in memory only as much as a batch."""

from collections.abc import Iterable, Iterator

import msgspec

from threadly.modules.store.importing.columns import Layout
from threadly.modules.store.importing.reading import Record
from threadly.modules.store.importing.rows import ProductCells, Row, VariantCells, understand_row
from threadly.modules.store.types.imports import ImportProblem

__all__ = ["Batch", "ProductRows", "read_batches"]

BATCH_PRODUCTS = 250
BATCH_ROWS = 1_000
# More rows than this of one handle are taken as several products' worth, which merge again in the shop.
MOST_ROWS = 2_500


class ProductRows(msgspec.Struct, gc=False):
    """Consecutive rows of one handle. Without a title `cells` is None, and the shop must know the product.

    `refused_at` is the line of a row that spoils the product.
    """

    handle: str
    line: int
    cells: ProductCells | None = None
    variants: list[VariantCells] = []
    image_url: str | None = None
    image_alt: str = ""
    refused_at: int | None = None
    row_count: int = 0


class Batch(msgspec.Struct):
    """What goes in together. `row_count` counts all rows read for it, also those that are only problems."""

    products: list[ProductRows] = []
    problems: list[ImportProblem] = []
    row_count: int = 0


def read_batches(layout: Layout, records: Iterable[Record], *, currency: str) -> Iterator[Batch]:
    """Every row of the file is in one batch, and rows of one handle that follow each other in the same."""
    batch, current = Batch(), None
    for record in records:
        row = _understand(layout, record, currency)
        if isinstance(row, ImportProblem):
            batch.problems.append(row)
        elif current is not None and current.row_count < MOST_ROWS and row.handle in ("", current.handle):
            _add(current, row, batch.problems)
        elif not row.handle:
            batch.problems.append(_orphan(row))
        else:
            if len(batch.products) >= BATCH_PRODUCTS or batch.row_count >= BATCH_ROWS:
                yield batch
                batch = Batch()
            current = ProductRows(row.handle, row.line)
            batch.products.append(current)
            _add(current, row, batch.problems)
        batch.row_count += 1
    if batch.row_count:
        yield batch


def _understand(layout: Layout, record: Record, currency: str) -> Row | ImportProblem:
    if record.problem:
        return ImportProblem(record.line, record.problem)
    cells = layout.cells_of(record)
    if cells is None:
        return ImportProblem(
            record.line, "The row has more cells than the header. A cell with a comma needs quotation marks."
        )
    return understand_row(record.line, cells, currency=currency)


def _orphan(row: Row) -> ImportProblem:
    reason = row.product_problem or "The row has no Handle and no Title, and no product is above it."
    return ImportProblem(row.line, reason)


def _add(product: ProductRows, row: Row, problems: list[ImportProblem]) -> None:
    product.row_count += 1
    if product.refused_at is not None:
        problems.append(_refused_with(product, row))
        return
    if row.product_problem:
        _refuse(product, row, problems)
        return
    if product.cells is None:
        product.cells = row.product
    if product.image_url is None and row.image_url:
        product.image_url, product.image_alt = row.image_url, row.image_alt
    if row.variant_problem:
        problems.append(ImportProblem(row.line, row.variant_problem))
    elif row.variant:
        product.variants.append(row.variant)
    problems += [
        ImportProblem(row.line, note, imported=True) for note in row.notes if not row.variant_problem
    ]


def _refuse(product: ProductRows, row: Row, problems: list[ImportProblem]) -> None:
    """A row that spoils the product spoils those above it, too, which is rare: it usually is the first."""
    assert row.product_problem
    problems.append(ImportProblem(row.line, row.product_problem))
    problems += [
        ImportProblem(each.line, f"Its product is not imported: see line {row.line}.")
        for each in product.variants
    ]
    product.variants = []
    product.refused_at = row.line


def _refused_with(product: ProductRows, row: Row) -> ImportProblem:
    return ImportProblem(row.line, f"Its product is not imported: see line {product.refused_at}.")
