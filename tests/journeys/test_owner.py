"""Ada runs her shop in a browser: she makes a product, counts it, gives money back, sends, imports a file"""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.cast import PASSWORD, Visit, email_of
from tests.journeys.conftest import Meet, Settle
from tests.journeys.site import Site
from tests.journeys.test_every_page import TOO_WIDE_BY, inspect
from tests.journeys.visitor import Visitor
from tests.modules.store.goods import seller
from threadly.modules import store
from threadly.platform.ids import new_id
from threadly.platform.money import Money
from threadly.platform.work import Tenant, Works

SAMPLE = Path(__file__).parent.parent / "modules/store/samples/apparel.csv"
HOME = {"name": "Kareem", "line1": "1 River Road", "city": "Cairo", "country": "EG"}
PAGES = [
    "/manage",
    "/manage/orders",
    "/manage/orders?status=cancelled",
    "/manage/orders/{order}",
    "/manage/products",
    "/manage/products/new",
    "/manage/products/{product}",
    "/manage/products/import",
    "/manage/variants/{variant}",
    "/manage/categories",
    "/manage/categories/{category}",
    "/manage/stock?at_most=20",
    "/manage/coupons",
    "/manage/coupons/{coupon}",
    "/manage/gift-cards",
    "/manage/settings",
    "/manage/reconciliation",
]
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


class Buyer:
    """Somebody who buys over the API."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def buy(self, *variants: str, quantity: int, total: int) -> str:
        """The order's id."""
        for variant_id in variants:
            put = await self._client.put(f"/api/v1/cart/lines/{variant_id}", json={"quantity": quantity})
            assert put.status_code == 200, put.text
        placed = await self._client.post(
            "/api/v1/checkout",
            headers={"Idempotency-Key": str(new_id())},
            json={
                "address": HOME,
                "expected_total": {"amount_minor": total, "currency": "USD"},
                "methods": [{"provider": "sandbox", "token": "tok_success", "label": "Card 4242"}],
            },
        )
        assert placed.status_code == 201, placed.text
        return str(placed.json()["data"]["id"])


@pytest.fixture
async def kareem(site: Site, tenant: Tenant, settle: Settle) -> AsyncIterator[Buyer]:
    await settle("kareem")
    host = site.url_of(tenant).removeprefix("http://")
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{site.port}", headers={"Host": host}, timeout=30
    ) as client:
        answer = await client.post(
            "/api/v1/auth/login", json={"email": email_of("kareem"), "password": PASSWORD}
        )
        client.headers["Authorization"] = f"Bearer {answer.json()['data']['access_token']}"
        yield Buyer(client)


