"""The pages of who manages the store, as a browser without a script sees them"""

import re
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.cast import Visit, sign_up
from tests.conftest import Statements
from tests.modules.identity.runs import run_job
from tests.modules.store.browser import Browser, enter
from tests.modules.store.goods import category, only, product, stock_of, variant
from tests.modules.store.shop import TestShop
from threadly.modules import payments, store
from threadly.modules.store.importing.job import run_import
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.work import SYSTEM, Tenant, Work, Works

SAMPLE = (Path(__file__).with_name("samples") / "apparel.csv").read_bytes()
PAGES = [
    "/manage",
    "/manage/orders",
    "/manage/orders?status=to_send",
    "/manage/products",
    "/manage/products?status=draft&sort=title",
    "/manage/products/new",
    "/manage/products/import",
    "/manage/categories",
    "/manage/categories/new",
    "/manage/stock",
    "/manage/coupons",
    "/manage/gift-cards",
    "/manage/settings",
    "/manage/reconciliation",
]
TICKED = {"tracked": "on", "ships": "on", "taxable": "on"}


@pytest.fixture
async def desk(client: httpx.AsyncClient, ada: Visit) -> Browser:
    """Ada's browser."""
    return await enter(client, ada)


def place_of(answer: httpx.Response) -> str:
    """Where a form that was taken leads."""
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def product_of(by: Visit, handle: str) -> store.Product:
    return await by.read(lambda work: store.get_product(work, product=handle), fresh=True)


async def owing(work: Work) -> payments.Turn:
    """Five dollars, which nobody has asked the provider for yet."""
    return await payments.begin_payment(
        work,
        reference=new_id(),
        payer_id=new_id(),
        amount=Money(500, "USD"),
        methods=[payments.Method("sandbox", "tok_success")],
        split={"sales": 500},
        description="An order",
        expires_at=work.now + timedelta(hours=1),
    )


# Who may come in


@pytest.mark.parametrize("path", PAGES)
async def test_a_guest_is_asked_to_sign_in(client: httpx.AsyncClient, path: str) -> None:
    await Browser(client).open(path, status=401)


@pytest.mark.parametrize("path", PAGES)
async def test_who_does_not_manage_the_store_is_told_so(
    client: httpx.AsyncClient, kareem: Visit, path: str
) -> None:
    await (await enter(client, kareem)).open(path, status=403)


@pytest.mark.parametrize("path", PAGES)
async def test_an_empty_shop_has_pages_that_say_what_to_do(desk: Browser, path: str) -> None:
    page = await desk.open(path)
    assert "<h1>" in page
    assert 'aria-label="Manage the shop"' in page


async def test_the_way_in_is_shown_to_those_who_may(
    client: httpx.AsyncClient, desk: Browser, kareem: Visit
) -> None:
    assert 'href="/manage"' in await desk.open("/shop")
    client.cookies.clear()
    assert 'href="/manage"' not in await (await enter(client, kareem)).open("/shop")


@pytest.mark.parametrize(
    "path",
    [
        "/manage/products/new",
        "/manage/coupons",
        "/manage/gift-cards",
        "/manage/settings",
        "/manage/reconciliation",
    ],
)
async def test_without_the_forms_token_nothing_is_written(
    client: httpx.AsyncClient, desk: Browser, path: str
) -> None:
    assert (await client.post(path, data={"title": "X"})).status_code == 403


# Products


async def test_a_product_is_made_with_its_first_variant_and_published(desk: Browser, ada: Visit) -> None:
    await desk.open("/manage/products/new")
    answer = await desk.send(
        "/manage/products/new",
        do="publish",
        title="Blue mug",
        description="<p>Holds <b>tea</b></p>",
        tags="Tea, Blue",
        price="18,50",
        on_hand="7",
        sku="MUG-1",
        **{"options[0]": "Size", "option_values[0]": "Large", "attributes": "Material: stoneware"},
        **TICKED,
    )
    assert "It is for sale." in await desk.open(place_of(answer))
    made = await product_of(ada, "blue-mug")
    assert (made.status, made.tags, made.options) == ("active", ["Tea", "Blue"], ["Size"])
    assert made.attributes == {"Material": "stoneware"}
    (first,) = made.variants
    assert (str(first.price), first.sku, first.on_hand, first.option_values) == (
        "$18.50",
        "MUG-1",
        7,
        ["Large"],
    )


