"""Imports of products into a shop: what goes in, what stays as it is, what a second run changes (nothing)."""

import io
from pathlib import Path

import asyncpg
import pytest

from tests.cast import Visit
from tests.modules.store.goods import seller
from threadly.modules import store
from threadly.modules.store.importing.batches import BatchDone
from threadly.platform.work import Tenant, Work, Works

SAMPLES = Path(__file__).with_name("samples")
HEADER = (
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,"
    "Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Image Src"
)
Problems = list[tuple[int, str]]

DIGEST = """
SELECT md5(string_agg(r::text, '' ORDER BY handle, position)) FROM (
    SELECT p.handle, p.title, p.description, p.vendor, c.slug, p.tags, p.options, p.status, p.image_url,
        p.currency, p.price_minor AS lowest, p.highest_price_minor, p.available, v.sku, v.option_values,
        v.position, v.price_minor, v.compare_at_minor, v.tracked, v.on_hand, v.ships, v.taxable, v.grams,
        v.barcode, (SELECT sum(quantity) FROM store.stock_movements m WHERE m.variant_id = v.id) AS moved
    FROM store.products p JOIN store.variants v ON v.product_id = p.id
    LEFT JOIN store.categories c ON c.id = p.category_id WHERE p.tenant_id = $1) r
"""
WRITES = "SELECT count(*) FROM platform.audit_log WHERE tenant_id = $1"


