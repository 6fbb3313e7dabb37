"""The checkout in a browser without a script: what is kept, what is said, and the way over PayPal"""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from msgspec.structs import replace

from tests.cast import Visit
from tests.conftest import client_of
from tests.modules.payments.doubles.paypal import CLIENT_ID, SECRET, PayPalDouble
from tests.modules.payments.doubles.serving import serving
from tests.modules.store.browser import Browser, enter
from tests.modules.store.shop import TestShop, usd
from threadly.app import make_app
from threadly.modules.store.pages.paying import TEST_CARDS
from threadly.modules.store.types.orders import OrderSummary
from threadly.modules.store.types.shop import Shop, Taxes, TaxRate
from threadly.modules.store.verbs.orders import list_orders
from threadly.modules.store.verbs.shop import change_shop
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant
from threadly.sandbox.cards import CARDS
from threadly.settings import Settings

ADDRESS = {
    "name": "Kareem",
    "line1": "1 River Road",
    "city": "Cairo",
    "country": "EG",
    "email": "kareem@example.com",
}
CARD = {**ADDRESS, "method": "sandbox", "sandbox_card": "tok_success", "do": "pay"}

AtTheTill = Callable[[int], Awaitable[Browser]]


@pytest.fixture
async def kareem(shop: TestShop) -> Visit:
    return await shop.join("kareem")


@pytest.fixture
def at_the_till(shop: TestShop, shop_client: httpx.AsyncClient, kareem: Visit) -> AtTheTill:
    """Kareem in front of the checkout, with a mug of that price in his cart."""

    async def arrive(price: int = 1_000) -> Browser:
        await shop.fill(kareem, await shop.sell(price=price, on_hand=2))
        browser = await enter(shop_client, kareem)
        await browser.open("/checkout")
        return browser

    return arrive


async def orders_of(buyer: Visit) -> list[OrderSummary]:
    return (await buyer.read(lambda work: list_orders(work, buyer_id=buyer.actor.me), fresh=True)).items


async def test_a_paid_order_is_shown_and_listed(at_the_till: AtTheTill, kareem: Visit) -> None:
    browser = await at_the_till(1_000)
    answer = await browser.send("/checkout", **CARD)
    page = await browser.open(answer.headers["location"])
    assert "Thank you. Your order is paid." in page
    assert "$10.00" in page
    assert "Mug" in await browser.open("/orders")
    assert [order.state for order in await orders_of(kareem)] == ["paid"]


async def test_the_same_form_twice_is_one_order(at_the_till: AtTheTill, kareem: Visit) -> None:
    browser = await at_the_till(1_000)
    form = browser.page
    first = await browser.send("/checkout", **CARD)
    browser.page = form
    second = await browser.send("/checkout", **CARD)
    assert first.headers["location"] == second.headers["location"]
    assert len(await orders_of(kareem)) == 1


async def test_a_second_click_with_another_token_leads_to_the_order_of_the_first(
    at_the_till: AtTheTill, kareem: Visit
) -> None:
    browser = await at_the_till(1_000)
    form = browser.page
    first = await browser.send("/checkout", **{**CARD, "sandbox_card": "tok_pending"})
    for token in ("tok_success", "tok_declined"):
        browser.page = form
        second = await browser.send("/checkout", **{**CARD, "sandbox_card": token})
        assert (second.status_code, second.headers["location"]) == (303, first.headers["location"])
    assert [order.state for order in await orders_of(kareem)] == ["payment_pending"]


async def test_a_form_of_an_order_that_came_to_nothing_is_shown_anew(
    at_the_till: AtTheTill, kareem: Visit
) -> None:
    browser = await at_the_till(1_000)
    form = browser.page
    await browser.send("/checkout", **{**CARD, "sandbox_card": "tok_declined"})
    browser.page = form
    again = await browser.send("/checkout", **CARD)
    assert "Please look at your order once more, then pay." in again.text
    assert await orders_of(kareem) == []


async def test_a_refusal_keeps_what_was_typed_and_the_next_form_has_a_key_of_its_own(
    at_the_till: AtTheTill, kareem: Visit
) -> None:
    browser = await at_the_till(1_000)
    key = browser.hidden()["key"]
    answer = await browser.send("/checkout", **{**CARD, "sandbox_card": "tok_insufficient_funds"})
    assert answer.status_code == 409
    assert "Your card has not enough funds for this. Try another card." in browser.page
    assert 'value="1 River Road"' in browser.page
    assert browser.hidden()["key"] != key
    assert (await browser.send("/checkout", **CARD)).status_code == 303
    assert [order.state for order in await orders_of(kareem)] == ["paid"]


