"""What the rows of a file make of the shop: products by handle, variants by SKU and else by their options.

Pure. Nothing is ever removed: what the file does not name stays as it is.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec.structs import replace

from threadly.modules.store.importing.cells import BadCell
from threadly.modules.store.importing.known import Part
from threadly.modules.store.importing.products import ProductRows
from threadly.modules.store.importing.rows import DEFAULT_TITLE, ProductCells, VariantCells
from threadly.modules.store.repository.imports import KnownCategory, KnownProduct, KnownVariant, SkuHolder
from threadly.modules.store.rules.catalog import MOST_CATEGORIES, MOST_VARIANTS
from threadly.modules.store.rules.texts import handle_problem, make_handle
from threadly.modules.store.types.imports import ImportProblem
from threadly.platform.ids import UUID

__all__ = ["Merger"]

T = TypeVar("T")


class Merger:
    """Merges products one after the other into `part`, which it changes; collects the problems."""

    def __init__(self, part: Part, *, currency: str, make_id: Callable[[], UUID]) -> None:
        self.part = part
        self.problems: list[ImportProblem] = []
        self.touched_products: set[UUID] = set()
        self.touched_variants: set[UUID] = set()
        self._currency = currency
        self._make_id = make_id

    def merge(self, products: Iterable[ProductRows]) -> None:
        for rows in products:
            try:
                self._merge_product(rows)
            except BadCell as problem:
                self._refuse(rows, str(problem))

    def _merge_product(self, rows: ProductRows) -> None:
        if rows.refused_at is not None:
            return
        known = self.part.products.get(rows.handle)
        product = self._product(known, rows)
        before = self.part.variants.get(product.id, {})
        variants = _Variants(product, dict(before), self)
        for cells in rows.variants:
            variants.merge(cells)
        if not variants.by_id:
            return  # every row of a new product was bad, which its problems say
        self.part.products[rows.handle] = product
        self.part.variants[product.id] = variants.by_id
        self.touched_products.add(product.id)
        self.touched_variants.update(variants.lines)

    def _product(self, known: KnownProduct | None, rows: ProductRows) -> KnownProduct:
        """Raises BadCell."""
        cells = rows.cells
        if known is None and cells is None:
            raise BadCell("The row has no Title, and the shop has no product with this handle.")
        if known is None:
            assert cells is not None
            known = self._new_product(rows.handle, cells)
        if rows.image_url:
            known = replace(known, image_url=rows.image_url, image_alt=rows.image_alt)
        return known if cells is None else self._with_cells(known, cells, rows.line)

    def _new_product(self, handle: str, cells: ProductCells) -> KnownProduct:
        return KnownProduct(
            id=self._make_id(),
            handle=handle,
            title=cells.title,
            description="",
            vendor="",
            category_id=None,
            tags=[],
            options=cells.options or [],
            status="active",
            image_url=None,
            image_alt="",
            currency=self._currency,
        )

    def _with_cells(self, known: KnownProduct, cells: ProductCells, line: int) -> KnownProduct:
        options = _or(cells.options, known.options)
        if len(options) != len(known.options) and self.part.variants.get(known.id):
            raise BadCell(
                f"The product has {_list(known.options)} in the shop and {_list(options)} in the file. "
                "An import cannot change how many options a product has."
            )
        return replace(
            known,
            title=cells.title,
            description=_or(cells.description, known.description),
            vendor=_or(cells.vendor, known.vendor),
            category_id=self._category(cells.category, known.category_id, line),
            tags=_or(cells.tags, known.tags),
            options=options,
            status=_or(cells.status, known.status),
            currency=self._currency,
        )

    def _category(self, name: str | None, known: UUID | None, line: int) -> UUID | None:
        """The category of that name, made where the shop has none; an empty name is no category."""
        if not name:
            return known if name is None else None
        slug = make_handle(name)
        category = self.part.categories.get(slug)
        if category is None and (problem := self._category_problem(slug)):
            self.problems.append(
                ImportProblem(line, f"It has no category “{name}”. {problem}", imported=True)
            )
            return None
        if category is None:
            category = self.part.categories[slug] = KnownCategory(self._make_id(), slug, name)
        return category.id

    def _category_problem(self, slug: str) -> str | None:
        if len(self.part.categories) >= MOST_CATEGORIES:
            return f"The shop has {MOST_CATEGORIES} categories, which is the most that are possible."
        return handle_problem(slug)

    def _refuse(self, rows: ProductRows, reason: str) -> None:
        self.problems.append(ImportProblem(rows.line, reason))
        self.problems += [
            ImportProblem(each.line, f"Its product is not imported: see line {rows.line}.")
            for each in rows.variants
            if each.line != rows.line
        ]

    def new_variant(
        self, product: KnownProduct, cells: VariantCells, values: list[str], position: int
    ) -> KnownVariant:
        tracked = bool(cells.tracked)
        return KnownVariant(
            id=self._make_id(),
            product_id=product.id,
            sku=cells.sku,
            option_values=values,
            position=position,
            price_minor=cells.price_minor,
            compare_at_minor=cells.compare_at_minor,
            currency=self._currency,
            tracked=tracked,
            on_hand=cells.on_hand or 0,
            counted=cells.on_hand,
            reserved=0,
            ships=_or(cells.ships, True),
            taxable=_or(cells.taxable, True),
            grams=cells.grams or 0,
            barcode=cells.barcode or "",
        )

    def changed_variant(self, known: KnownVariant, cells: VariantCells, values: list[str]) -> KnownVariant:
        tracked = _or(cells.tracked, known.tracked)
        on_hand, counted = self._stock(known, cells, tracked=tracked)
        return replace(
            known,
            sku=cells.sku or known.sku,
            option_values=values,
            price_minor=cells.price_minor,
            compare_at_minor=cells.compare_at_minor,
            currency=self._currency,
            tracked=tracked,
            on_hand=on_hand,
            counted=counted,
            ships=_or(cells.ships, known.ships),
            taxable=_or(cells.taxable, known.taxable),
            grams=_or(cells.grams, known.grams),
            barcode=_or(cells.barcode, known.barcode),
        )

    def _stock(self, known: KnownVariant, cells: VariantCells, *, tracked: bool) -> tuple[int, int | None]:
        """How many are on hand then, and how many of them are counted: as CHANGE_VARIANTS will work it out.

        A file knows nothing of what was sold here since it was written. So it counts by what it says more or
        less than the last time, which is nothing in the same file; its own number is the stock only the first
        time. Units that belong to checkouts under way stay on hand, whatever it says.
        """
        said, lowest = cells.on_hand, known.reserved if tracked else 0
        if known.counted is None:
            on_hand = max(_or(said, known.on_hand), lowest)
            return on_hand, None if said is None else on_hand
        on_hand = max(known.on_hand + _or(said, known.counted) - known.counted, lowest)
        if said not in (None, known.counted, on_hand):
            self._note_stock(cells, on_hand)
        return on_hand, known.counted + on_hand - known.on_hand

    def _note_stock(self, cells: VariantCells, on_hand: int) -> None:
        reason = (
            f"The quantity is {cells.on_hand}; with what was sold, counted and reserved here it makes "
            f"{on_hand} on hand. If {cells.on_hand} were counted just now, set the stock by hand."
        )
        self.problems.append(ImportProblem(cells.line, reason, imported=True))


class _Variants:
    """The variants of one product while rows are merged into them; `lines` says which row a variant has."""

    def __init__(self, product: KnownProduct, by_id: dict[UUID, KnownVariant], merger: Merger) -> None:
        self._product = product
        self._merger = merger
        self.by_id = by_id
        self.lines: dict[UUID, int] = {}
        self._by_values = {tuple(each.option_values): each.id for each in by_id.values()}
        self._next_position = 1 + max((each.position for each in by_id.values()), default=0)

    def merge(self, cells: VariantCells) -> None:
        try:
            self._merge(cells)
        except BadCell as problem:
            self._merger.problems.append(ImportProblem(cells.line, str(problem)))

    def _merge(self, cells: VariantCells) -> None:
        values = _values_for(self._product.options, cells.values)
        of_values = self._by_values.get(tuple(values))
        variant_id = self._holder_of(cells.sku) or of_values
        if variant_id is not None and variant_id in self.lines:
            raise BadCell(f"The row is of the same variant as line {self.lines[variant_id]}.")
        if of_values not in (None, variant_id):
            raise BadCell(
                f"SKU “{cells.sku}” belongs to another variant of this product than {_list(values)}."
            )
        self._put(
            self._new(cells, values) if variant_id is None else self._changed(variant_id, cells, values),
            cells,
        )

    def _holder_of(self, sku: str | None) -> UUID | None:
        """The variant of this product that has the SKU. Raises BadCell if it is another product's."""
        holder = self._merger.part.skus.get(sku) if sku else None
        if holder is None:
            return None
        if holder.handle != self._product.handle:
            raise BadCell(f"SKU “{sku}” belongs to the product “{holder.handle}” already.")
        return holder.variant_id

    def _new(self, cells: VariantCells, values: list[str]) -> KnownVariant:
        if len(self.by_id) >= MOST_VARIANTS:
            raise BadCell(f"A product has at most {MOST_VARIANTS:,} variants.")
        position, self._next_position = self._next_position, self._next_position + 1
        return self._merger.new_variant(self._product, cells, values, position)

    def _changed(self, variant_id: UUID, cells: VariantCells, values: list[str]) -> KnownVariant:
        known = self.by_id[variant_id]
        self._by_values.pop(tuple(known.option_values), None)
        if known.sku is not None and cells.sku not in (None, known.sku):
            self._merger.part.skus.pop(known.sku, None)
        return self._merger.changed_variant(known, cells, values)

    def _put(self, variant: KnownVariant, cells: VariantCells) -> None:
        self.by_id[variant.id] = variant
        self.lines[variant.id] = cells.line
        self._by_values[tuple(variant.option_values)] = variant.id
        if variant.sku is not None:
            self._merger.part.skus[variant.sku] = SkuHolder(variant.sku, variant.id, self._product.handle)


def _values_for(options: list[str], values: list[str]) -> list[str]:
    """One value per option. Raises BadCell."""
    if not options and values in ([], [DEFAULT_TITLE]):
        return []
    if len(values) == len(options) and all(values):
        return values
    if not options:
        raise BadCell(f"The product has no options, but the row gives {_list(values)}.")
    raise BadCell(f"The row needs a value for each option of the product: {', '.join(options)}.")


def _list(names: list[str]) -> str:
    return f"“{', '.join(names)}”" if names else "no options"


def _or(said: T | None, known: T) -> T:
    return known if said is None else said
