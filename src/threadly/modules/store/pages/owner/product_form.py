"""The form of a product: what was typed as what the catalog takes, and a product as what is typed."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec
from msgspec import UNSET

from threadly.modules.store.pages.owner.forms import Reading, amount_text
from threadly.modules.store.types.catalog import (
    AttributeKind,
    AttributeSpec,
    AttributeValue,
    NewProduct,
    NewVariant,
    Product,
    ProductChange,
    Variant,
    VariantChange,
)
from threadly.web import Form

__all__ = [
    "OPTIONS",
    "PRODUCT_LABELS",
    "VARIANT_LABELS",
    "AttributeField",
    "attribute_fields",
    "attribute_labels",
    "change_of_product",
    "change_of_variant",
    "new_product",
    "new_variant",
    "values_of_product",
    "values_of_variant",
]

OPTIONS: Final = (0, 1, 2)
PRODUCT_LABELS: Final = {
    "title": "Title",
    "handle": "Handle",
    "description": "Description",
    "vendor": "Vendor",
    "category": "Category",
    "tags": "Tags",
    "image_url": "Image address",
    "image_alt": "Image description",
    "attributes": "Details",
    **{f"options[{number}]": f"Option {number + 1}" for number in OPTIONS},
}
VARIANT_LABELS: Final = {
    **{f"option_values[{number}]": f"Value {number + 1}" for number in OPTIONS},
    "price": "Price",
    "compare_at": "Price before",
    "sku": "SKU",
    "barcode": "Barcode",
    "grams": "Weight",
    "on_hand": "Units on hand",
}
MOST_GRAMS: Final = 1_000_000_000
_AT: Final = "attributes."
_YES, _NO = "yes", "no"


class AttributeField(msgspec.Struct, frozen=True):
    """An attribute of the category as a field; `name` is the input's, `id` fits an address."""

    id: str
    name: str
    label: str
    kind: AttributeKind
    choices: list[tuple[str, str]]
    value: str
    required: bool


def attribute_fields(specs: Mapping[str, AttributeSpec], form: Form) -> list[AttributeField]:
    """What the category asks for, with what was typed."""
    return [
        AttributeField(
            id=f"attribute-{index}",
            name=_AT + name,
            label=f"{name} ({spec.unit})" if spec.unit else name,
            kind=spec.type,
            choices=_choices(spec),
            value=form.values.get(_AT + name, ""),
            required=spec.required,
        )
        for index, (name, spec) in enumerate(specs.items())
    ]


def _choices(spec: AttributeSpec) -> list[tuple[str, str]]:
    """Values and what they are called."""
    if spec.type == "boolean":
        return [(_YES, "Yes"), (_NO, "No")]
    return [(each, each) for each in spec.choices]


def attribute_labels(specs: Mapping[str, AttributeSpec]) -> dict[str, str]:
    return {_AT + name: name for name in specs}


def new_product(reading: Reading, specs: Mapping[str, AttributeSpec]) -> NewProduct:
    """A product with its first variant, if a price was typed. Raises InvalidInput."""
    _require_title(reading)
    options = [name for number in OPTIONS if (name := reading.text(f"options[{number}]"))]
    wanted = NewProduct(
        title=reading.text("title"),
        handle=reading.text("handle") or None,
        description=reading.text("description"),
        vendor=reading.text("vendor"),
        category=reading.text("category") or None,
        tags=reading.lines("tags"),
        attributes=_attributes(reading, specs, {}),
        options=options,
        image_url=reading.text("image_url") or None,
        image_alt=reading.text("image_alt"),
        status="active" if reading.text("do") == "publish" else "draft",
        variants=_first_variant(reading),
    )
    reading.refuse()
    return wanted


def change_of_product(reading: Reading, old: Product, specs: Mapping[str, AttributeSpec]) -> ProductChange:
    """Raises InvalidInput."""
    _require_title(reading)
    change = ProductChange(
        title=reading.text("title"),
        handle=reading.text("handle") or old.handle,
        description=reading.text("description"),
        vendor=reading.text("vendor"),
        category=reading.text("category") or None,
        tags=reading.lines("tags"),
        attributes=_attributes(reading, specs, old.attributes),
        options=_options(reading, old),
        # A product with pictures of its own has no field for them here.
        image_url=UNSET if old.media else reading.text("image_url") or None,
        image_alt=UNSET if old.media else reading.text("image_alt"),
    )
    reading.refuse()
    return change


def new_variant(reading: Reading, options: int) -> NewVariant:
    """Raises InvalidInput."""
    variant = _variant(reading, [reading.text(f"option_values[{number}]") for number in range(options)])
    reading.refuse()
    assert variant, "without a price it was refused"
    return variant