async def test_each_field_that_is_wrong_has_its_sentence(at_the_till: AtTheTill, kareem: Visit) -> None:
    browser = await at_the_till(1_000)
    wrong = {**CARD, "city": " ", "email": "me", "country": "XX", "phone": "call me", "postal_code": "1" * 21}
    answer = await browser.send("/checkout", **wrong)
    assert answer.status_code == 400
    for name in ("city", "email", "country", "phone", "postal_code"):
        assert f'href="#{name}"' in browser.page
    assert await orders_of(kareem) == []


async def test_where_taxes_depend_on_the_region_it_is_chosen_and_never_spelled(
    at_the_till: AtTheTill, shop: TestShop, kareem: Visit
) -> None:
    rates = Taxes([TaxRate("US", "Sales tax", 725, "CA")])
    await shop.owner.write(lambda work: change_shop(work, shop=Shop(taxes=rates)))
    browser = await at_the_till(1_000)
    assert "region-US" not in browser.page
    american = {**CARD, "country": "US"}
    wrong = await browser.send("/checkout", **american, region="California")
    assert wrong.status_code == 409
    assert "Choose the state or province" in browser.page
    await browser.send("/checkout", **american | {"region-US": "CA", "do": "update"})
    assert "$10.73" in browser.page
    paid = await browser.send("/checkout", **american | {"region-US": "CA"})
    assert paid.status_code == 303
    (order,) = await orders_of(kareem)
    assert (await shop.order(order.id)).tax == usd(73)


async def test_another_region_is_said_to_be_one_and_stands_on_the_parcel(
    at_the_till: AtTheTill, shop: TestShop, kareem: Visit
) -> None:
    rates = Taxes([TaxRate("US", "Sales tax", 725, "CA")])
    await shop.owner.write(lambda work: change_shop(work, shop=Shop(taxes=rates)))
    browser = await at_the_till(1_000)
    texan = {**CARD, "country": "US", "region-US": "*", "region": "Texas"}
    await browser.send("/checkout", **texan | {"do": "update"})
    assert (await browser.send("/checkout", **texan)).status_code == 303
    (summary,) = await orders_of(kareem)
    address = (await shop.order(summary.id)).address
    assert address is not None
    assert (address.region, address.other_region) == ("Texas", True)
    await shop.fill(kareem, await shop.sell())
    page = await browser.open("/checkout")
    assert '<option value="*" selected>' in page
    assert 'value="Texas"' in page


async def test_a_country_without_regions_forgets_the_region_of_the_one_before(
    at_the_till: AtTheTill, shop: TestShop, kareem: Visit
) -> None:
    rates = Taxes([TaxRate("US", "Sales tax", 725, "CA")])
    await shop.owner.write(lambda work: change_shop(work, shop=Shop(taxes=rates)))
    browser = await at_the_till(1_000)
    american = {**CARD, "country": "US", "region-US": "CA", "do": "update"}
    page = browser.page
    assert 'name="region-US"' in (await browser.swap("/checkout", **american)).text
    browser.page = page
    assert 'name="region-US"' not in (await browser.swap("/checkout", **american, regions_for="US")).text
    browser.page = page
    assert (await browser.send("/checkout", **american | {"country": "EG", "do": "pay"})).status_code == 303
    (order,) = await orders_of(kareem)
    address = (await shop.order(order.id)).address
    assert address is not None
    assert address.region == ""


async def test_a_total_that_was_not_shown_is_not_charged(
    at_the_till: AtTheTill, shop: TestShop, kareem: Visit
) -> None:
    browser = await at_the_till(1_000)
    answer = await browser.send("/checkout", **CARD, expected_total_minor="1", expected_due_minor="1")
    assert answer.status_code == 409
    assert "The total is $10.00 now, not $0.01." in browser.page
    assert await orders_of(kareem) == []


async def test_a_gift_card_that_covers_all_needs_no_other(
    at_the_till: AtTheTill, shop: TestShop, kareem: Visit
) -> None:
    browser = await at_the_till(1_000)
    code = await shop.gift_card(5_000)
    await browser.send("/checkout", **ADDRESS, gift_card=f"{code}, nonsense", do="update")
    assert "There is no gift card with this code." in browser.page
    await browser.send("/checkout", **ADDRESS, gift_card=code, do="update")
    assert "Place the order" in browser.page
    assert (await browser.send("/checkout", **ADDRESS, gift_card=code, do="pay")).status_code == 303
    assert [order.state for order in await orders_of(kareem)] == ["paid"]


async def test_a_way_to_pay_that_is_not_offered_is_refused(at_the_till: AtTheTill, kareem: Visit) -> None:
    browser = await at_the_till(1_000)
    for method in ("stripe", "", "bitcoin"):
        answer = await browser.send("/checkout", **{**CARD, "method": method, "also": "bitcoin"})
        assert answer.status_code == 409
        assert "Choose how to pay" in browser.page
    assert await orders_of(kareem) == []