async def test_what_is_refused_is_said_beside_its_field_and_all_that_was_typed_is_kept(
    desk: Browser, ada: Visit
) -> None:
    await product(ada, "Teapot", variant(1_000, sku="TAKEN"))
    await desk.open("/manage/products/new")
    typed = {"title": "", "vendor": "Ada’s kiln", "price": "free", "on_hand": "some", "tags": "a, b"}
    answer = await desk.send("/manage/products/new", do="publish", **typed)
    assert answer.status_code == 400
    for problem in ("title-problem", "price-problem", "on_hand-problem"):
        assert f'id="{problem}"' in desk.page
    for kept in ("Ada’s kiln", "free", "some", "a, b"):
        assert f'value="{kept}"' in desk.page

    answer = await desk.send("/manage/products/new", do="draft", title="", price="2", sku="TAKEN")
    assert "Title must not be empty." in desk.page
    answer = await desk.send("/manage/products/new", do="draft", title="Jug", price="2", sku="TAKEN")
    assert answer.status_code == 400
    assert 'id="sku-problem"' in desk.page
    assert "Another variant has this SKU" in desk.page


async def test_a_draft_needs_no_price_and_publishing_it_says_what_is_missing(
    desk: Browser, ada: Visit
) -> None:
    await desk.open("/manage/products/new")
    place = place_of(await desk.send("/manage/products/new", do="draft", title="Later", **TICKED))
    assert "It has no variant yet" in await desk.open(place)
    await desk.send(f"{place}/status", status="active")
    assert "at least one variant with a price" in await desk.open(place)

    answer = await desk.send(f"{place}/variants", price="12", on_hand="3", **TICKED)
    assert place_of(answer) == f"{place}#variants"
    await desk.send(f"{place}/status", status="active")
    assert "It is for sale now." in await desk.open(place)
    await desk.send(f"{place}/status", status="archived")
    assert (await product_of(ada, "later")).status == "archived"
    assert "Later" in await desk.open("/manage/products?status=archived")


async def test_a_category_asks_for_its_details(desk: Browser, ada: Visit) -> None:
    await desk.open("/manage/categories/new")
    rows = {"name-0": "Material", "type-0": "choice", "choices-0": "cotton, wool", "required-0": "on"}
    rows |= {"name-1": "Length", "type-1": "number", "unit-1": "cm"}
    assert place_of(await desk.send("/manage/categories/new", do="save", name="Scarves", **rows))
    (made,) = await ada.read(store.list_categories, fresh=True)
    assert made.attributes == {
        "Material": store.AttributeSpec("choice", required=True, choices=["cotton", "wool"]),
        "Length": store.AttributeSpec("number", unit="cm"),
    }

    await desk.open("/manage/products/new")
    shown = await desk.swap("/manage/products/attributes", category=str(made.id), title="Scarf")
    assert "Length (cm)" in shown.text
    assert "<html" not in shown.text
    await desk.open("/manage/products/new")
    typed = {"title": "Scarf", "category": str(made.id), "price": "30", "attributes.Length": "long"}
    answer = await desk.send("/manage/products/new", do="category", **typed)
    assert (answer.status_code, "Material" in answer.text) == (200, True)
    await desk.send("/manage/products/new", do="draft", **typed)
    assert "Write a number" in desk.page
    await desk.send("/manage/products/new", do="draft", **typed | {"attributes.Length": "180.5"})
    assert "This category requires it." in desk.page
    typed |= {"attributes.Length": "180", "attributes.Material": "wool"}
    assert place_of(await desk.send("/manage/products/new", do="draft", **typed))
    assert (await product_of(ada, "scarf")).attributes == {"Material": "wool", "Length": 180}


async def test_a_category_that_cannot_be_is_shown_again_row_by_row(desk: Browser, ada: Visit) -> None:
    made = await category(ada, "Tea", Grade=store.AttributeSpec("text"))
    await desk.open(f"/manage/categories/{made.id}")
    rows = {"name-0": "Grade", "type-0": "choice", "name-1": "Grade", "type-1": "text"}
    answer = await desk.send(f"/manage/categories/{made.id}", do="save", name="Tea", **rows)
    assert answer.status_code == 400
    assert 'id="choices-0-problem"' in desk.page
    assert "There are two details named Grade." in desk.page
    assert place_of(await desk.send(f"/manage/categories/{made.id}/remove")) == "/manage/categories"
    assert "No categories yet" in await desk.open("/manage/categories")


