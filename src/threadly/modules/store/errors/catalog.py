"""What the catalog and the stock refuse."""

from collections.abc import Sequence

import msgspec

from threadly.platform.errors import FieldProblem, Kind, Refusal
from threadly.platform.ids import UUID

__all__ = [
    "CategoryMissing",
    "HandleTaken",
    "LastVariant",
    "NothingToSell",
    "OptionsTaken",
    "ProductMissing",
    "ProductWithheld",
    "SearchMissing",
    "Short",
    "SkuTaken",
    "SlugTaken",
    "SoldOut",
    "StockReserved",
    "TooManyCategories",
    "TooManyVariants",
    "VariantMissing",
    "VariantReserved",
]


class ProductMissing(Refusal):
    """Also what someone is told who may not know that the product exists."""

    code = "store.product_missing"
    kind = Kind.MISSING
    message = "There is no such product. It may no longer be for sale."


class ProductWithheld(Refusal):
    code = "store.product_withheld"
    kind = Kind.CONFLICT
    message = "A moderator took this product out of the shop. Its seller reads why, and appeals, at /cases."
    field = "status"


class SearchMissing(Refusal):
    code = "store.search_missing"
    kind = Kind.INVALID
    message = "Only a search has an order by relevance. Please say what to search for in q."
    field = "sort"


class VariantMissing(Refusal):
    code = "store.variant_missing"
    kind = Kind.MISSING
    message = "There is no such variant. It may no longer be for sale."


class CategoryMissing(Refusal):
    code = "store.category_missing"
    kind = Kind.MISSING
    message = "There is no such category."


class HandleTaken(Refusal):
    code = "store.handle_taken"
    kind = Kind.CONFLICT
    message = "Another product has this handle. Please choose another one."
    field = "handle"


class SlugTaken(Refusal):
    code = "store.slug_taken"
    kind = Kind.CONFLICT
    message = "Another category has this slug. Please choose another one."
    field = "slug"


class SkuTaken(Refusal):
    code = "store.sku_taken"
    kind = Kind.CONFLICT
    message = "Another variant has this SKU. Each SKU names one variant of the shop."
    field = "sku"


class OptionsTaken(Refusal):
    code = "store.options_taken"
    kind = Kind.CONFLICT
    message = "The product has a variant with these options already."
    field = "option_values"


class NothingToSell(Refusal):
    code = "store.nothing_to_sell"
    kind = Kind.CONFLICT
    message = "A product needs at least one variant with a price before it can be published."


class LastVariant(Refusal):
    code = "store.last_variant"
    kind = Kind.CONFLICT
    message = "This is the product’s last variant. Archive the product instead."


class TooManyCategories(Refusal):
    code = "store.too_many_categories"
    kind = Kind.CONFLICT
    message = "The shop has as many categories as a shop can have. Please remove one first."


class TooManyVariants(Refusal):
    code = "store.too_many_variants"
    kind = Kind.CONFLICT
    message = "The product has as many variants as a product can have."


class VariantReserved(Refusal):
    code = "store.variant_reserved"
    kind = Kind.CONFLICT
    message = "Somebody is buying this variant right now. Please try again in a few minutes."


class StockReserved(Refusal):
    code = "store.stock_reserved"
    kind = Kind.CONFLICT
    message = "More units than that belong to orders that are being paid. Count again once they are done."
    field = "on_hand"


class Short(msgspec.Struct, frozen=True):
    """A line of which there is not enough; `left` is 0 also where the variant is gone."""

    variant_id: UUID
    title: str
    wanted: int
    left: int


class SoldOut(Refusal):
    """Nothing was reserved: `short` says of what there is too little."""

    code = "store.sold_out"
    kind = Kind.CONFLICT
    message = "Some of this is sold out."

    def __init__(self, short: Sequence[Short]) -> None:
        self.short = tuple(short)
        details = [FieldProblem(f"lines.{each.variant_id}", self.code, _sentence(each)) for each in short]
        super().__init__(details[0].message if len(details) == 1 else None, details=details)


def _sentence(short: Short) -> str:
    if short.left <= 0:
        return f"“{short.title}” is sold out. Please remove it from your cart."
    units = "one is" if short.left == 1 else f"{short.left} are"
    return f"Of “{short.title}” only {units} left. Please take fewer."
