"""The pages of the shop, the cart and the orders, as a browser without a script sees them"""

import httpx

from tests.cast import Visit
from tests.modules.store.browser import Browser, enter
from tests.modules.store.goods import category, only, product, variant
from threadly.modules import store
from threadly.platform.ids import new_id


async def test_the_shop_shows_what_is_for_sale_and_fits(client: httpx.AsyncClient, ada: Visit) -> None:
    await category(ada, "Tea")
    await product(ada, "Brown teapot", category="tea")
    await product(ada, "Walnut shelf", variant(24_000, on_hand=0))
    await product(ada, "Not yet", status="draft")
    browser = Browser(client)

    page = await browser.open("/shop")
    assert "Brown teapot" in page
    assert "Walnut shelf" in page
    assert "Sold out" in page
    assert "Not yet" not in page
    assert "Walnut shelf" not in await browser.open("/shop?available=1")
    assert "Walnut shelf" not in await browser.open("/shop?category=tea")
    assert "Brown teapot" in await browser.open("/shop?q=teapots&sort=relevance")
    assert "Nothing matches" in await browser.open("/shop?q=bicycle&sort=nonsense")


async def test_the_shop_goes_on_page_by_page(client: httpx.AsyncClient, ada: Visit) -> None:
    for number in range(26):
        await product(ada, f"Cup {number:02}")
    browser = Browser(client)
    page = await browser.open("/shop?sort=title")
    assert "Cup 23" in page
    assert "Cup 24" not in page
    link = page.split('hx-get="')[1].split('"')[0]
    rest = await browser.open(link, htmx=True)
    assert "Cup 24" in rest
    assert "Cup 25" in rest
    assert "<html" not in rest


async def test_a_picture_from_elsewhere_is_not_loaded(client: httpx.AsyncClient, ada: Visit) -> None:
    await product(ada, "Far away", image_url="https://cdn.example.com/far.jpg")
    await product(ada, "At home", image_url=f"http://{client.base_url.host}/static/home.jpg")
    page = await Browser(client).open("/shop")
    assert "cdn.example.com" not in page
    assert "/static/home.jpg" in page


async def test_a_description_is_shown_as_the_clean_html_that_it_is(
    client: httpx.AsyncClient, ada: Visit
) -> None:
    await product(ada, "Bowl", description="<p>Thrown <b>by hand</b></p><script>alert(1)</script>")
    page = (await client.get("/shop/bowl")).text
    assert "<p>Thrown <b>by hand</b></p>" in page
    assert "alert(1)" not in page


async def test_a_guest_keeps_a_cart_and_brings_it_along(
    client: httpx.AsyncClient, ada: Visit, kareem: Visit
) -> None:
    teapot = await product(ada)
    browser = Browser(client)
    await browser.open("/shop/teapot")
    assert (await browser.send("/cart/lines", quantity="2", then="stay")).headers["location"] == "/cart"
    assert "$39.98" in await browser.open("/cart")
    assert await browser.send("/cart/lines", variant_id=str(only(teapot)), quantity="2", then="checkout")
    answer = await client.get("/checkout")
    assert answer.headers["location"] == "/login?next=/checkout"

    browser = await enter(client, kareem)
    assert 'class="cart-link__count">2' in await browser.open("/shop")
    cart = await kareem.read(lambda work: store.get_cart(work))
    assert [line.quantity for line in cart.lines] == [2]


async def test_more_than_there_is_cannot_be_put_into_a_cart(client: httpx.AsyncClient, ada: Visit) -> None:
    await product(ada, "Teapot", variant(on_hand=3))
    browser = Browser(client)
    await browser.open("/shop/teapot")
    answer = await browser.send("/cart/lines", quantity="4", then="stay")
    assert answer.status_code == 400
    assert "Only 3 are left." in browser.page
    assert "<h1>Teapot</h1>" in browser.page
    answer = await browser.swap("/cart/lines", quantity="lots", then="stay")
    assert answer.status_code == 400
    assert "Choose a quantity from 1 to 999." in browser.page


async def test_a_line_is_changed_and_removed_and_what_is_wrong_is_said_beside_it(
    client: httpx.AsyncClient, ada: Visit
) -> None:
    line = f"/cart/lines/{only(await product(ada, 'Teapot', variant(on_hand=3)))}"
    browser = Browser(client)
    await browser.open("/shop/teapot")
    await browser.send("/cart/lines", quantity="1", then="stay")
    await browser.open("/cart")
    assert (await browser.send(line, quantity="9")).status_code == 400
    assert "Only 3 are left. Please take fewer." in browser.page
    assert (await browser.send(line, quantity="3")).headers["location"] == "/cart"
    assert "$59.97" in await browser.open("/cart")
    answer = await browser.swap(f"{line}/remove")
    assert "Your cart is empty" in answer.text
    assert 'id="cart-link"' in answer.text
    assert "cart-link__count" not in answer.text


async def test_a_coupon_that_is_none_is_said_beside_its_field(client: httpx.AsyncClient, ada: Visit) -> None:
    await product(ada)
    browser = Browser(client)
    await browser.open("/shop/teapot")
    await browser.send("/cart/lines", quantity="1", then="stay")
    await browser.open("/cart")
    assert (await browser.send("/cart/coupons", code="nope")).status_code == 400
    assert "There is no coupon with this code." in browser.page
    await ada.write(
        lambda work: store.create_coupon(work, coupon=store.NewCoupon("WELCOME", basis_points=1_000))
    )
    assert (await browser.send("/cart/coupons", code="welcome")).status_code == 303
    assert "Coupon WELCOME" in await browser.open("/cart")
    assert (await browser.send("/cart/coupons/remove", code="welcome")).status_code == 303
    assert "Coupon WELCOME" not in await browser.open("/cart")


async def test_nobody_sees_or_cancels_the_order_of_another(
    client: httpx.AsyncClient, ada: Visit, kareem: Visit
) -> None:
    browser = await enter(client, kareem)
    await browser.open("/orders")
    assert (await browser.send(f"/orders/{new_id()}/cancel")).status_code == 404
    await browser.open(f"/orders/{new_id()}", status=404)
    await browser.open("/orders/nonsense", status=404)


async def test_what_is_not_for_sale_has_no_page(client: httpx.AsyncClient, ada: Visit) -> None:
    await product(ada, "Not yet", status="draft")
    await Browser(client).open("/shop/not-yet", status=404)
    await Browser(client).open("/shop/nothing", status=404)