async def test_a_product_is_changed_and_numbers_among_its_details_stay_numbers(
    desk: Browser, ada: Visit
) -> None:
    teapot = await product(ada, attributes={"Litres": 1.5, "Glazed": True, "Colour": "brown"})
    place = f"/manage/products/{teapot.id}"
    page = await desk.open(place)
    assert "Litres: 1.5" in page
    details = "Litres: 1.5\nGlazed: yes\nColour: blue"
    assert place_of(await desk.send(place, title="Big teapot", attributes=details)) == place
    changed = await product_of(ada, "teapot")
    assert (changed.title, changed.attributes) == (
        "Big teapot",
        {"Litres": 1.5, "Glazed": True, "Colour": "blue"},
    )
    answer = await desk.send(place, title="Big teapot", attributes="blue")
    assert answer.status_code == 400
    assert "one detail per line" in desk.page


async def test_products_are_searched_sorted_and_go_on(desk: Browser, ada: Visit) -> None:
    for number in range(32):
        await product(ada, f"Cup {number:02}")
    await product(ada, "Secret plan", status="draft")
    page = await desk.open("/manage/products?sort=title")
    assert "Cup 29" in page
    assert "Cup 30" not in page
    rest = await desk.open(page.split('hx-get="')[1].split('"')[0], htmx=True)
    assert "Cup 31" in rest
    assert "<html" not in rest
    assert "Secret plan" in await desk.open("/manage/products?status=draft&q=plans")
    assert "Nothing matches" in await desk.open("/manage/products?q=plan")


# Stock


async def test_a_variant_is_priced_counted_and_tells_why(desk: Browser, ada: Visit) -> None:
    teapot = await product(ada)
    variant_id = only(teapot)
    place = f"/manage/variants/{variant_id}"
    await desk.open(place)
    answer = await desk.send(place, price="25", compare_at="30", sku="POT", **TICKED)
    assert place_of(answer) == f"/manage/products/{teapot.id}#variants"
    changed = (await product_of(ada, "teapot")).variants[0]
    assert (str(changed.price), str(changed.compare_at), changed.sku) == ("$25.00", "$30.00", "POT")

    await desk.send(f"{place}/stock", on_hand="4")
    page = await desk.open(place)
    assert "4 left" in page
    assert "−6" in page
    assert "Counted" in page
    assert "Ada" in page
    answer = await desk.send(f"{place}/stock", on_hand="-1")
    assert (answer.status_code, 'value="-1"' in desk.page) == (400, True)
    answer = await desk.send(f"{place}/remove")
    assert "last variant" in await desk.open(place_of(answer))


@pytest.mark.parametrize("htmx", [True, False])
async def test_low_stock_is_counted_in_place(desk: Browser, ada: Visit, htmx: bool) -> None:
    variant_id = only(await product(ada, "Teapot", variant(on_hand=2)))
    page = await desk.open("/manage/stock")
    assert "2 left" in page
    send, path, field = (
        desk.swap if htmx else desk.send,
        f"/manage/stock/{variant_id}",
        f"on_hand-{variant_id}",
    )
    wrong = await send(path, **{field: "many"})
    assert wrong.status_code == 400
    assert f'id="{field}-problem"' in wrong.text
    assert 'value="many"' in wrong.text
    assert ("<html" in wrong.text) is not htmx
    await desk.open("/manage/stock")
    right = await send(path, **{field: "12"})
    assert right.status_code == (200 if htmx else 303)
    assert await stock_of(ada, variant_id) == (12, 0)
    assert "Nothing runs low" in await desk.open("/manage/stock")


# Imports


async def test_a_file_is_taken_and_followed(desk: Browser, client: httpx.AsyncClient) -> None:
    await desk.open("/manage/products/import")
    csrf = {"_csrf": desk.hidden()["_csrf"]}
    file = {"file": ("apparel.csv", SAMPLE, "text/csv")}
    answer = await client.post("/manage/products/import", data={**csrf, "dry_run": "on"}, files=file)
    place = place_of(answer)
    page = await desk.open(place)
    assert "The file waits for a worker." in page
    assert "Only tried" in page
    assert f'hx-get="{place}"' in page
    assert "<html" not in await desk.open(place, htmx=True)
    assert "apparel.csv" in await desk.open("/manage/products/import")


