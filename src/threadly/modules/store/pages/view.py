"""What templates show of the catalog: products as cards and as pages, their stock in words."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from threadly.modules.media import Media
from threadly.modules.store.pages.art import Art, art_of
from threadly.modules.store.types.catalog import AttributeValue, Product, ProductSummary, Variant
from threadly.platform.money import Money

__all__ = [
    "ChoiceView",
    "Picture",
    "ProductCard",
    "ProductView",
    "Stock",
    "VariantView",
    "card_of",
    "picture_of",
    "product_view",
    "stock_of",
]

FEW = 5
"""From so many units on nobody is told how many are left."""


class Picture(msgspec.Struct, frozen=True):
    """A product's image where this site has it (pages load nothing from elsewhere), or else its art."""

    art: Art
    url: str | None
    alt: str


class Stock(msgspec.Struct, frozen=True):
    """`kind` is what the stylesheet colours by."""

    kind: str
    text: str


class ProductCard(msgspec.Struct, frozen=True):
    """`from_price`: its variants cost that and more."""

    handle: str
    title: str
    vendor: str
    picture: Picture
    price: str
    from_price: bool
    available: bool


class VariantView(msgspec.Struct, frozen=True):
    """`most` is how many can be put into a cart; `saving` in percent of what it cost before."""

    id: str
    name: str
    values: list[str]
    price: str
    compare_at: str | None
    saving: int
    stock: Stock
    available: bool
    most: int


class ChoiceView(msgspec.Struct, frozen=True):
    """One of the things in which the variants differ."""

    name: str
    values: list[str]


class FactView(msgspec.Struct, frozen=True):
    name: str
    text: str


class ProductView(msgspec.Struct, frozen=True):
    """`description` is clean HTML. `choices` is empty for a product with one variant only."""

    handle: str
    title: str
    vendor: str
    category: str | None
    category_slug: str | None
    description: str
    picture: Picture
    media: list[Media]
    choices: list[ChoiceView]
    variants: list[VariantView]
    facts: list[FactView]
    available: bool


MOST_UNITS = 99
"""What the field for a quantity offers; the API takes more."""


def card_of(product: ProductSummary, *, host: str) -> ProductCard:
    return ProductCard(
        handle=product.handle,
        title=product.title,
        vendor=product.vendor,
        picture=picture_of(product.title, product.image_url, product.image_alt, host=host),
        price=str(product.price),
        from_price=product.price != product.highest_price,
        available=product.available,
    )


def product_view(product: Product, *, host: str) -> ProductView:
    return ProductView(
        handle=product.handle,
        title=product.title,
        vendor=product.vendor,
        category=product.category.name if product.category else None,
        category_slug=product.category.slug if product.category else None,
        description=product.description,
        picture=picture_of(product.title, product.image_url, product.image_alt, host=host),
        media=product.media,
        choices=_choices(product.options, product.variants),
        variants=[_variant(each) for each in product.variants],
        facts=[FactView(_titled(name), _said(value)) for name, value in product.attributes.items()],
        available=product.available,
    )


def picture_of(title: str, url: str | None, alt: str, *, host: str) -> Picture:
    """`host` is where the page itself comes from."""
    found = urlsplit(url) if url else None
    ours = found is not None and (
        found.netloc == host or (not found.netloc and found.path.startswith("/media/"))
    )
    return Picture(art=art_of(title), url=url if ours else None, alt=alt)


def stock_of(*, available: bool, left: int | None) -> Stock:
    """What is said of the stock: never a number that is not yet a reason to hurry."""
    if not available:
        return Stock("out", "Sold out")
    if left is not None and left <= FEW:
        return Stock("few", f"Only {left} left")
    return Stock("in", "In stock")


def _variant(variant: Variant) -> VariantView:
    before, price = variant.compare_at, variant.price
    cheaper = before is not None and before.amount_minor > price.amount_minor
    return VariantView(
        id=str(variant.id),
        name=" / ".join(variant.option_values),
        values=variant.option_values,
        price=str(price),
        compare_at=str(before) if cheaper else None,
        saving=_saving(before, price) if before is not None and cheaper else 0,
        stock=stock_of(available=variant.available, left=variant.left),
        available=variant.available,
        most=MOST_UNITS if variant.left is None else min(max(variant.left, 1), MOST_UNITS),
    )


def _saving(before: Money, price: Money) -> int:
    return (before.amount_minor - price.amount_minor) * 100 // before.amount_minor


def _choices(options: Sequence[str], variants: Sequence[Variant]) -> list[ChoiceView]:
    if len(variants) < 2:
        return []
    return [
        ChoiceView(name, list(dict.fromkeys(each.option_values[index] for each in variants)))
        for index, name in enumerate(options)
    ]


def _titled(name: str) -> str:
    """`dishwasher_safe` as people write it."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _said(value: AttributeValue) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return str(value)
