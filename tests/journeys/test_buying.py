"""Kareem buys, in a browser: when all goes well, and when it does not."""

import re

import asyncpg
import httpx
import pytest
from playwright.async_api import Page, expect

from tests.cast import NAMES, PASSWORD, Visit, email_of
from tests.conftest import eventually
from tests.journeys.conftest import Meet, Settle
from tests.journeys.visitor import Visitor
from tests.sandbox.server import SandboxServer
from threadly.modules import store
from threadly.platform.money import Money
from threadly.platform.work import Work

PAY = re.compile(r"^Pay")
THANKS = "Thank you. Your order is paid."
# A payment that no provider took is tried again after five seconds at the latest, by a worker that looks
# every other second, and left alone a little longer where the provider failed often.
RETRIED_WITHIN_MS = 120_000.0
# As if those seconds were over.
MAKE_DUE = "UPDATE payments.payments SET due_at = now() WHERE tenant_id = $1 AND due_at IS NOT NULL"


@pytest.fixture
async def ada(settle: Settle) -> Visit:
    """Ada, who manages the shop, has put up what she makes."""
    omar = await settle("omar")
    await omar.write(lambda work: store.create_category(work, category=store.NewCategory(name="Ceramics")))
    await omar.write(lambda work: store.create_product(work, product=VASE))
    await omar.write(lambda work: store.create_product(work, product=BOWL))
    return omar


def usd(minor: int) -> Money:
    return Money(minor, "USD")


VASE = store.NewProduct(
    title="Accident No. 12 vase",
    vendor="Ada",
    category="ceramics",
    status="active",
    options=["Size", "Glaze"],
    description="<p>The best accident of them all.</p>",
    variants=[
        store.NewVariant(price=usd(6400), compare_at=usd(8000), option_values=["Small", "Ash"], on_hand=4),
        store.NewVariant(price=usd(6400), option_values=["Small", "Celadon"], on_hand=0),
        store.NewVariant(price=usd(9600), option_values=["Large", "Celadon"], on_hand=9),
    ],
)
BOWL = store.NewProduct(
    title="Speckled bowl",
    vendor="Ada",
    category="ceramics",
    status="active",
    variants=[store.NewVariant(price=usd(3800), on_hand=1, sku="BOWL")],
)


