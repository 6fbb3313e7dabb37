"""The demo community's shop: what Ada, Jonas and Kareem's friend sell."""

from collections.abc import Mapping

from threadly.demo.pictures import GOODS
from threadly.modules import media, store
from threadly.modules.store import AttributeSpec, NewCategory, NewProduct, NewVariant
from threadly.platform.money import Money
from threadly.platform.work import Work

__all__ = ["PRODUCT_COUNT", "open_shop"]

CURRENCY = "USD"

CATEGORIES = [
    NewCategory(
        name="Ceramics",
        slug="ceramics",
        attributes={
            "glaze": AttributeSpec(type="choice", choices=["celadon", "tenmoku", "shino", "white"]),
            "dishwasher_safe": AttributeSpec(type="boolean"),
        },
    ),
    NewCategory(
        name="Wood",
        slug="wood",
        attributes={"wood": AttributeSpec(type="choice", choices=["walnut", "oak", "ash"], required=True)},
    ),
    NewCategory(
        name="Keyboards",
        slug="keyboards",
        attributes={"keys": AttributeSpec(type="number"), "layout": AttributeSpec(type="text")},
    ),
    NewCategory(name="Paper", slug="paper"),
]


def _variant(dollars: float, on_hand: int | None, *values: str, sku: str, grams: int = 400) -> NewVariant:
    """`on_hand` is None for what nobody counts."""
    return NewVariant(
        price=Money(round(dollars * 100), CURRENCY),
        sku=sku,
        option_values=list(values),
        tracked=on_hand is not None,
        on_hand=on_hand or 0,
        ships=on_hand is not None,
        grams=grams if on_hand is not None else 0,
    )


PRODUCTS = [
    NewProduct(
        title="Breakfast bowl",
        description="<p>Thrown on a Saturday, glazed on a Sunday. Holds porridge, ramen, or the keys you always lose.</p><ul><li>About 16 cm across</li><li>Each one a little different</li></ul>",
        vendor="Ada Moreau",
        category="ceramics",
        tags=["handmade", "kitchen"],
        attributes={"glaze": "celadon", "dishwasher_safe": True},
        options=["Glaze"],
        variants=[
            _variant(38, 14, "Celadon", sku="BOWL-CEL"),
            _variant(38, 9, "Tenmoku", sku="BOWL-TEN"),
            _variant(42, 2, "Shino", sku="BOWL-SHI"),
        ],
    ),
    NewProduct(
        title="The accident (glaze test no. 12)",
        description="<p>Nobody knows how it happened and it cannot be done again. There is exactly one.</p>",
        vendor="Ada Moreau",
        category="ceramics",
        tags=["handmade", "one of a kind"],
        attributes={"glaze": "white"},
        variants=[_variant(120, 1, sku="ACCIDENT-12", grams=900)],
    ),
    NewProduct(
        title="Tea cup without a handle",
        description="<p>If it is too hot to hold, it is too hot to drink.</p>",
        vendor="Ada Moreau",
        category="ceramics",
        tags=["handmade", "tea"],
        attributes={"glaze": "tenmoku", "dishwasher_safe": True},
        options=["Set of"],
        variants=[_variant(22, 30, "One", sku="CUP-1"), _variant(80, 7, "Four", sku="CUP-4", grams=1200)],
    ),
    NewProduct(
        title="Walnut shelf",
        description="<p>Only two seasons late. Oiled, not varnished; fixings included.</p>",
        vendor="Jonas Weber",
        category="wood",
        tags=["handmade", "home"],
        attributes={"wood": "walnut"},
        options=["Length"],
        variants=[
            _variant(89, 5, "60 cm", sku="SHELF-60", grams=2500),
            _variant(119, 3, "90 cm", sku="SHELF-90", grams=3600),
            _variant(149, 0, "120 cm", sku="SHELF-120", grams=4800),
        ],
    ),
    NewProduct(
        title="Chopping board",
        description="<p>End grain, for people with sharp knives and opinions.</p>",
        vendor="Jonas Weber",
        category="wood",
        tags=["handmade", "kitchen"],
        attributes={"wood": "oak"},
        variants=[_variant(64.50, 11, sku="BOARD-OAK", grams=2100)],
    ),
    NewProduct(
        title="Keyboard no. 12",
        description="<p>From a collection of eleven. Typed on once, with feeling.</p>",
        vendor="A friend of Kareem",
        category="keyboards",
        tags=["second hand"],
        attributes={"keys": 65, "layout": "ISO"},
        options=["Switches"],
        variants=[
            _variant(145, 4, "Quiet", sku="KB12-Q", grams=1100),
            _variant(145, 6, "Not quiet", sku="KB12-N", grams=1100),
        ],
    ),
    NewProduct(
        title="Sticky notes: = tells, == asks",
        description="<p>A hundred sheets. As seen above Bob’s desk.</p>",
        vendor="Priya Raman",
        category="paper",
        tags=["python", "teaching"],
        variants=[_variant(6.50, 200, sku="NOTES-EQ", grams=120)],
    ),
    NewProduct(
        title="Napkin proofs, a small book",
        description="<p>Twenty-three proofs that fit on a napkin, drawn by hand. A PDF, yours at once.</p>",
        vendor="Priya Raman",
        category="paper",
        tags=["teaching", "digital"],
        options=["Format"],
        variants=[_variant(9, None, "PDF", sku="NAPKIN-PDF"), _variant(19, 40, "Print", sku="NAPKIN-PRINT")],
    ),
    NewProduct(
        title="Tram depot, 4 a.m. (field recording)",
        description="<p>Forty minutes in B flat. Lossless, as a download.</p>",
        vendor="Lin Chen",
        tags=["sound", "digital"],
        variants=[_variant(7, None, sku="TRAM-FLAC")],
    ),
]  # fmt: skip
PRODUCT_COUNT = len(PRODUCTS)

SHOP = store.Shop(
    currency=CURRENCY,
    taxes=store.Taxes([store.TaxRate(country="DE", name="VAT", basis_points=1_900)]),
    shipping=[store.ShippingRate("*", 490, free_from_minor=7_500)],
)
COUPON = store.NewCoupon(code="WELCOME10", basis_points=1_000, once_per_buyer=True)


async def open_shop(work: Work, drawn: Mapping[str, media.Drawing]) -> None:
    """Categories, products, shipping and a coupon. The Work's actor manages the store."""
    await store.change_shop(work, shop=SHOP)
    for category in CATEGORIES:
        await store.create_category(work, category=category)
    for product in PRODUCTS:
        made = await store.create_product(work, product=product)
        await store.publish_product(work, product_id=made.id)
        pictures = [drawn[name] for name in GOODS if name.startswith(product.title)]
        if pictures:
            shown = [await media.import_drawing(work, drawing=each) for each in pictures]
            await store.set_pictures(work, product_id=made.id, media_ids=shown)
    await store.create_coupon(work, coupon=COUPON)
