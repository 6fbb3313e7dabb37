"""What products, variants and categories may be. Pure; every text comes from outside.

Each `check_…` returns what is kept and puts what is wrong into Problems, one for each field.
"""

import unicodedata
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final

import regex

from threadly.modules.store.rules.attributes import check_attributes, check_specs
from threadly.modules.store.rules.problems import Problems
from threadly.modules.store.rules.texts import clean_html, handle_problem, is_web_address
from threadly.modules.store.types.catalog import (
    MOST_UNITS,
    AttributeSpec,
    NewCategory,
    NewProduct,
    NewVariant,
)
from threadly.platform.money import MOST_MINOR, Money

__all__ = [
    "LONGEST_SEARCH",
    "LONGEST_TITLE",
    "MOST_CATEGORIES",
    "MOST_OPTIONS",
    "MOST_TAGS",
    "MOST_VARIANTS",
    "check_category",
    "check_product",
    "check_units",
    "check_variant",
]

LONGEST_TITLE: Final = 255
LONGEST_DESCRIPTION: Final = 100_000
LONGEST_VENDOR: Final = 255
LONGEST_TAG: Final = 255
MOST_TAGS: Final = 250
LONGEST_SKU: Final = 255
LONGEST_BARCODE: Final = 255
LONGEST_OPTION: Final = 255
MOST_OPTIONS: Final = 3
MOST_VARIANTS: Final = 2_000
LONGEST_URL: Final = 2_000
# Where this site serves the pictures that were uploaded for a product.
OWN_PICTURE: Final = regex.compile(r"/media/[0-9a-f]{64}/[a-z]+")
LONGEST_ALT: Final = 512
LONGEST_CATEGORY: Final = 100
MOST_CATEGORIES: Final = 500

_UNREADABLE: Final = regex.compile(r"[\p{Cc}\p{Cs}--\t\r\n]", regex.V1)
LONGEST_SEARCH: Final = 200


def check_product(
    product: NewProduct, *, specs: Mapping[str, AttributeSpec] | None, currency: str, problems: Problems
) -> NewProduct:
    """The product as it is kept; its handle is the given one or empty."""
    options = _check_options(product.options, problems)
    problems.count("variants", product.variants, most=MOST_VARIANTS)
    return NewProduct(
        title=problems.line("title", product.title, most=LONGEST_TITLE, required=True),
        handle=_check_handle(product.handle, problems),
        description=_check_description(product.description, problems),
        vendor=problems.line("vendor", product.vendor, most=LONGEST_VENDOR),
        category=product.category,
        tags=_check_tags(product.tags, problems),
        attributes=check_attributes(product.attributes, specs, problems),
        options=options,
        status=product.status,
        image_url=_check_url(product.image_url, problems),
        image_alt=problems.line("image_alt", product.image_alt, most=LONGEST_ALT),
        variants=_check_variants(product.variants, options, currency, problems),
    )


def check_variant(
    variant: NewVariant, *, options: Sequence[str], currency: str, problems: Problems, at: str = ""
) -> NewVariant:
    """The variant as it is kept; `at` is what stands before its fields' names."""
    if len(variant.option_values) != len(options):
        names = f": {', '.join(options)}" if options else ""
        sentence = f"Must have {len(options)} values, one per option{names}."
        problems.add(f"{at}option_values", "store.options_misfit", sentence)
    compare_at = variant.compare_at
    sku = problems.line(f"{at}sku", variant.sku or "", most=LONGEST_SKU)
    return NewVariant(
        price=_check_price(f"{at}price", variant.price, currency, problems),
        sku=sku or None,
        option_values=[
            problems.line(f"{at}option_values[{index}]", value, most=LONGEST_OPTION, required=True)
            for index, value in enumerate(variant.option_values[:MOST_OPTIONS])
        ],
        compare_at=compare_at and _check_price(f"{at}compare_at", compare_at, currency, problems),
        tracked=variant.tracked,
        on_hand=variant.on_hand,
        ships=variant.ships,
        taxable=variant.taxable,
        grams=variant.grams,
        barcode=problems.line(f"{at}barcode", variant.barcode, most=LONGEST_BARCODE),
    )