async def test_a_guest_fills_a_cart_joins_and_pays(meet: Meet, ada: Visit) -> None:
    sarah = await meet()
    page = sarah.page
    await sarah.go("/shop")
    await page.get_by_label("Search the shop").fill("accident")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Speckled bowl")).to_have_count(0)
    await page.get_by_role("link", name="Accident No. 12 vase").click()
    await expect(page.get_by_text("Only 4 left", exact=True)).to_be_visible()
    await page.get_by_text("Celadon", exact=True).click()
    await expect(page.get_by_text("Sold out", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Buy now")).to_be_disabled()
    await page.get_by_text("Large", exact=True).click()
    await expect(page.locator("strong[data-price]")).to_have_text("$96.00")
    await page.get_by_role("button", name="One more").click()
    await page.get_by_role("button", name="Add to cart").click()
    await expect(page.get_by_text("In your cart.")).to_be_visible()
    await expect(page.get_by_role("link", name="Cart 2 items")).to_be_visible()

    await page.get_by_role("link", name="View cart").click()
    await page.get_by_role("button", name="One less of Accident").click()
    await expect(page.get_by_role("link", name="Cart 1 item", exact=True)).to_be_visible()
    await page.get_by_label("Coupon code").fill("NOPE")
    await page.get_by_role("button", name="Apply").click()
    await expect(page.get_by_text("There is no coupon with this code.")).to_be_visible()
    await expect(page.get_by_label("Coupon code")).to_have_value("NOPE")

    await page.get_by_role("link", name="Check out").click()
    await page.get_by_role("main").get_by_role("link", name=re.compile("^Join")).click()
    await join_here(page, "sarahj")
    await expect(page).to_have_url(f"{sarah.url}/checkout")
    await expect(page.get_by_label("Your order").get_by_text("Accident No. 12 vase")).to_be_visible()
    await fill_address(page)
    await page.get_by_role("button", name=PAY).click()
    await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
    await expect(page.get_by_label("Summary").get_by_text("$96.00").first).to_be_visible()
    await expect(page.locator("#cart-link b")).to_have_count(0)

    await page.get_by_role("link", name="Receipt").click()
    await expect(page.get_by_role("cell", name="1 × Accident No. 12 vase")).to_be_visible()
    await sarah.go("/orders")
    await expect(page.get_by_role("listitem").get_by_text("Paid")).to_be_visible()
    await has_mail(sarah, "order")


async def test_a_declined_card_keeps_everything_that_was_typed(
    meet: Meet, settle: Settle, ada: Visit
) -> None:
    await settle("kareem")
    kareem = await meet(phone=True)
    page = kareem.page
    await kareem.sign_in("kareem")
    await buy_now(kareem, "speckled-bowl")
    await fill_address(page)
    await page.get_by_label("Phone").fill("+20 100 200 300")
    await pay_with(page, "tok_declined")

    await expect(page.get_by_text("Your card was declined. Try another card.").first).to_be_visible()
    await expect(page.get_by_label("Street and number")).to_have_value("1 River Road")
    await expect(page.get_by_label("City")).to_have_value("Cairo")
    await expect(page.get_by_label("Country")).to_have_value("EG")
    await expect(page.get_by_label("Phone")).to_have_value("+20 100 200 300")
    await expect(page.locator("#sandbox_card")).to_have_value("tok_declined")

    await pay_with(page, "tok_success")
    await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
    await kareem.go("/orders")
    await expect(page.locator(".bought-card")).to_have_count(1)


async def test_what_is_wrong_with_an_address_is_said_beside_it(
    meet: Meet, settle: Settle, ada: Visit
) -> None:
    await settle("kareem")
    kareem = await meet()
    page = kareem.page
    await kareem.sign_in("kareem")
    await buy_now(kareem, "speckled-bowl")
    await fill_address(page)
    await page.get_by_label("City").fill("")
    await page.get_by_label("E-mail").fill("nobody")
    await page.get_by_role("button", name=PAY).click()
    await expect(page.get_by_label("City")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#city-problem")).to_have_text("Write the town or city.")
    await expect(page.locator("#email-problem")).to_contain_text("Write an e-mail address")
    await expect(page.get_by_label("Street and number")).to_have_value("1 River Road")


async def test_the_second_order_is_two_clicks_away_and_a_double_click_is_one_order(
    meet: Meet, settle: Settle, ada: Visit
) -> None:
    await settle("kareem")
    kareem = await meet()
    page = kareem.page
    await kareem.sign_in("kareem")
    await buy_now(kareem, "speckled-bowl")
    await fill_address(page)
    await page.get_by_role("button", name=PAY).click()
    await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()

    await buy_now(kareem, "accident-no-12-vase")
    await page.get_by_role("button", name=PAY).dblclick()
    await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
    await kareem.go("/orders")
    await expect(page.locator(".bought-card")).to_have_count(2)


async def test_while_no_provider_answers_an_order_is_received_and_paid_once_one_does(
    meet: Meet,
    settle: Settle,
    ada: Visit,
    sandbox: SandboxServer,
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await settle("kareem")
    kareem = await meet()
    page = kareem.page
    await kareem.sign_in("kareem")
    await buy_now(kareem, "speckled-bowl")
    await fill_address(page)
    behave(sandbox, down=True)
    try:
        await page.get_by_role("button", name=PAY).click()
        received = page.get_by_role("heading", name="Order received, we will confirm your payment")
        await expect(received).to_be_visible(timeout=RETRIED_WITHIN_MS)
    finally:
        behave(sandbox, down=False)
    await owner.execute(MAKE_DUE, ada.tenant.id)
    # The open page is told.
    await expect(page.get_by_role("heading", name=THANKS)).to_be_visible(timeout=RETRIED_WITHIN_MS)
    await expect(page.locator("#order-news")).to_have_text(THANKS)


async def test_what_sells_out_in_the_cart_is_said_before_anything_is_paid(
    meet: Meet, settle: Settle, ada: Visit
) -> None:
    await settle("kareem")
    await settle("bob")
    kareem, bob = await meet(), await meet()
    await kareem.sign_in("kareem")
    await buy_now(kareem, "speckled-bowl")
    await fill_address(kareem.page)
    await bob.sign_in("bob")
    await buy_now(bob, "speckled-bowl")
    await fill_address(bob.page)
    await bob.page.get_by_role("button", name=PAY).click()
    await expect(bob.page.get_by_role("heading", name=THANKS)).to_be_visible()

    page = kareem.page
    await page.get_by_role("button", name=PAY).click()
    await expect(page.get_by_text("sold out").first).to_be_visible()
    await expect(page.get_by_role("button", name=PAY)).to_have_count(0)
    await expect(page.get_by_label("Street and number")).to_have_value("1 River Road")
    await page.get_by_role("alert").get_by_role("link", name="Back to the cart").click()
    await expect(page.get_by_text("This is sold out. Please remove it.")).to_be_visible()
    await page.get_by_role("button", name="OK, take it as it is now").click()
    await expect(page.get_by_role("heading", name="Your cart is empty")).to_be_visible()


async def test_a_new_price_is_shown_beside_the_old_one_until_it_is_accepted(
    meet: Meet, settle: Settle, ada: Visit
) -> None:
    await settle("kareem")
    kareem = await meet()
    page = kareem.page
    await kareem.sign_in("kareem")
    await buy_now(kareem, "speckled-bowl")
    await fill_address(page)
    await ada.write(lambda work: reprice(work, "speckled-bowl", 4200))
    await page.get_by_role("button", name=PAY).click()

    changed = page.get_by_role("alert").filter(has_text="has changed").last
    await expect(changed.get_by_text("$38.00").first).to_be_visible()
    await expect(changed.get_by_text("$42.00").first).to_be_visible()
    await page.get_by_role("button", name="OK, take it as it is now").click()
    await expect(page.get_by_label("Street and number")).to_have_value("1 River Road")
    await page.get_by_role("button", name="Pay $42.00").click()
    await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()


async def test_buying_needs_no_script(meet: Meet, settle: Settle, ada: Visit) -> None:
    await settle("kareem")
    kareem = await meet(script=False)
    page = kareem.page
    await kareem.go("/shop/accident-no-12-vase")
    await page.get_by_label("Size, Glaze").select_option(label="Large / Celadon · $96.00")
    await page.get_by_role("button", name="Add to cart").click()
    await page.get_by_label("Quantity of Accident").fill("2")
    await page.get_by_role("button", name="Update").click()
    await expect(page.get_by_text("$192.00").first).to_be_visible()
    await page.get_by_role("link", name="Check out").click()
    await page.get_by_label("E-mail").fill(email_of("kareem"))
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("main").get_by_role("button", name="Sign in").click()
    await fill_address(page)
    await page.get_by_role("button", name=PAY).click()
    await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()

    await page.get_by_role("button", name="Cancel the order").click()
    await expect(page.get_by_role("heading", name="This order was cancelled")).to_be_visible()


async def buy_now(visitor: Visitor, handle: str) -> None:
    await visitor.go(f"/shop/{handle}")
    await visitor.page.get_by_role("button", name="Buy now").click()
    await expect(visitor.page.get_by_role("heading", name="Checkout")).to_be_visible()


async def fill_address(page: Page) -> None:
    await page.get_by_label("Country").select_option("EG")
    await page.get_by_label("Street and number").fill("1 River Road")
    await page.get_by_label("City").fill("Cairo")


async def pay_with(page: Page, card: str) -> None:
    await page.locator("#sandbox_card").select_option(card)
    await page.get_by_role("button", name=PAY).click()


async def join_here(page: Page, username: str) -> None:
    await page.get_by_label("Name", exact=True).fill(NAMES[username])
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("E-mail").fill(email_of(username))
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()


async def has_mail(visitor: Visitor, subject: str) -> None:
    mail = visitor.page.get_by_role("link", name=re.compile(subject))

    async def arrived() -> bool:
        await visitor.go("/dev/mailbox")
        return await mail.count() > 0

    await eventually(arrived, every_s=0.1)


async def reprice(work: Work, handle: str, price_minor: int) -> None:
    product = await store.get_product(work, product=handle)
    change = store.VariantChange(price=usd(price_minor))
    await store.edit_variant(work, variant_id=product.variants[0].id, change=change)


def behave(sandbox: SandboxServer, *, down: bool) -> None:
    answer = httpx.put(f"{sandbox.url}/v1/behaviour", json={"down": down}, headers=sandbox.headers)
    answer.raise_for_status()