async def test_ada_makes_counts_gives_back_and_sends(
    meet: Meet, works: Works, tenant: Tenant, kareem: Buyer
) -> None:
    owner = await seller(works, tenant)
    ada = await meet()
    page = ada.page
    await ada.sign_in("ada")
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Manage").click()
    await expect(page.get_by_role("heading", name="Your shop")).to_be_visible()

    await page.get_by_role("link", name="New product").click()
    await page.get_by_label("Title").fill("Speckled bowl")
    await page.get_by_label("Price (USD)").fill("nineteen")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_role("alert")).to_contain_text("That is not a price.")
    await expect(page.get_by_label("Title")).to_have_value("Speckled bowl")
    await page.get_by_label("Price (USD)").fill("20")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("It is for sale.")).to_be_visible()

    await page.get_by_role("navigation", name="Manage the shop").get_by_role("link", name="Stock").click()
    row = page.get_by_role("listitem").filter(has_text="Speckled bowl")
    await expect(row).to_contain_text("Sold out")
    await row.get_by_label("On hand").fill("3")
    await row.get_by_role("button", name="Save").click()
    await expect(row.get_by_role("button", name="Saved")).to_be_visible()
    await expect(row).to_contain_text("3 left")

    bowl = await owner.read(lambda work: store.get_product(work, product="speckled-bowl"), fresh=True)
    await kareem.buy(str(bowl.variants[0].id), quantity=2, total=4_000)
    await ada.go("/manage")
    await expect(page.locator(".tile--calls")).to_contain_text("1")
    await page.get_by_role("region", name="To send").get_by_role("link", name="Speckled bowl").click()
    await expect(page.get_by_label("Summary").get_by_text("$40.00").first).to_be_visible()

    await page.get_by_label("Speckled bowl").fill("1")
    await page.get_by_label("Put the units back").check()
    await page.get_by_role("button", name="Give back").click()
    await expect(page.get_by_role("alert")).to_contain_text("the buyer reads it")
    await expect(page.get_by_label("Speckled bowl")).to_have_value("1")
    await page.get_by_label("Reason").fill("One had a crack")
    await page.get_by_role("button", name="Give back").click()
    refunds = page.get_by_role("region", name="Refunds")
    await expect(refunds).to_contain_text("$20.00")
    # The provider's word comes by itself.
    await expect(refunds.get_by_text("Given back")).to_be_visible()
    await expect(page.get_by_text("1 back on the shelf")).to_be_visible()

    await page.get_by_role("button", name="Mark as sent").click()
    await expect(page.get_by_text("It is marked as sent.")).to_be_visible()
    await expect(page.get_by_role("region", name="What happened")).to_contain_text("Ada")
    await ada.go(f"/manage/variants/{bowl.variants[0].id}")
    moves = page.get_by_role("region", name="Why the stock is what it is").get_by_role("listitem")
    await expect(moves).to_contain_text(["Came back", "Sold", "Counted"])
    await expect(page.get_by_text("2 left")).to_be_visible()


async def test_a_file_is_tried_then_imported_and_the_page_follows(
    meet: Meet, works: Works, tenant: Tenant
) -> None:
    await seller(works, tenant)
    ada = await meet(phone=True)
    page = ada.page
    await ada.sign_in("ada")
    await page.locator(".account summary").click()
    await page.get_by_role("link", name="Manage the shop").click()
    await page.get_by_role("navigation", name="Manage the shop").get_by_role("link", name="Products").click()
    await page.get_by_role("link", name="Import", exact=True).click()
    await page.get_by_label("CSV file").set_input_files(SAMPLE)
    await page.get_by_label("Only try it").check()
    await page.get_by_role("button", name="Import").click()
    await expect(page.get_by_text("Nothing was changed")).to_be_visible()

    await page.get_by_role("link", name="Import it").click()
    await page.get_by_label("CSV file").set_input_files(SAMPLE)
    await page.get_by_role("button", name="Import").click()
    await expect(page.get_by_text("This is what it brought.")).to_be_visible()
    await page.get_by_role("link", name="See the products").click()
    await expect(page.locator(".row").first).to_be_visible()


async def test_a_category_asks_for_its_details_and_archiving_asks_twice(
    meet: Meet, works: Works, tenant: Tenant
) -> None:
    owner = await seller(works, tenant)
    spec = store.AttributeSpec("choice", choices=["Stoneware", "Porcelain"], required=True)
    tea = store.NewCategory(name="Tea", attributes={"Material": spec})
    await owner.write(lambda work: store.create_category(work, category=tea))
    ada = await meet()
    page = ada.page
    await ada.sign_in("ada")
    await ada.go("/manage/products/new")
    await page.get_by_label("Title").fill("Gaiwan")
    await page.get_by_label("Price (USD)").fill("30")
    await page.get_by_label("Category").select_option(label="Tea")
    await page.get_by_label("Material").select_option(label="Porcelain")
    await expect(page.get_by_label("Title")).to_have_value("Gaiwan")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("It is for sale.")).to_be_visible()
    await expect(page.get_by_label("Material")).to_have_value("Porcelain")

    await page.get_by_text("Add a variant").click()
    await page.get_by_role("button", name="Add the variant").click()
    await expect(page.get_by_role("alert")).to_be_focused()
    await expect(page.get_by_role("alert")).to_contain_text("Write a price")

    await page.get_by_role("button", name="Archive").click()
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_text("Everybody sees it in the shop.")).to_be_visible()
    await page.get_by_role("button", name="Archive").click()
    await page.get_by_role("dialog").get_by_role("button", name="Archive").click()
    await expect(page.get_by_text("It is archived. Its orders stay.")).to_be_visible()


