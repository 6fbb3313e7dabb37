"""A product file as shops export it, with as many rows as wanted; the same for the same seed."""

import csv
from pathlib import Path
from random import Random

__all__ = ["write_products"]

HEADER = (
    *(
        "Handle",
        "Title",
        "Body (HTML)",
        "Vendor",
        "Type",
        "Tags",
        "Published",
        "Option1 Name",
        "Option1 Value",
    ),
    *("Option2 Name", "Option2 Value", "Option3 Name", "Option3 Value", "Variant SKU", "Variant Grams"),
    *("Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy"),
    *("Variant Fulfillment Service", "Variant Price", "Variant Compare At Price"),
    *("Variant Requires Shipping", "Variant Taxable", "Variant Barcode", "Image Src", "Image Position"),
    *("Image Alt Text", "Gift Card", "SEO Title", "SEO Description", "Variant Image", "Variant Weight Unit"),
    *("Variant Tax Code", "Cost per item", "Status"),
)
SIZES = ("XS", "S", "M", "L", "XL")
COLORS = ("Black", "White", "Navy", "Olive")
WORDS = (
    "soft", "wool", "linen", "classic", "light", "warm", "cotton", "leather", "summer", "winter", "striped",
    "plain", "jacket", "shirt", "lamp", "chair", "pot", "scarf", "bag", "table", "basket", "candle",
)  # fmt: skip
TYPES = ("Outdoor", "Indoor", "Shirts", "Shoes", "Kitchen", "Garden", "Bags", "Lights")


def write_products(path: Path, *, rows: int, seed: int = 1) -> None:
    """`rows` data rows: products of one to eight variants, more pictures, prices as people write them.

    Files of two seeds have no product in common.
    """
    random = Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER, restval="")
        writer.writeheader()
        written, number = 0, seed * 1_000_000
        while written < rows:
            number += 1
            for row in _product(random, number)[: rows - written]:
                writer.writerow(row)
                written += 1


def _product(random: Random, number: int) -> list[dict[str, str]]:
    handle = f"{'-'.join(random.choices(WORDS, k=3))}-{number}"
    rows = [
        {"Handle": handle, **_variant(random, number, place), **options}
        for place, options in enumerate(_options(random))
    ]
    title = handle.replace("-", " ").title()
    rows[0] |= {
        "Title": title,
        "Body (HTML)": f"<p>{_text(random, 40)}</p>\n<ul><li>{_text(random, 8)}</li></ul>",
        "Vendor": f"Maker {number % 40}",
        "Type": random.choice(TYPES),
        "Tags": ", ".join(random.choices(WORDS, k=4)),
        "Published": "true",
        "Gift Card": "false",
        "Image Src": f"https://cdn.example/products/{handle}.jpg?v={number}",
        "Image Position": "1",
        "Image Alt Text": title,
        "Status": "active",
    }
    if number % 4 == 0:
        rows.append(
            {"Handle": handle, "Image Src": f"https://cdn.example/{handle}-2.jpg", "Image Position": "2"}
        )
    return rows


def _options(random: Random) -> list[dict[str, str]]:
    if random.random() < 0.4:
        return [{"Option1 Name": "Title", "Option1 Value": "Default Title"}]
    sizes, colors = SIZES[: random.randint(1, 4)], COLORS[: random.randint(1, 2)]
    found = [{"Option1 Value": size, "Option2 Value": color} for size in sizes for color in colors]
    found[0] |= {"Option1 Name": "Size", "Option2 Name": "Color"}
    return found


def _variant(random: Random, number: int, place: int) -> dict[str, str]:
    price = f"{random.randint(5, 200)}.{random.choice(('00', '50', '99'))}"
    return {
        "Variant SKU": f"S{random.getrandbits(32):08x}-{number:06}-{place}",
        "Variant Grams": str(random.randint(0, 5_000)),
        "Variant Inventory Tracker": "shopify",
        "Variant Inventory Qty": str(random.randint(0, 200)),
        "Variant Inventory Policy": "deny",
        "Variant Fulfillment Service": "manual",
        "Variant Price": random.choice((price, price, f"${price}", price.replace(".", ","))),
        "Variant Compare At Price": random.choice(("", "250.00")),
        "Variant Requires Shipping": "true",
        "Variant Taxable": "true",
        "Variant Weight Unit": "kg",
    }


def _text(random: Random, count: int) -> str:
    return " ".join(random.choices(WORDS, k=count)).capitalize() + "."