async def test_an_import_that_stopped_for_good_says_why_and_not_of_a_line(
    desk: Browser, ada: Visit, works: Works, tenant: Tenant, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    begun = await ada.write(lambda work: store.start_import(work, filename="a.csv", content=SAMPLE))
    await owner.execute("UPDATE store.imports SET content = NULL WHERE id = $1", begun.id)
    with pytest.raises(store.ImportUnreadable):
        await run_job(works, tenant, run_import, import_id=str(begun.id))
    page = await desk.open(f"/manage/products/import/{begun.id}")
    assert "The import was interrupted. " in page
    assert "no column Title" in page
    assert "Line 0" not in page
    assert "The row was left out." not in page


async def test_what_is_no_product_file_is_refused_beside_the_field(
    desk: Browser, client: httpx.AsyncClient
) -> None:
    await desk.open("/manage/products/import")
    csrf = {"_csrf": desk.hidden()["_csrf"]}
    for content in (b"", b"just a text"):
        answer = await client.post(
            "/manage/products/import", data={**csrf, "dry_run": "on"}, files={"file": ("x.csv", content)}
        )
        assert answer.status_code == 400
        assert 'id="file-problem"' in answer.text
        assert re.search(r'name="dry_run" checked', answer.text)
    answer = await client.post("/manage/products/import", data=csrf, files={"other": ("x.csv", b"a")})
    assert "Choose the CSV file first." in answer.text


# Coupons, gift cards, settings


async def test_a_coupon_is_made_changed_and_switched_off(desk: Browser, ada: Visit) -> None:
    await desk.open("/manage/coupons")
    answer = await desk.send("/manage/coupons", code="", kind="fixed", amount="0", expires_at="soon")
    assert answer.status_code == 400
    for name in ("amount", "expires_at"):
        assert f'id="{name}-problem"' in desk.page
    typed = {"kind": "percent", "percent": "12.5", "expires_at": "2199-03-31", "most_uses": "9"}
    assert place_of(await desk.send("/manage/coupons", code="spring", **typed))
    (made,) = (await ada.read(store.list_coupons, fresh=True)).items
    assert (made.code, made.basis_points, made.most_uses) == ("SPRING", 1_250, 9)
    assert made.expires_at is not None
    assert made.expires_at.isoformat() == "2199-04-01T00:00:00+00:00"

    page = await desk.open(f"/manage/coupons/{made.id}")
    assert 'value="12.5"' in page
    assert 'value="2199-03-31"' in page
    await desk.send(f"/manage/coupons/{made.id}", percent="20", expires_at="2199-03-31", once_per_buyer="on")
    changed = await ada.read(lambda work: store.get_coupon(work, coupon_id=made.id), fresh=True)
    assert (changed.basis_points, changed.most_uses, changed.once_per_buyer) == (2_000, None, True)
    assert changed.expires_at == made.expires_at
    await desk.send(f"/manage/coupons/{made.id}/active")
    assert "Switched off" in await desk.open("/manage/coupons")
    await desk.open("/manage/coupons")
    again = await desk.send("/manage/coupons", code="SPRING", kind="percent", percent="5")
    assert again.status_code == 400
    assert 'id="code-problem"' in again.text


async def test_the_code_of_a_gift_card_is_shown_once(desk: Browser) -> None:
    await desk.open("/manage/gift-cards")
    assert (await desk.send("/manage/gift-cards", amount="lots")).status_code == 400
    assert 'value="lots"' in desk.page
    assert place_of(await desk.send("/manage/gift-cards", amount="50", note="For Bob"))
    code = re.compile(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}")
    page = await desk.open("/manage/gift-cards")
    assert code.search(page)
    assert "For Bob" in page
    again = await desk.open("/manage/gift-cards")
    assert not code.search(again)
    card_id = again.split("/manage/gift-cards/")[1].split("/")[0]
    assert place_of(await desk.send(f"/manage/gift-cards/{card_id}/end"))
    assert "Ended" in await desk.open("/manage/gift-cards")


async def test_taxes_and_shipping_are_set_and_refused_line_by_line(desk: Browser, ada: Visit) -> None:
    await desk.open("/manage/settings")
    shipping = {"ship_country-0": "*", "ship_amount-0": "9.90", "ship_free_from-0": "100"}
    shipping |= {"ship_country-2": "US", "ship_amount-2": "4"}
    taxes = {"tax_country-1": "US", "tax_region-1": "CA", "tax_name-1": "", "tax_percent-1": "8.25"}
    answer = await desk.send("/manage/settings", do="save", currency="USD", **shipping, **taxes)
    assert answer.status_code == 400
    assert 'id="tax_name-1-problem"' in desk.page
    taxes["tax_name-1"] = "Sales tax"
    assert place_of(await desk.send("/manage/settings", do="save", currency="USD", **shipping, **taxes))
    shop = await ada.read(store.get_shop, fresh=True)
    assert shop.shipping == [store.ShippingRate("*", 990, 10_000), store.ShippingRate("US", 400)]
    assert shop.taxes.rates == [store.TaxRate("US", "Sales tax", 825, "CA")]
    page = await desk.open("/manage/settings")
    assert 'value="8.25"' in page
    assert 'value="100.00"' in page


# Orders


@pytest.fixture
async def shop_desk(shop_client: httpx.AsyncClient, shop: TestShop, ada: Visit) -> Browser:
    """Ada's browser in a shop that takes money."""
    return await enter(shop_client, ada)


async def test_an_order_is_refunded_by_lines_restocked_and_sent(shop: TestShop, shop_desk: Browser) -> None:
    desk, kareem = shop_desk, await shop.join("kareem")
    mug, bowl = await shop.sell("Mug"), await shop.sell("Bowl", price=3_000)
    await shop.fill(kareem, mug, quantity=2)
    order = await shop.buy(kareem, bowl, total=5_000)
    place = f"/manage/orders/{order.id}"
    assert f"Order {order.number}" in await desk.open("/manage/orders?status=to_send")
    assert place_of(await shop_desk.client.get(f"/manage/orders?q=%23{order.number}")) == place
    assert "No such order" in await desk.open("/manage/orders?q=77777777")

    page = await desk.open(place)
    assert "Kareem" in page
    assert "Charged" in page
    wrong = await desk.send(f"{place}/refunds", kind="lines", reason="", **{"line-1": "7"})
    assert wrong.status_code == 400
    for problem in ("line-1-problem", "reason-problem"):
        assert f'id="{problem}"' in desk.page
    assert 'value="7"' in desk.page
    line = next(each.line for each in order.lines if each.title == "Mug")
    typed = {"kind": "lines", f"line-{line}": "1", "reason": "One was chipped", "restock": "on"}
    await desk.open(place)
    seen = dict(desk.hidden())
    assert place_of(await desk.send(f"{place}/refunds", **typed)) == place
    assert (await shop.stock(mug)).on_hand == 9
    page = await desk.open(place)
    assert "On its way" in page
    assert f'hx-get="{place}/news"' in page
    assert "1 given back" in page
    assert "1 back on the shelf" in page
    assert f'id="line-{line}"' in page
    beyond = await desk.send(f"{place}/refunds", **typed | {f"line-{line}": "2"})
    assert beyond.status_code == 400
    assert f'id="line-{line}-problem"' in beyond.text

    twice = await desk.send(f"{place}/refunds", **typed, seen=seen["seen"])
    assert twice.status_code == 400
    assert "was given back since you saw it" in twice.text
    await shop.work_off()
    news = await desk.open(f"{place}/news", htmx=True)
    assert "Given back" in news
    assert "hx-get" not in news
    await desk.open(place)
    assert place_of(await desk.send(f"{place}/fulfilment")) == place
    page = await desk.open(place)
    assert "Mark as sent" not in page
    assert "Cancel the order" not in page
    assert "Nothing waits to be sent" in await desk.open("/manage/orders?status=to_send")
    assert "$40.00" in await desk.open("/manage")


async def test_an_amount_and_then_all_that_is_left_is_given_back(shop: TestShop, shop_desk: Browser) -> None:
    desk, kareem = shop_desk, await shop.join("kareem")
    order = await shop.buy(kareem, await shop.sell("Mug"), total=1_000)
    place = f"/manage/orders/{order.id}"
    await desk.open(place)
    much = await desk.send(f"{place}/refunds", kind="amount", amount="99", reason="Sorry")
    assert much.status_code == 400
    assert 'id="amount-problem"' in much.text
    part = await desk.send(f"{place}/refunds", kind="amount", amount="2,50", reason="Sorry", restock="on")
    assert "Say which lines come back" in part.text
    assert place_of(await desk.send(f"{place}/refunds", kind="amount", amount="2,50", reason="Sorry"))
    assert "All that is left, $7.50" in await desk.open(place)
    assert place_of(await desk.send(f"{place}/refunds", kind="all", reason="Broken", restock="on"))
    assert (await shop.order(order.id)).state == "refunded"
    assert "Give money back" not in await desk.open(place)


async def test_an_order_is_cancelled_with_a_reason_and_not_after_it_was_sent(
    shop: TestShop, shop_desk: Browser
) -> None:
    desk, kareem = shop_desk, await shop.join("kareem")
    mug = await shop.sell("Mug")
    order = await shop.buy(kareem, mug, total=1_000)
    await desk.open(f"/manage/orders/{order.id}")
    assert place_of(await desk.send(f"/manage/orders/{order.id}/cancellation", reason="No kiln today"))
    page = await desk.open(f"/manage/orders/{order.id}")
    assert "No kiln today" in page
    assert (await shop.stock(mug)).on_hand == 10

    other = await shop.buy(kareem, mug, total=1_000)
    await desk.open(f"/manage/orders/{other.id}")
    await desk.send(f"/manage/orders/{other.id}/fulfilment")
    late = await desk.send(f"/manage/orders/{other.id}/cancellation", reason="Too late")
    assert late.status_code == 400
    assert "has been sent already" in late.text


# How much a page asks


async def test_lists_take_as_many_statements_however_long_they_are(
    shop: TestShop, shop_desk: Browser, statements: Statements, ada: Visit
) -> None:
    paths = [
        "/manage",
        "/manage/orders",
        "/manage/orders?status=to_send",
        "/manage/products",
        "/manage/stock",
    ]
    paths += ["/manage/coupons", "/manage/gift-cards", "/manage/products/import"]

    async def counts() -> dict[str, int]:
        found = {}
        for path in paths:
            await shop_desk.open(path)
            statements()
            await shop_desk.open(path)
            found[path] = len(statements())
        return found

    kareem = await shop.join("kareem")

    async def grow(number: int) -> UUID:
        mug = await shop.sell(f"Mug {number}", on_hand=2)
        await shop.coupon(f"C{number}", basis_points=100)
        await shop.gift_card(500)
        await ada.write(lambda work: store.start_import(work, filename="a.csv", content=SAMPLE, dry_run=True))
        return (await shop.buy(kareem, mug, total=1_000)).id

    await grow(0)
    one = await counts()
    for number in range(1, 4):
        order_id = await grow(number)
    assert await counts() == one
    assert max(one.values()) <= 12
    statements()
    await shop_desk.open(f"/manage/orders/{order_id}")
    assert len(statements()) <= 14


async def test_the_books_are_for_those_who_may_reconcile(
    shop: TestShop, shop_client: httpx.AsyncClient, works: Works, tenant: Tenant, ada: Visit
) -> None:
    kareem = await shop.join("kareem")
    await shop.buy(kareem, await shop.sell(), total=1_000)
    desk = await enter(shop_client, ada)
    page = await desk.open("/manage/reconciliation")
    assert "Every order of the last 7 days agrees" in page
    assert "Newest transactions" not in page
    assert (await desk.send("/manage/reconciliation")).status_code == 403

    shop_client.cookies.clear()
    omar = await enter(shop_client, Visit(works, tenant, await sign_up(works, tenant, "omar")))
    page = await omar.open("/manage/reconciliation?days=31")
    assert "At Sandbox" in page
    assert "Newest transactions" in page
    assert place_of(await omar.send("/manage/reconciliation")) == "/manage/reconciliation"
    turn = await shop.works.attempt(tenant, SYSTEM, owing)
    other_sum = {
        "amount_minor": 777,
        "currency": "USD",
        "token": "tok_success",
        "reference": "x",
        "description": "x",
    }
    async with shop.sandbox.client() as client:
        await client.post("/v1/charges", json=other_sum, headers={"Idempotency-Key": str(turn.attempt_id)})
    await shop.work_off()
    page = await omar.open("/manage/reconciliation")
    assert "agreed" in page
    assert "found $7.77" in page
    place = page.split("found $7.77")[1].split('action="')[1].split('"')[0]
    field = f"note-{place.rpartition('/')[2]}"
    refused = await omar.send(place, **{field: " "})
    assert (refused.status_code, f'id="{field}-problem"' in refused.text) == (400, True)
    assert place_of(await omar.send(place, **{field: "A test charge of ours"})) == "/manage/reconciliation"
    assert place not in await omar.open("/manage/reconciliation")
    assert (await omar.send(place, **{field: "Again"})).status_code == 404