async def test_the_shop_is_run_without_a_script_and_by_keyboard(
    meet: Meet, works: Works, tenant: Tenant
) -> None:
    await seller(works, tenant)
    ada = await meet(script=False)
    page = ada.page
    await ada.sign_in("ada")
    await ada.go("/manage/products/new")
    await page.get_by_label("Title").fill("Plain cup")
    await page.get_by_label("Price (USD)").fill("5")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The draft is saved.")).to_be_visible()
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("It is for sale now.")).to_be_visible()
    await ada.go("/manage/stock")
    await page.get_by_label("On hand").fill("-2")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text(re.compile("Write a whole number"))).to_be_visible()
    await page.get_by_label("On hand").fill("2")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The count is saved.")).to_be_visible()
    await ada.go("/manage/gift-cards")
    await page.get_by_label("Amount").fill("25")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Its code, shown this once")).to_be_visible()


async def test_no_page_of_the_owner_is_inaccessible_or_too_wide(
    meet: Meet, works: Works, tenant: Tenant, settle: Settle, kareem: Buyer, axe: str
) -> None:
    places = await furnish(await settle("omar"), kareem)
    omar = await meet()
    await omar.sign_in("omar")
    assert await tour(omar, places, axe=axe) == {}
    phone = await meet(phone=True)
    await phone.sign_in("omar")
    assert await tour(phone, places) == {}


async def furnish(by: Visit, buyer: Buyer) -> dict[str, str]:
    """A shop with something of everything, and where that is."""
    spec = store.AttributeSpec("choice", choices=["Stoneware", LONG], required=True)
    tea = store.NewCategory(
        name="Tea", attributes={"Material": spec, "Litres": store.AttributeSpec("number")}
    )
    category = await by.write(lambda work: store.create_category(work, category=tea))
    variants = [
        store.NewVariant(price=Money(2_000, "USD"), option_values=[size], on_hand=count, sku=f"POT-{size}")
        for size, count in (("S", 2), ("M", 0), ("L", 40))
    ]
    pot = store.NewProduct(
        title=f"Teapot {LONG}",
        vendor="Ada’s kiln",
        status="active",
        category="tea",
        attributes={"Material": "Stoneware"},
        options=["Size"],
        variants=variants,
    )
    product = await by.write(lambda work: store.create_product(work, product=pot))
    coupon = store.NewCoupon(code="SPRING-25", basis_points=2_500, once_per_buyer=True)
    made = await by.write(lambda work: store.create_coupon(work, coupon=coupon))
    card = store.NewGiftCard(amount=Money(5_000, "USD"), note="For Bob")
    await by.write(lambda work: store.issue_gift_card(work, card=card))
    variant_id = product.variants[2].id
    order = await buyer.buy(str(variant_id), quantity=2, total=4_000)
    await by.write(lambda work: store.set_stock(work, variant_id=variant_id, on_hand=20))
    return {
        "order": order,
        "product": str(product.id),
        "variant": str(variant_id),
        "category": str(category.id),
        "coupon": str(made.id),
    }


async def tour(visitor: Visitor, places: dict[str, str], *, axe: str = "") -> dict[str, list[str]]:
    """What is wrong with the pages: with `axe` what it finds, else what is wider than the window."""
    found = {}
    for path in PAGES:
        await visitor.go(path.format(**places))
        problems = await (inspect_opened(visitor.page, axe) if axe else too_wide(visitor.page))
        if problems:
            found[path] = problems
    return found


async def inspect_opened(page: Page, axe: str) -> list[str]:
    await page.evaluate("for (const each of document.querySelectorAll('details.reveal')) each.open = true")
    return await inspect(page, axe)


async def too_wide(page: Page) -> list[str]:
    width = await page.evaluate(TOO_WIDE_BY)
    return [f"{width} px too wide"] if width else []