async def test_the_next_checkout_knows_the_address(
    at_the_till: AtTheTill, shop: TestShop, kareem: Visit
) -> None:
    browser = await at_the_till(1_000)
    await browser.send("/checkout", **CARD)
    await at_the_till(1_500)
    assert 'value="1 River Road"' in browser.page or 'value="1 River Road"' in await browser.open("/checkout")


async def test_an_order_is_called_off_by_its_buyer_while_it_is_not_sent(
    at_the_till: AtTheTill, kareem: Visit
) -> None:
    browser = await at_the_till(1_000)
    where = (await browser.send("/checkout", **CARD)).headers["location"]
    assert "Cancel the order" in await browser.open(where)
    await browser.send(f"{where}/cancel")
    page = await browser.open(where)
    assert "This order was cancelled" in page
    assert "Cancel the order" not in page
    assert "$10.00" in await browser.open(f"{where}/receipt")


async def test_without_paypal_or_stripe_no_page_lets_them_in(at_the_till: AtTheTill) -> None:
    browser = await at_the_till(1_000)
    policy = (await browser.client.get("/checkout")).headers["content-security-policy"]
    assert "stripe" not in policy
    assert "paypal" not in policy
    assert "script-src 'self'" in policy


def test_the_test_cards_that_are_offered_are_the_sandboxs() -> None:
    assert {card.token for card in TEST_CARDS} <= set(CARDS)


# Over PayPal and Stripe


@pytest.fixture
async def paypal() -> AsyncIterator[tuple[PayPalDouble, str]]:
    double = PayPalDouble()
    async with serving(double) as url:
        yield double, url


@pytest.fixture
async def client_of_all(
    settings: Settings, shop: TestShop, paypal: tuple[PayPalDouble, str], tenant: Tenant
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of an installation with PayPal and Stripe beside the Sandbox."""
    keys = replace(
        settings,
        paypal_client_id=CLIENT_ID,
        paypal_secret=SECRET,
        paypal_url=paypal[1],
        stripe_secret_key="sk_test_of_nobody",
        stripe_publishable_key="pk_test_of_nobody",
        sandbox_url="http://127.0.0.1:9",
        sandbox_key="nobody",
    )
    runtime = Runtime(keys)
    await runtime.start()
    async with client_of(make_app(runtime), tenant) as client:
        yield client
    await runtime.stop()


async def test_paypal_approves_elsewhere_and_is_charged_only_after_coming_back(
    client_of_all: httpx.AsyncClient, paypal: tuple[PayPalDouble, str], shop: TestShop, kareem: Visit
) -> None:
    double, _ = paypal
    await shop.fill(kareem, await shop.sell(price=1_000))
    browser = await enter(client_of_all, kareem)
    await browser.open("/checkout")
    answer = await browser.send("/checkout", **ADDRESS, method="paypal", do="pay")
    assert answer.status_code == 303
    (order_id,) = double.orders
    assert order_id in answer.headers["location"]
    assert await orders_of(kareem) == []

    double.approve(order_id)
    page = await browser.open(f"/checkout/paypal?token={order_id}")
    assert "Pay with PayPal" in page
    assert double.captures == {}
    answer = await browser.send("/checkout", do="pay")
    assert answer.status_code == 303
    assert [order.state for order in await orders_of(kareem)] == ["paid"]
    assert len(double.captures) == 1


async def test_back_from_paypal_with_nothing_the_checkout_begins_again(
    client_of_all: httpx.AsyncClient, shop: TestShop, kareem: Visit
) -> None:
    await shop.fill(kareem, await shop.sell(price=1_000))
    browser = await enter(client_of_all, kareem)
    browser.client.cookies.set("threadly_paypal", "bm9uc2Vuc2U", path="/checkout/paypal")
    answer = await browser.client.get("/checkout/paypal?token=5O190127TN364715T")
    assert answer.headers["location"] == "/checkout"


async def test_the_checkout_alone_lets_stripe_and_paypal_in(
    client_of_all: httpx.AsyncClient, shop: TestShop, kareem: Visit
) -> None:
    await shop.fill(kareem, await shop.sell(price=1_000))
    browser = await enter(client_of_all, kareem)
    page = await browser.open("/checkout")
    assert 'data-stripe="pk_test_of_nobody"' in page
    assert "https://js.stripe.com/v3/" in page
    assert "sk_test" not in page
    policy = (await browser.client.get("/checkout")).headers["content-security-policy"]
    assert "https://js.stripe.com" in policy
    assert "form-action 'self' https://www.paypal.com" in policy
    assert "stripe" not in (await browser.client.get("/cart")).headers["content-security-policy"]
