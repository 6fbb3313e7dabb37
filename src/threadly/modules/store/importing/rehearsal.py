"""What the shop would be if a file were imported: kept on disk, so that a rehearsal needs no more memory than
the import itself, and no lock on the shop."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import TypeVar

import msgspec

from threadly.modules.store.importing.known import Changes, Part
from threadly.modules.store.importing.products import ProductRows
from threadly.modules.store.repository.imports import KnownCategory, KnownProduct, KnownVariant, SkuHolder

__all__ = ["Rehearsal"]

T = TypeVar("T")

SCHEMA = """
CREATE TABLE products (handle TEXT PRIMARY KEY, known BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE skus (sku TEXT PRIMARY KEY, handle TEXT NOT NULL, holder BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX skus_of_product ON skus (handle);
"""
# Fewer than the variables that SQLite takes in one statement, in any version.
MOST_ASKED = 500


class _Known(msgspec.Struct):
    product: KnownProduct
    variants: list[KnownVariant]


class Rehearsal:
    """A context; what it remembers is gone afterwards."""

    def __init__(self) -> None:
        self._disk = sqlite3.connect("")  # a file of its own that nobody sees, deleted at the end
        self._categories: dict[str, KnownCategory] = {}
        self._disk.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {SCHEMA}")

    def __enter__(self) -> "Rehearsal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._disk.close()

    def play_over(self, part: Part, rows: Sequence[ProductRows]) -> Part:
        """The shop's part, with what the rehearsal has made of it so far."""
        handles = {each.handle for each in rows}
        skus = {variant.sku for each in rows for variant in each.variants if variant.sku}
        for known in self._read("SELECT known FROM products WHERE handle IN", handles, _Known):
            part.products[known.product.handle] = known.product
            part.variants[known.product.id] = {each.id: each for each in known.variants}
        self._forget_moved(part)
        for holder in self._read("SELECT holder FROM skus WHERE sku IN", skus, SkuHolder):
            part.skus[holder.sku] = holder
        part.categories.update(self._categories)
        return part

    def remember(self, part: Part, changes: Changes) -> None:
        changed = {each.product_id for each in (*changes.new_variants, *changes.changed_variants)}
        changed |= {each.id for each in (*changes.new_products, *changes.changed_products)}
        products = [each for each in part.products.values() if each.id in changed]
        known = [_Known(each, list(part.variants[each.id].values())) for each in products]
        self._disk.executemany(
            "INSERT OR REPLACE INTO products VALUES (?, ?)",
            [(each.product.handle, msgspec.json.encode(each)) for each in known],
        )
        self._disk.executemany("DELETE FROM skus WHERE handle = ?", [(each.handle,) for each in products])
        self._disk.executemany(
            "INSERT OR REPLACE INTO skus VALUES (?, ?, ?)",
            [
                (variant.sku, each.product.handle, msgspec.json.encode(_holder(each.product, variant)))
                for each in known
                for variant in each.variants
                if variant.sku
            ],
        )
        self._categories |= {each.slug: each for each in changes.categories}

    def _forget_moved(self, part: Part) -> None:
        """SKUs that the shop says a product holds which the rehearsal has changed: it knows better."""
        handles = {holder.handle for holder in part.skus.values()}
        known = {
            each.product.handle
            for each in self._read("SELECT known FROM products WHERE handle IN", handles, _Known)
        }
        for sku, holder in list(part.skus.items()):
            if holder.handle in known:
                del part.skus[sku]

    def _read(self, query: str, keys: Iterable[str], into: type[T]) -> Iterator[T]:
        asked = list(keys)
        for start in range(0, len(asked), MOST_ASKED):
            some = asked[start : start + MOST_ASKED]
            marks = ", ".join("?" * len(some))
            for (found,) in self._disk.execute(f"{query} ({marks})", some).fetchall():
                yield msgspec.json.decode(found, type=into)


def _holder(product: KnownProduct, variant: KnownVariant) -> SkuHolder:
    assert variant.sku
    return SkuHolder(variant.sku, variant.id, product.handle)