def _check_variants(
    variants: Sequence[NewVariant], options: Sequence[str], currency: str, problems: Problems
) -> list[NewVariant]:
    checked = [
        check_variant(each, options=options, currency=currency, problems=problems, at=f"variants[{index}].")
        for index, each in enumerate(variants[:MOST_VARIANTS])
    ]
    _refuse_twice(checked, lambda each: tuple(each.option_values), "option_values", problems)
    _refuse_twice(checked, lambda each: each.sku, "sku", problems)
    return checked


def _refuse_twice(
    variants: Sequence[NewVariant],
    key: Callable[[NewVariant], Hashable | None],
    field: str,
    problems: Problems,
) -> None:
    seen: set[Hashable] = set()
    for index, variant in enumerate(variants):
        value = key(variant)
        if value in seen:
            name = f"variants[{index}].{field}"
            problems.add(name, "store.variant_twice", "Another variant of the product has the same.")
        if value is not None:
            seen.add(value)


def _check_price(field: str, price: Money, currency: str, problems: Problems) -> Money:
    if price.currency != currency:
        problems.add(f"{field}.currency", "store.currency_other", f"This shop sells in {currency}.")
    if not 0 <= price.amount_minor <= MOST_MINOR:
        problems.add(f"{field}.amount_minor", "input.too_large", f"Must be from 0 to {MOST_MINOR}.")
    return price


def _check_handle(handle: str | None, problems: Problems) -> str:
    if handle is None:
        return ""
    handle = unicodedata.normalize("NFC", handle).strip()
    if wrong := handle_problem(handle):
        problems.add("handle", "store.handle_invalid", wrong)
    return handle


def _check_description(text: str, problems: Problems) -> str:
    if len(text) > LONGEST_DESCRIPTION:
        problems.add("description", "input.too_long", f"Must have at most {LONGEST_DESCRIPTION} characters.")
        return ""
    if _UNREADABLE.search(text):
        problems.add("description", "input.unreadable", "Contains characters that cannot be shown.")
        return ""
    return clean_html(text)


def _check_tags(tags: Sequence[str], problems: Problems) -> list[str]:
    """Without those that are there twice, whatever their capitals."""
    problems.count("tags", tags, most=MOST_TAGS)
    lines = [
        problems.line(f"tags[{index}]", tag, most=LONGEST_TAG, required=True)
        for index, tag in enumerate(tags[:MOST_TAGS])
    ]
    kept: dict[str, str] = {}
    for line in lines:
        kept.setdefault(line.casefold(), line)
    return list(kept.values())


def _check_options(names: Sequence[str], problems: Problems) -> list[str]:
    problems.count("options", names, most=MOST_OPTIONS)
    lines = [
        problems.line(f"options[{index}]", name, most=LONGEST_OPTION, required=True)
        for index, name in enumerate(names[:MOST_OPTIONS])
    ]
    if len(set(lines)) < len(lines):
        problems.add("options", "store.options_twice", "Two of the names are the same.")
    return lines


def _check_url(url: str | None, problems: Problems) -> str | None:
    if not url:
        return None
    url = url.strip()
    if OWN_PICTURE.fullmatch(url):
        return url
    if len(url) > LONGEST_URL or not is_web_address(url):
        problems.add(
            "image_url", "input.format", "Must be a web address that begins with https:// or http://."
        )
    return url


def check_category(category: NewCategory, problems: Problems) -> NewCategory:
    """The category as it is kept; its slug is the given one or empty."""
    slug = unicodedata.normalize("NFC", category.slug).strip() if category.slug is not None else ""
    if category.slug is not None and (wrong := handle_problem(slug)):
        problems.add("slug", "store.handle_invalid", wrong)
    return NewCategory(
        name=problems.line("name", category.name, most=LONGEST_CATEGORY, required=True),
        slug=slug,
        position=category.position,
        attributes=check_specs(category.attributes, problems),
    )


def check_units(units: int) -> None:
    """Raises InvalidInput for a number of units that no shelf has."""
    problems = Problems()
    if not 0 <= units <= MOST_UNITS:
        problems.add("on_hand", "input.too_large", f"Must be from 0 to {MOST_UNITS}.")
    problems.refuse()