class Shelf:
    """A shop that files are imported into."""

    def __init__(self, works: Works, ada: Visit, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.works = works
        self.ada = ada
        self.owner = owner

    async def put(
        self, content: str | bytes, *, dry_run: bool = False
    ) -> tuple[store.ImportCounts, Problems]:
        file = io.BytesIO(content if isinstance(content, bytes) else content.encode())
        counts, problems = store.ImportCounts(), list[store.ImportProblem]()
        batches = store.import_products(self.works, self.ada.tenant, self.ada.actor, file, dry_run=dry_run)
        async for done in batches:
            counts, problems = counts + done.counts, [*problems, *done.problems]
        return counts, [(each.line, each.reason) for each in problems]

    async def rows(self, *rows: str, dry_run: bool = False) -> tuple[store.ImportCounts, Problems]:
        return await self.put("\n".join([HEADER, *rows]), dry_run=dry_run)

    async def digest(self) -> str:
        return str(await self.owner.fetchval(DIGEST, self.ada.tenant.id))

    async def product(self, handle: str) -> store.Product:
        return await self.ada.read(lambda work: store.get_product(work, product=handle))


@pytest.fixture
async def shelf(works: Works, tenant: Tenant, owner: "asyncpg.Connection[asyncpg.Record]") -> Shelf:
    return Shelf(works, await seller(works, tenant), owner)


def created(counts: store.ImportCounts) -> tuple[int, int]:
    return counts.products_created, counts.variants_created


def updated(counts: store.ImportCounts) -> tuple[int, int]:
    return counts.products_updated, counts.variants_updated


@pytest.mark.parametrize(("name", "products", "variants"), [("apparel", 20, 22), ("home-and-garden", 20, 21)])
async def test_a_real_export_goes_in_whole_and_once(
    shelf: Shelf, name: str, products: int, variants: int
) -> None:
    content = (SAMPLES / f"{name}.csv").read_bytes()
    counts, problems = await shelf.put(content)
    assert problems == []
    assert created(counts) == (products, variants)
    before = await shelf.digest()
    writes = await shelf.owner.fetchval(WRITES, shelf.ada.tenant.id)

    again, problems = await shelf.put(content)
    assert (created(again), updated(again), problems) == ((0, 0), (0, 0), [])
    assert (again.products_unchanged, again.variants_unchanged) == (products, variants)
    assert await shelf.digest() == before
    assert await shelf.owner.fetchval(WRITES, shelf.ada.tenant.id) == writes


async def test_a_real_export_becomes_what_it_says(shelf: Shelf) -> None:
    await shelf.put((SAMPLES / "home-and-garden.csv").read_bytes())
    pot = await shelf.product("clay-plant-pot")
    assert (pot.title, pot.vendor, pot.status, pot.options) == (
        "Clay Plant Pot",
        "Company 123",
        "active",
        ["Size"],
    )
    assert pot.description == "<p>Classic blown clay pot for plants</p>"
    assert pot.tags == ["Pot", "Plants"]
    assert pot.category
    assert (pot.category.slug, pot.category.name) == ("outdoor", "Outdoor")
    assert (pot.image_url or "").endswith("single-sprout-in-a-pot_925x.jpg")
    assert [(v.option_values, v.price.amount_minor, v.tracked) for v in pot.variants] == [
        (["Regular"], 999, False),
        (["Large"], 1_599, False),
    ]
    assert (pot.price.amount_minor, pot.highest_price.amount_minor, pot.available) == (999, 1_599, True)
    lamp = await shelf.product("copper-light")
    assert (lamp.options, lamp.variants[0].option_values) == ([], [])
    assert lamp.variants[0].compare_at
    assert lamp.variants[0].compare_at.amount_minor == 7_500
    pots = await shelf.product("biodegradable-cardboard-pots")
    assert (pots.variants[0].tracked, pots.variants[0].on_hand) == (True, 8)


async def test_a_changed_price_and_stock_are_all_that_changes(shelf: Shelf) -> None:
    await shelf.rows("lamp,Lamp,,,,,true,Size,Small,L-S,shopify,5,10,", "lamp,,,,,,,,Large,L-L,shopify,5,12,")
    counts, _ = await shelf.rows(
        "lamp,Lamp,,,,,true,Size,Small,L-S,shopify,3,10,", "lamp,,,,,,,,Large,L-L,shopify,5,$13.50,"
    )
    assert (created(counts), updated(counts)) == ((0, 0), (0, 2))
    lamp = await shelf.product("lamp")
    assert [(v.price.amount_minor, v.on_hand) for v in lamp.variants] == [(1_000, 3), (1_350, 5)]
    assert lamp.highest_price.amount_minor == 1_350
    moved = await shelf.owner.fetch(
        "SELECT sum(quantity), count(*) FROM store.stock_movements WHERE tenant_id = $1 AND reason = 'import'"
        " GROUP BY variant_id ORDER BY 1",
        shelf.ada.tenant.id,
    )
    assert [tuple(row) for row in moved] == [(3, 2), (5, 1)]


MUG = "mug,Mug,,,,,true,,,M-1,shopify,{},{},"
# What a sale leaves.
SELL = """
WITH sold AS (
    UPDATE store.variants SET on_hand = on_hand - $2 WHERE tenant_id = $1 RETURNING id, tenant_id
)
INSERT INTO store.stock_movements (id, tenant_id, variant_id, quantity, reason, at)
SELECT gen_random_uuid(), tenant_id, id, -$2, 'sale', now() FROM sold
"""


async def on_hand(shelf: Shelf) -> int | None:
    return (await shelf.product("mug")).variants[0].on_hand


async def test_units_that_were_sold_are_not_there_again_by_the_same_file(shelf: Shelf) -> None:
    await shelf.rows(MUG.format(10, 5))
    await shelf.owner.execute(SELL, shelf.ada.tenant.id, 3)
    counts, problems = await shelf.rows(MUG.format(10, 5))
    assert (await on_hand(shelf), updated(counts), problems) == (7, (0, 0), [])
    # Nor when it is for the price.
    counts, problems = await shelf.rows(MUG.format(10, 6))
    assert (await on_hand(shelf), updated(counts), problems) == (7, (0, 1), [])


async def test_a_file_moves_the_stock_by_what_it_says_more_or_less_and_tells_what_that_makes(
    shelf: Shelf,
) -> None:
    await shelf.rows(MUG.format(10, 5))
    await shelf.owner.execute(SELL, shelf.ada.tenant.id, 3)
    for dry_run in (True, False):
        _, problems = await shelf.rows(MUG.format(12, 5), dry_run=dry_run)
        ((line, reason),) = problems
        assert (line, reason.partition(";")[0]) == (2, "The quantity is 12")
        assert "it makes 9 on hand" in reason
    assert await on_hand(shelf) == 9
    # Less than there is cannot be, and what was not taken is not given back.
    await shelf.rows(MUG.format(0, 5))
    assert await on_hand(shelf) == 0
    await shelf.rows(MUG.format(12, 5))
    assert await on_hand(shelf) == 9


async def test_what_was_counted_by_hand_stands_until_the_file_says_otherwise(shelf: Shelf) -> None:
    await shelf.rows("mug,Mug,,,,,true,,,M-1,shopify,,5,")
    await shelf.owner.execute(SELL, shelf.ada.tenant.id, -4)
    await shelf.rows(MUG.format(10, 5))
    assert await on_hand(shelf) == 10, "the first file that counts says how many there are"
    await shelf.owner.execute(SELL, shelf.ada.tenant.id, -40)
    await shelf.rows(MUG.format(10, 5))
    assert await on_hand(shelf) == 50


async def test_what_the_file_does_not_say_stays(shelf: Shelf) -> None:
    await shelf.rows(
        "lamp,Lamp,<p>Warm</p>,Maker,Lights,warm,true,Size,Small,L-S,shopify,5,10,https://cdn.example/lamp.jpg",
        "lamp,,,,,,,,Large,L-L,shopify,5,12,",
    )
    before = await shelf.digest()
    counts, problems = await shelf.put(
        "Handle,Title,Option1 Name,Option1 Value,Variant Price\nlamp,Lamp,Size,Small,10"
    )
    assert (updated(counts), problems) == ((0, 0), [])
    assert await shelf.digest() == before


async def test_a_variant_is_known_by_its_sku_and_else_by_its_options(shelf: Shelf) -> None:
    await shelf.rows("lamp,Lamp,,,,,,Size,Small,L-S,,,10,", "lamp,,,,,,,,Large,,,,12,")
    ids = [each.id for each in (await shelf.product("lamp")).variants]
    counts, problems = await shelf.rows("lamp,Lamp,,,,,,Size,Tiny,L-S,,,10,", "lamp,,,,,,,,Large,L-L,,,12,")
    assert (created(counts), updated(counts), problems) == ((0, 0), (0, 2), [])
    lamp = await shelf.product("lamp")
    assert [(v.id, v.option_values, v.sku) for v in lamp.variants] == [
        (ids[0], ["Tiny"], "L-S"),
        (ids[1], ["Large"], "L-L"),
    ]


async def test_a_sku_passes_from_one_variant_to_another(shelf: Shelf) -> None:
    await shelf.rows("lamp,Lamp,,,,,,Size,Small,A,,,10,")
    counts, problems = await shelf.rows("lamp,Lamp,,,,,,Size,Small,B,,,10,", "lamp,,,,,,,,Large,A,,,12,")
    assert (created(counts), updated(counts), problems) == ((0, 1), (0, 1), [])
    assert [v.sku for v in (await shelf.product("lamp")).variants] == ["B", "A"]


async def test_a_handle_that_comes_back_later_is_merged(shelf: Shelf) -> None:
    counts, problems = await shelf.rows(
        "lamp,Lamp,,,,,,Size,Small,,,,10,", "chair,Chair,,,,,,,,,,,20,", "lamp,,,,,,,,Large,,,,12,"
    )
    assert (created(counts), problems) == ((2, 3), [])
    far = [f"p{number},Product,,,,,,,,,,,1," for number in range(300)]
    counts, problems = await shelf.rows("lamp,Lamp,,,,,,Size,Huge,,,,15,", *far, "lamp,,,,,,,,Vast,,,,16,")
    assert (created(counts), problems) == ((300, 302), [])
    lamp = await shelf.product("lamp")
    assert [v.option_values for v in lamp.variants] == [["Small"], ["Large"], ["Huge"], ["Vast"]]


async def test_every_bad_row_is_named_and_the_good_ones_go_in(shelf: Shelf) -> None:
    rows = [
        "lamp,Lamp,,,,,,Size,Small,S1,,,10,",
        "lamp,,,,,,,,Large,S2,,,free,",
        "lamp,,,,,,,,Small,S3,,,11,",
        "lamp,,,,,,,,Huge,S1,,,12,",
        "lamp,,,,,,,,,S4,,,12,",
        "chair,Chair,,,,,,,,S1,,,20,",
        "stool,,,,,,,,,,,,20,",
        '"gone,Gone,,,,,,,,,,,20,',
        "pot,Pot,,,,,,Title,Default Title,,,,5,",
        "pot,,,,,,,,Second,,,,5,",
        "sofa,Sofa,,,,,,,,,shopify,-4,50,",
        "card,Card,,,,,perhaps,,,,,,50,",
    ]
    counts, problems = await shelf.rows(*rows)
    assert problems == [
        (3, "“free” is no price in USD. Write it like 50.99 or 50,99."),
        (4, "The row is of the same variant as line 2."),
        (5, "The row is of the same variant as line 2."),
        (6, "The row needs a value for each option of the product: Size."),
        (7, "SKU “S1” belongs to the product “lamp” already."),
        (8, "The row has no Title, and the shop has no product with this handle."),
        (9, "A quotation mark is opened here and never closed."),
        (11, "The product has no options, but the row gives “Second”."),
        (12, "The quantity is -4; it is taken as 0."),
        (13, "Published must be TRUE or FALSE, not “perhaps”."),
    ]
    assert counts.row_count == 12
    assert counts.problem_count == 10
    assert created(counts) == (3, 3)
    before = await shelf.digest()
    again, same = await shelf.rows(*rows)
    assert (created(again), updated(again), same) == ((0, 0), (0, 0), problems)
    assert await shelf.digest() == before


async def test_what_went_in_can_be_saved_again_in_its_form(shelf: Shelf) -> None:
    """A form refuses what turns the text around it, or shows as nothing; a file may hold it anywhere."""
    await shelf.rows("cup,Cup \u202egnp.exe,,Ac\u2066me,,\x07red\u202e,true,,,,,,5,")
    cup = await shelf.product("cup")
    assert (cup.title, cup.vendor, cup.tags) == ("Cup gnp.exe", "Ac me", ["red"])
    change = store.ProductChange(title=cup.title, vendor=cup.vendor, tags=cup.tags)
    await shelf.ada.write(lambda work: store.edit_product(work, product_id=cup.id, change=change))


async def test_the_number_of_options_of_a_product_in_the_shop_stays(shelf: Shelf) -> None:
    await shelf.rows("lamp,Lamp,,,,,,Size,Small,,,,10,")
    _, problems = await shelf.rows("lamp,Lamp,,,,,,,,,,,10,", "lamp,,,,,,,,,X,,,10,")
    assert [line for line, _ in problems] == [2, 3]
    assert problems[0][1].startswith("The product has “Size” in the shop and no options in the file.")


async def test_units_that_somebody_is_paying_stay_on_hand(shelf: Shelf) -> None:
    await shelf.rows("lamp,Lamp,,,,,,,,,shopify,5,10,")
    await shelf.owner.execute(
        "UPDATE store.variants SET reserved = 4 WHERE tenant_id = $1", shelf.ada.tenant.id
    )
    await shelf.rows("lamp,Lamp,,,,,,,,,shopify,1,10,")
    assert (await shelf.product("lamp")).variants[0].on_hand == 4


@pytest.mark.parametrize("known", [True, False])
async def test_a_dry_run_says_the_same_and_changes_nothing(shelf: Shelf, known: bool) -> None:
    if known:
        await shelf.rows("p1,Product 1,,,Old,,,Size,S,S1,,,9,", "p1,,,,,,,,M,,,,9,")
    before = await shelf.digest()
    far = [f"p{number},Product {number},,,Kind {number % 7},,,Size,S,S{number},,,1," for number in range(300)]
    rows = [
        *far,
        "p1,,,,,,,,M,,,,16,",
        "p2,Two,,,,,,Size,S,S3,,,5,",
        "p3,,,,,,,,L,S3,,,5,",
        "p4,,,,,,,,L,,,,bad,",
    ]
    dry, said = await shelf.rows(*rows, dry_run=True)
    assert await shelf.digest() == before
    assert await shelf.rows(*rows) == (dry, said)


async def test_a_crash_in_the_middle_and_then_again_is_as_without(shelf: Shelf, works: Works) -> None:
    rows = [f"p{number},Product {number},,,,,,,,S{number},shopify,3,1," for number in range(700)]
    content = "\n".join([HEADER, *rows]).encode()
    batches = store.import_products(works, shelf.ada.tenant, shelf.ada.actor, io.BytesIO(content))
    first = await anext(batches)
    await batches.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert first.counts.products_created == 250
    counts, _ = await shelf.put(content)
    assert created(counts) == (450, 450)
    crashed = await shelf.digest()

    await shelf.owner.execute("DELETE FROM store.products WHERE tenant_id = $1", shelf.ada.tenant.id)
    await shelf.put(content)
    assert await shelf.digest() == crashed


async def test_a_batch_that_fails_to_commit_leaves_nothing(shelf: Shelf, works: Works) -> None:
    async def refuse(_work: Work, _done: BatchDone) -> None:
        raise RuntimeError("the process dies here")

    content = f"{HEADER}\nlamp,Lamp,,,,,,,,,,,10,".encode()
    batches = store.import_products(
        works, shelf.ada.tenant, shelf.ada.actor, io.BytesIO(content), save=refuse
    )
    with pytest.raises(RuntimeError):
        await anext(batches)
    assert created((await shelf.put(content))[0]) == (1, 1)


async def test_the_lists_of_the_shop_know_of_it_at_once(shelf: Shelf) -> None:
    async def titles() -> list[str]:
        page = await shelf.ada.read(lambda work: store.list_products(work))
        return [each.title for each in page.items]

    assert await titles() == []
    await shelf.rows("lamp,Lamp,,,Lights,,,,,,,,10,")
    assert await titles() == ["Lamp"]
    categories = await shelf.ada.read(store.list_categories)
    assert [each.name for each in categories] == ["Lights"]


async def test_a_price_of_another_currency_is_refused(shelf: Shelf) -> None:
    _, problems = await shelf.rows("lamp,Lamp,,,,,,,,,,,€10,")
    assert problems == [(2, "“€10” is no price in USD. Write it like 50.99 or 50,99.")]