def change_of_variant(reading: Reading, options: int) -> VariantChange:
    """All of it but the stock, which is counted. Raises InvalidInput."""
    variant = new_variant(reading, options)
    given = {name: getattr(variant, name) for name in variant.__struct_fields__ if name != "on_hand"}
    return VariantChange(**given)


def values_of_product(product: Product) -> dict[str, str]:
    return {
        "title": product.title,
        "handle": product.handle,
        "description": product.description,
        "vendor": product.vendor,
        "category": str(product.category.id) if product.category else "",
        "tags": ", ".join(product.tags),
        "image_url": product.image_url or "",
        "image_alt": product.image_alt,
        "attributes": "\n".join(f"{name}: {_typed(value)}" for name, value in product.attributes.items()),
        **{_AT + name: _typed(value) for name, value in product.attributes.items()},
        **{f"options[{number}]": name for number, name in enumerate(product.options)},
    }


def values_of_variant(variant: Variant) -> dict[str, str]:
    values = {
        "price": amount_text(variant.price),
        "compare_at": amount_text(variant.compare_at),
        "sku": variant.sku or "",
        "barcode": variant.barcode,
        "grams": str(variant.grams) if variant.grams else "",
        **{f"option_values[{number}]": value for number, value in enumerate(variant.option_values)},
    }
    return values | {name: "on" for name in ("tracked", "ships", "taxable") if getattr(variant, name)}


def _require_title(reading: Reading) -> None:
    """Here, so that it is said together with what else cannot be read."""
    if not reading.text("title"):
        reading.wrong("title", "Title must not be empty.")


def _first_variant(reading: Reading) -> list[NewVariant]:
    typed = any(reading.text(name) for name in ("price", "sku", "on_hand"))
    if not typed and reading.text("do") != "publish":
        return []
    numbers = [number for number in OPTIONS if reading.text(f"options[{number}]")]
    variant = _variant(reading, [reading.text(f"option_values[{number}]") for number in numbers])
    return [variant] if variant else []


def _variant(reading: Reading, option_values: list[str]) -> NewVariant | None:
    price = reading.price("price", required=True)
    compare_at = reading.price("compare_at")
    on_hand, grams = reading.count("on_hand"), reading.count("grams", most=MOST_GRAMS)
    if price is None:
        return None
    return NewVariant(
        price=price,
        sku=reading.text("sku") or None,
        option_values=option_values,
        compare_at=compare_at,
        tracked=reading.ticked("tracked"),
        on_hand=on_hand or 0,
        ships=reading.ticked("ships"),
        taxable=reading.ticked("taxable"),
        grams=grams or 0,
        barcode=reading.text("barcode"),
    )


def _options(reading: Reading, old: Product) -> list[str]:
    """With variants their number stays, so none of the fields may be empty; without, it is free."""
    if old.variants:
        return [reading.text(f"options[{number}]") for number in range(len(old.options))]
    return [name for number in OPTIONS if (name := reading.text(f"options[{number}]"))]


def _attributes(
    reading: Reading, specs: Mapping[str, AttributeSpec], old: Mapping[str, AttributeValue]
) -> dict[str, AttributeValue]:
    if specs:
        found = {name: _value(reading, name, spec) for name, spec in specs.items()}
        return {name: value for name, value in found.items() if value is not None}
    return _free_attributes(reading, old)


def _value(reading: Reading, name: str, spec: AttributeSpec) -> AttributeValue | None:
    text = reading.text(_AT + name)
    if not text:
        return None
    if spec.type == "boolean":
        return text == _YES
    if spec.type == "number":
        found = _number(text)
        if found is None:
            reading.wrong(_AT + name, "Write a number, like 12 or 0.5.")
        return found
    return text


def _free_attributes(reading: Reading, old: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    """One per line, as `Name: value`. What is as it was stays what it was: a number, say."""
    found: dict[str, AttributeValue] = {}
    for line in reading.lines("attributes", separator="\n"):
        name, colon, text = (part.strip() for part in line.partition(":"))
        if not colon or not name:
            reading.wrong(
                "attributes", f"Write one detail per line as Name: value. This one is not: {line[:60]}"
            )
        before = old.get(name)
        found[name] = before if before is not None and _typed(before) == text else text
    return found


def _number(text: str) -> int | float | None:
    try:
        found = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    if not found.is_finite() or abs(found) > 2**53:
        return None
    return int(found) if found == found.to_integral_value() else float(found)


def _typed(value: AttributeValue) -> str:
    if isinstance(value, bool):
        return _YES if value else _NO
    return str(value)
