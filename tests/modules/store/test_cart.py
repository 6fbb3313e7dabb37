"""The cart: of members and guests, merged at sign-in, and honest about what changed since it was filled."""

import asyncio
from copy import copy
from datetime import timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from tests.cast import Visit, sign_in, sign_up
from tests.conftest import client_of
from tests.modules.identity.runs import run_job
from tests.modules.store.goods import Owner, empty_order, only, product, seller, usd, variant
from threadly.app import make_app
from threadly.modules import store
from threadly.modules.store.cart_cookie import CART_COOKIE
from threadly.modules.store.jobs import forget_carts
from threadly.modules.store.rules.guests import new_token
from threadly.modules.store.verbs import stock
from threadly.platform.ids import UUID, new_id
from threadly.platform.runtime import Runtime
from threadly.platform.work import ANONYMOUS, Tenant, Work, Works

API = "/api/v1"


@pytest.fixture
async def ada(works: Works, tenant: Tenant) -> Visit:
    return await seller(works, tenant)


@pytest.fixture
async def kareem(works: Works, tenant: Tenant) -> Visit:
    return Visit(works, tenant, await sign_up(works, tenant, "kareem"))


@pytest.fixture
def visitor(works: Works, tenant: Tenant) -> Visit:
    return Visit(works, tenant, ANONYMOUS)


@pytest.fixture
async def teapot(ada: Visit) -> UUID:
    """Costs 19.99; ten are on hand."""
    return only(await product(ada, "Teapot"))


@pytest.fixture
async def cup(ada: Visit) -> UUID:
    """Costs 5.00; nobody counts them."""
    return only(await product(ada, "Cup", variant(500, tracked=False, on_hand=0)))


@pytest.fixture
async def as_kareem(works: Works, tenant: Tenant, kareem: Visit) -> dict[str, str]:
    signed_in = await sign_in(works, tenant, kareem.actor)
    return {"Authorization": f"Bearer {signed_in.access_token}"}


async def put(by: Visit, variant_id: UUID, quantity: int = 1, guest: str | None = None) -> store.Cart:
    return await by.write(
        lambda work: store.set_line(work, variant_id=variant_id, quantity=quantity, guest=guest)
    )


async def cart_of(by: Visit, guest: str | None = None) -> store.Cart:
    return await by.read(lambda work: store.get_cart(work, guest=guest), fresh=True)


def contents(cart: store.Cart) -> dict[UUID, int]:
    return {line.variant_id: line.quantity for line in cart.lines}


async def reprice(by: Visit, variant_id: UUID, price: int) -> None:
    change = store.VariantChange(price=usd(price))
    await by.write(lambda work: store.edit_variant(work, variant_id=variant_id, change=change))


async def count(by: Visit, variant_id: UUID, on_hand: int) -> None:
    await by.write(lambda work: store.set_stock(work, variant_id=variant_id, on_hand=on_hand))


# What is in it


async def test_a_member_fills_a_cart_and_finds_it_again(kareem: Visit, teapot: UUID, cup: UUID) -> None:
    await put(kareem, teapot, 2)
    shown = await put(kareem, cup, 3)
    found = await cart_of(kareem)
    assert found == shown
    assert contents(found) == {teapot: 2, cup: 3}
    assert [line.title for line in found.lines] == ["Teapot", "Cup"]
    assert (found.totals.total, found.item_count, found.changed) == (usd(5_498), 5, False)
    assert not found.totals.final
    assert await kareem.read(lambda work: store.count_units(work)) == 5


async def test_setting_is_exact_and_adding_adds(kareem: Visit, teapot: UUID) -> None:
    await put(kareem, teapot, 5)
    assert contents(await put(kareem, teapot, 2)) == {teapot: 2}
    added = await kareem.write(lambda work: store.add_line(work, variant_id=teapot, quantity=3))
    assert contents(added) == {teapot: 5}
    removed = await kareem.write(lambda work: store.remove_line(work, variant_id=teapot))
    assert removed.lines == []
    assert (await kareem.write(lambda work: store.remove_line(work, variant_id=teapot))).lines == []


async def test_a_cart_that_nobody_filled_is_empty(kareem: Visit, visitor: Visit) -> None:
    for by in (kareem, visitor):
        cart = await cart_of(by, guest=new_token())
        assert (cart.lines, cart.totals.total, cart.item_count) == ([], usd(0), 0)
        assert await by.read(lambda work: store.count_units(work)) == 0


@pytest.mark.parametrize("quantity", [0, -1, 1_000, 2**40])
async def test_a_quantity_is_from_1_to_999(kareem: Visit, cup: UUID, quantity: int) -> None:
    with pytest.raises(store.QuantityInvalid):
        await put(kareem, cup, quantity)


async def test_what_adding_makes_is_a_quantity_too(kareem: Visit, cup: UUID) -> None:
    await put(kareem, cup, 999)
    with pytest.raises(store.QuantityInvalid):
        await kareem.write(lambda work: store.add_line(work, variant_id=cup))
    assert contents(await cart_of(kareem)) == {cup: 999}


async def test_more_than_is_left_does_not_go_in(kareem: Visit, teapot: UUID) -> None:
    with pytest.raises(store.NotEnoughStock, match="Only 10 are left"):
        await put(kareem, teapot, 11)
    assert (await cart_of(kareem)).lines == []


async def test_only_what_is_for_sale_goes_in(ada: Visit, kareem: Visit) -> None:
    draft = only(await product(ada, "Draft", status="draft"))
    for wanted in (draft, new_id()):
        with pytest.raises(store.VariantMissing):
            await put(kareem, wanted)


async def test_a_cart_holds_a_hundred_lines(ada: Visit, kareem: Visit, cup: UUID) -> None:
    sizes = [variant(100, str(number)) for number in range(100)]
    many = await product(ada, "Many", *sizes[:50], options=["size"])
    more = await product(ada, "More", *sizes[50:], options=["size"])
    for each in [*many.variants, *more.variants]:
        await put(kareem, each.id)
    with pytest.raises(store.CartFull):
        await put(kareem, cup)
    assert len((await put(kareem, many.variants[0].id, 2)).lines) == 100


async def test_a_cart_is_read_in_four_statements(ada: Visit, kareem: Visit, teapot: UUID, cup: UUID) -> None:
    await make_coupon(ada, "SPRING", basis_points=1_000)
    await put(kareem, teapot, 2)
    await put(kareem, cup)
    await kareem.write(lambda work: store.put_coupon(work, code="SPRING"))

    async def look(work: Work) -> int:
        await store.get_cart(work, address=store.Destination("US", "CA"))
        return work.statement_count

    assert await kareem.read(look) == 4


# What changed since


async def test_a_new_price_counts_and_is_shown_until_it_is_acknowledged(
    ada: Visit, kareem: Visit, teapot: UUID
) -> None:
    await put(kareem, teapot, 2)
    await reprice(ada, teapot, 2_500)
    cart = await cart_of(kareem)
    (line,) = cart.lines
    (notice,) = line.notices
    assert (notice.code, notice.old_price, notice.new_price) == ("price_changed", usd(1_999), usd(2_500))
    assert notice.message == "This costs $25.00 now. It was $19.99 when you last saw it."
    assert (line.seen_price, line.price, cart.totals.total) == (usd(1_999), usd(2_500), usd(5_000))
    assert cart.changed
    assert (await cart_of(kareem)).changed
    assert not (await kareem.write(store.acknowledge_cart)).changed
    assert (await cart_of(kareem)).lines[0].seen_price == usd(2_500)


async def test_putting_the_line_again_acknowledges_its_price(ada: Visit, kareem: Visit, teapot: UUID) -> None:
    await put(kareem, teapot, 2)
    await reprice(ada, teapot, 1_000)
    assert (await cart_of(kareem)).changed
    assert not (await put(kareem, teapot, 2)).changed


async def test_less_stock_is_shown_and_never_taken_off_by_itself(
    ada: Visit, kareem: Visit, teapot: UUID
) -> None:
    await put(kareem, teapot, 5)
    await count(ada, teapot, 3)
    (line,) = (await cart_of(kareem)).lines
    assert line.quantity == 5
    assert [(notice.code, notice.left) for notice in line.notices] == [("only_left", 3)]
    assert contents(await kareem.write(store.acknowledge_cart)) == {teapot: 3}


async def test_sold_out_is_shown_and_goes_when_it_is_acknowledged(
    ada: Visit, kareem: Visit, teapot: UUID, cup: UUID
) -> None:
    await put(kareem, teapot)
    await put(kareem, cup)
    await count(ada, teapot, 0)
    cart = await cart_of(kareem)
    assert [[notice.code for notice in line.notices] for line in cart.lines] == [["sold_out"], []]
    assert contents(await kareem.write(store.acknowledge_cart)) == {cup: 1}


async def test_what_is_archived_or_deleted_is_shown_and_costs_nothing(
    ada: Visit, kareem: Visit, cup: UUID
) -> None:
    teapot = await product(ada, "Teapot")
    mugs = await product(ada, "Mug", variant(700, "S"), variant(800, "L"), options=["size"])
    small = mugs.variants[0].id
    for variant_id in (only(teapot), small, cup):
        await put(kareem, variant_id)
    await ada.write(lambda work: store.archive_product(work, product_id=teapot.id))
    await ada.write(lambda work: store.remove_variant(work, variant_id=small))
    cart = await cart_of(kareem)
    assert [line.title for line in cart.lines] == ["Teapot", "Mug", "Cup"]
    assert [[notice.code for notice in line.notices] for line in cart.lines] == [["gone"], ["gone"], []]
    assert [line.total for line in cart.lines] == [usd(0), usd(0), usd(500)]
    assert (cart.totals.total, cart.changed) == (usd(500), True)
    assert contents(await kareem.write(store.acknowledge_cart)) == {cup: 1}


async def test_what_a_carts_own_checkout_reserved_is_left_to_it_and_not_to_others(
    ada: Visit, kareem: Visit, visitor: Visit, teapot: UUID, owner: Owner, works: Works
) -> None:
    secret, order_id = new_token(), await empty_order(owner, kareem.tenant)
    await put(kareem, teapot, 10)
    await put(visitor, teapot, 1, guest=secret)
    expires_at = works.clock() + timedelta(hours=1)
    await kareem.write(
        lambda work: stock.reserve(work, order_id=order_id, lines={teapot: 10}, expires_at=expires_at)
    )
    await owner.execute(
        "UPDATE store.carts SET order_id = $2 WHERE user_id = $1", kareem.actor.user_id, order_id
    )
    mine = await cart_of(kareem)
    assert (mine.changed, mine.order_id, mine.lines[0].left) == (False, order_id, 10)
    assert contents(await put(kareem, teapot, 10)) == {teapot: 10}
    (line,) = (await cart_of(visitor, guest=secret)).lines
    assert [notice.code for notice in line.notices] == ["sold_out"]


# Guests


async def test_a_guest_has_a_cart_by_the_secret_alone(visitor: Visit, teapot: UUID, owner: Owner) -> None:
    secret = new_token()
    await put(visitor, teapot, 2, guest=secret)
    assert contents(await cart_of(visitor, guest=secret)) == {teapot: 2}
    assert (await cart_of(visitor, guest=new_token())).lines == []
    assert (await cart_of(visitor)).lines == []
    stored = await owner.fetch("SELECT * FROM store.carts WHERE tenant_id = $1", visitor.tenant.id)
    assert secret not in str(stored)


async def test_at_sign_in_both_carts_become_one(
    kareem: Visit, visitor: Visit, teapot: UUID, cup: UUID, ada: Visit
) -> None:
    mug = only(await product(ada, "Mug"))
    await make_coupon(ada, "MINE", basis_points=1_000)
    await make_coupon(ada, "GUEST", amount=usd(100))
    secret = new_token()
    await put(kareem, teapot, 4)
    await put(kareem, cup, 1)
    await kareem.write(lambda work: store.put_coupon(work, code="MINE"))
    await put(visitor, teapot, 2, guest=secret)
    await put(visitor, cup, 3, guest=secret)
    await put(visitor, mug, 1, guest=secret)
    await visitor.write(lambda work: store.put_coupon(work, code="GUEST", guest=secret))
    await kareem.write(lambda work: store.merge_cart(work, guest=secret))
    merged = await cart_of(kareem)
    assert contents(merged) == {teapot: 4, cup: 3, mug: 1}
    assert [coupon.code for coupon in merged.coupons] == ["MINE", "GUEST"]
    assert (await cart_of(visitor, guest=secret)).lines == []
    await kareem.write(lambda work: store.merge_cart(work, guest=secret))
    assert await cart_of(kareem) == merged


async def test_a_members_change_merges_first(kareem: Visit, visitor: Visit, teapot: UUID, cup: UUID) -> None:
    secret = new_token()
    await put(visitor, teapot, 2, guest=secret)
    assert contents(await put(kareem, cup, 1, guest=secret)) == {teapot: 2, cup: 1}


async def test_coupons_of_one_kind_from_both_carts_are_told_apart(
    ada: Visit, kareem: Visit, visitor: Visit, teapot: UUID
) -> None:
    await make_coupon(ada, "MINE", basis_points=1_000)
    await make_coupon(ada, "GUEST", basis_points=2_000)
    secret = new_token()
    await put(kareem, teapot)
    await kareem.write(lambda work: store.put_coupon(work, code="MINE"))
    await put(visitor, teapot, guest=secret)
    await visitor.write(lambda work: store.put_coupon(work, code="GUEST", guest=secret))
    await kareem.write(lambda work: store.merge_cart(work, guest=secret))
    mine, guests = (await cart_of(kareem)).coupons
    assert (mine.amount, mine.problem) == (usd(200), None)
    assert guests.amount == usd(0)
    assert guests.problem == store.CouponConflict.message


async def test_a_cart_of_another_community_is_not_found(
    works: Works, other_tenant: Tenant, visitor: Visit, teapot: UUID
) -> None:
    secret = new_token()
    await put(visitor, teapot, guest=secret)
    assert (await cart_of(Visit(works, other_tenant), guest=secret)).lines == []


async def test_only_guests_carts_that_nobody_touches_are_forgotten(
    works: Works, tenant: Tenant, kareem: Visit, visitor: Visit, teapot: UUID, owner: Owner
) -> None:
    old, new = new_token(), new_token()
    await put(visitor, teapot, guest=old)
    await put(kareem, teapot)
    await owner.execute(
        "UPDATE store.carts SET updated_at = now() - $2::interval WHERE tenant_id = $1",
        tenant.id,
        timedelta(days=31),
    )
    await put(visitor, teapot, guest=new)
    await run_job(works, tenant, forget_carts)
    found = [contents(await cart_of(visitor, guest=each)) for each in (old, new)]
    assert found == [{}, {teapot: 1}]
    assert contents(await cart_of(kareem)) == {teapot: 1}


async def test_ten_clicks_at_the_same_instant_are_ten(kareem: Visit, cup: UUID) -> None:
    clicks = [kareem.write(lambda work: store.add_line(work, variant_id=cup)) for _ in range(10)]
    await asyncio.gather(*clicks)
    assert contents(await cart_of(kareem)) == {cup: 10}


async def test_two_tabs_that_merge_at_the_same_instant_merge_once(
    kareem: Visit, visitor: Visit, teapot: UUID
) -> None:
    secret = new_token()
    await put(visitor, teapot, 2, guest=secret)
    tabs = [kareem.write(lambda work: store.merge_cart(work, guest=secret)) for _ in range(4)]
    await asyncio.gather(*tabs)
    assert contents(await cart_of(kareem)) == {teapot: 2}


async def test_a_merged_cart_keeps_its_bounds(
    ada: Visit, kareem: Visit, visitor: Visit, cup: UUID, teapot: UUID
) -> None:
    sizes = [variant(100, str(number)) for number in range(50)]
    many = [*(await product(ada, "Many", *sizes, options=["size"])).variants]
    more = [*(await product(ada, "More", *sizes, options=["size"])).variants]
    secret = new_token()
    await put(kareem, teapot, 2)
    for each in many:
        await put(kareem, each.id)
    for each in more:
        await put(visitor, each.id, guest=secret)
    await put(visitor, teapot, 1, guest=secret)
    await put(visitor, cup, 1, guest=secret)
    await kareem.write(lambda work: store.merge_cart(work, guest=secret))
    merged = contents(await cart_of(kareem))
    assert len(merged) == 100
    assert cup in merged


# Coupons in it


async def test_a_coupon_takes_off_and_can_be_taken_out(ada: Visit, kareem: Visit, teapot: UUID) -> None:
    await make_coupon(ada, "SPRING-10", basis_points=1_000)
    await put(kareem, teapot, 2)
    cart = await kareem.write(lambda work: store.put_coupon(work, code=" spring-10 "))
    assert cart.coupons == [store.CartCoupon("SPRING-10", usd(400), None)]
    assert (cart.totals.discount, cart.totals.total) == (usd(400), usd(3_598))
    assert await kareem.write(lambda work: store.put_coupon(work, code="SPRING-10")) == cart
    without = await kareem.write(lambda work: store.remove_coupon(work, code="spring-10"))
    assert (without.coupons, without.totals.total) == ([], usd(3_998))


async def test_a_coupon_that_counts_no_more_stays_and_says_why(
    ada: Visit, kareem: Visit, teapot: UUID
) -> None:
    await make_coupon(ada, "BIG", basis_points=1_000, minimum=usd(3_000))
    await put(kareem, teapot, 2)
    await kareem.write(lambda work: store.put_coupon(work, code="BIG"))
    (coupon,) = (await put(kareem, teapot, 1)).coupons
    assert coupon.amount == usd(0)
    assert coupon.problem == "This coupon is for carts of $30.00 or more. Yours has $19.99."
    (coupon,) = (await put(kareem, teapot, 2)).coupons
    assert (coupon.amount, coupon.problem) == (usd(400), None)


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        ({"expires_at": timedelta(seconds=-1)}, store.CouponExpired),
        ({"starts_at": timedelta(days=1)}, store.CouponNotYet),
        ({"minimum": usd(2_000)}, store.CouponMinimum),
        ({"active": False}, store.CouponInactive),
    ],
)
async def test_a_coupon_that_takes_nothing_off_is_refused(
    ada: Visit,
    kareem: Visit,
    teapot: UUID,
    works: Works,
    terms: dict[str, Any],
    refusal: type[Exception],
) -> None:
    now = works.clock()
    terms = {name: now + value if isinstance(value, timedelta) else value for name, value in terms.items()}
    active = terms.pop("active", True)
    coupon = await make_coupon(ada, "SPRING", basis_points=1_000, **terms)
    if not active:
        await ada.write(lambda work: store.deactivate_coupon(work, coupon_id=coupon.id))
    await put(kareem, teapot)
    with pytest.raises(refusal):
        await kareem.write(lambda work: store.put_coupon(work, code="SPRING"))
    assert (await cart_of(kareem)).coupons == []


@pytest.mark.parametrize("code", ["NOBODY", "", "  ", "a b", "x" * 41, "a\x00b", "%", "É"])
async def test_a_code_that_nobody_made_is_unknown(kareem: Visit, teapot: UUID, code: str) -> None:
    await put(kareem, teapot)
    with pytest.raises(store.CouponUnknown):
        await kareem.write(lambda work: store.put_coupon(work, code=code))
    assert (await kareem.write(lambda work: store.remove_coupon(work, code=code))).coupons == []


async def test_a_second_coupon_of_one_kind_is_refused(ada: Visit, kareem: Visit, teapot: UUID) -> None:
    await make_coupon(ada, "ONE", basis_points=1_000)
    await make_coupon(ada, "TWO", basis_points=2_000)
    await make_coupon(ada, "FIXED", amount=usd(100))
    await put(kareem, teapot)
    await kareem.write(lambda work: store.put_coupon(work, code="ONE"))
    with pytest.raises(store.CouponConflict):
        await kareem.write(lambda work: store.put_coupon(work, code="TWO"))
    cart = await kareem.write(lambda work: store.put_coupon(work, code="FIXED"))
    assert cart.totals.discount == usd(300)


async def make_coupon(by: Visit, code: str, **terms: Any) -> store.Coupon:
    new = store.NewCoupon(code=code, **terms)
    return await by.write(lambda work: store.create_coupon(work, coupon=new))


# Over HTTP


async def test_a_guest_keeps_a_cart_by_cookie(client: httpx.AsyncClient, teapot: UUID) -> None:
    empty = await client.get(f"{API}/cart")
    assert empty.status_code == 200
    assert "set-cookie" not in empty.headers
    made = await client.put(f"{API}/cart/lines/{teapot}", json={"quantity": 2})
    assert made.status_code == 200
    cookie = made.headers["set-cookie"]
    assert cookie.startswith(f"{CART_COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    found = await client.get(f"{API}/cart")
    assert found.json() == made.json()
    assert found.headers["ETag"]
    again = await client.get(f"{API}/cart", headers={"If-None-Match": found.headers["ETag"]})
    assert again.status_code == 304


async def test_after_sign_in_the_next_request_merges_and_drops_the_cookie(
    client: httpx.AsyncClient, as_kareem: dict[str, str], teapot: UUID, cup: UUID
) -> None:
    await client.put(f"{API}/cart/lines/{teapot}", json={"quantity": 2})
    assert CART_COOKIE in client.cookies
    merged = await client.get(f"{API}/cart", headers=as_kareem)
    assert [line["quantity"] for line in merged.json()["data"]["lines"]] == [2]
    assert "Max-Age=0" in merged.headers["set-cookie"]
    assert CART_COOKIE not in client.cookies
    after = await client.put(f"{API}/cart/lines/{cup}", json={"quantity": 1}, headers=as_kareem)
    assert len(after.json()["data"]["lines"]) == 2
    assert "set-cookie" not in after.headers
    assert (await client.get(f"{API}/cart")).json()["data"]["lines"] == []


async def test_a_members_change_merges_and_drops_the_cookie_too(
    client: httpx.AsyncClient, as_kareem: dict[str, str], teapot: UUID, cup: UUID
) -> None:
    await client.put(f"{API}/cart/lines/{teapot}", json={"quantity": 2})
    merged = await client.put(f"{API}/cart/lines/{cup}", json={"quantity": 1}, headers=as_kareem)
    assert len(merged.json()["data"]["lines"]) == 2
    assert "Max-Age=0" in merged.headers["set-cookie"]
    assert CART_COOKIE not in client.cookies


async def test_over_https_the_cookie_is_secure(runtime: Runtime, tenant: Tenant, teapot: UUID) -> None:
    await runtime.tenants.refresh()
    secure = copy(runtime)
    secure.settings = replace(runtime.settings, base_url="https://threadly.test")
    async with client_of(make_app(secure), tenant) as client:
        made = await client.put(f"{API}/cart/lines/{teapot}", json={"quantity": 1})
    assert made.headers["set-cookie"].endswith("; Secure")


async def test_a_refused_change_leaves_no_cookie(client: httpx.AsyncClient) -> None:
    answer = await client.put(f"{API}/cart/lines/{new_id()}", json={"quantity": 2})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "store.variant_missing")
    assert CART_COOKIE not in client.cookies


async def test_the_whole_cart_over_http(
    client: httpx.AsyncClient, ada: Visit, as_kareem: dict[str, str], teapot: UUID
) -> None:
    await make_coupon(ada, "SPRING", basis_points=1_000)
    shop = store.Shop(
        taxes=store.Taxes([store.TaxRate("US", "Sales tax", 1_000, "CA")]),
        shipping=[store.ShippingRate("US", 500)],
    )
    await ada.write(lambda work: store.change_shop(work, shop=shop))
    client.headers.update(as_kareem)
    await client.put(f"{API}/cart/lines/{teapot}", json={"quantity": 2})
    put = await client.put(f"{API}/cart/coupons/spring")
    assert put.json()["data"]["coupons"][0]["amount"] == {"amount_minor": 400, "currency": "USD"}
    quoted = await client.get(f"{API}/cart", params={"country": "US", "region": "CA"})
    totals = quoted.json()["data"]["totals"]
    assert totals["total"]["amount_minor"] == 3_598 + 360 + 500
    assert totals["final"] is True
    for region in ("California", "Texas", ""):
        unknown = await client.get(f"{API}/cart", params={"country": "US", "region": region})
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (400, "store.region_unknown")
    texas = {"country": "US", "region": "Texas", "other_region": "true"}
    elsewhere = (await client.get(f"{API}/cart", params=texas)).json()["data"]["totals"]
    assert (elsewhere["tax"]["amount_minor"], elsewhere["final"]) == (0, True)
    nowhere = await client.get(f"{API}/cart", params={"country": "FR"})
    assert (nowhere.status_code, nowhere.json()["error"]["code"]) == (400, "store.not_shipped_there")
    await reprice(ada, teapot, 1_000)
    assert (await client.get(f"{API}/cart")).json()["data"]["changed"] is True
    acknowledged = await client.post(f"{API}/cart/acknowledgement")
    assert (acknowledged.status_code, acknowledged.json()["data"]["changed"]) == (200, False)
    assert (await client.delete(f"{API}/cart/coupons/SPRING")).status_code == 204
    assert (await client.delete(f"{API}/cart/lines/{teapot}")).status_code == 204
    empty = (await client.get(f"{API}/cart")).json()["data"]
    assert (empty["lines"], empty["coupons"]) == ([], [])


async def test_a_change_of_a_cart_that_is_another_by_now_is_refused(
    client: httpx.AsyncClient, as_kareem: dict[str, str], teapot: UUID
) -> None:
    client.headers.update(as_kareem)
    line = f"{API}/cart/lines/{teapot}"
    await client.put(line, json={"quantity": 1})
    seen = (await client.get(f"{API}/cart")).headers["ETag"]
    assert (await client.put(line, json={"quantity": 2}, headers={"If-Match": seen})).status_code == 200
    assert (await client.put(line, json={"quantity": 3}, headers={"If-Match": seen})).status_code == 412
    assert (await client.delete(line, headers={"If-Match": seen})).status_code == 412


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("PUT", "/cart/lines/{id}", {"quantity": 0}, 400, "store.quantity_invalid"),
        ("PUT", "/cart/lines/{id}", {"quantity": 1_000}, 400, "store.quantity_invalid"),
        ("PUT", "/cart/lines/{id}", {"quantity": 10**30}, 400, None),
        ("PUT", "/cart/lines/{id}", {"quantity": "two"}, 400, "input.invalid"),
        ("PUT", "/cart/lines/{id}", {"quantity": 1.5}, 400, "input.invalid"),
        ("PUT", "/cart/lines/{id}", {"quantity": None}, 400, "input.invalid"),
        ("PUT", "/cart/lines/{id}", {}, 400, "input.invalid"),
        ("PUT", "/cart/lines/{id}", {"quantity": 1, "price": 1}, 400, "input.invalid"),
        ("PUT", "/cart/lines/{id}", {"quantity": 11}, 409, "store.not_enough_stock"),
        ("PUT", "/cart/lines/nothing", {"quantity": 1}, 404, "store.variant_missing"),
        ("DELETE", "/cart/lines/nothing", None, 404, "store.variant_missing"),
        ("PUT", "/cart/coupons/NOBODY", None, 404, "store.coupon_unknown"),
        ("PUT", "/cart/coupons/a%20b", None, 404, "store.coupon_unknown"),
        ("GET", "/cart?country=USA", None, 400, None),
        ("GET", "/cart?country=ZZ", None, 400, "input.invalid"),
        ("GET", "/cart?country=us", None, 400, "input.invalid"),
        ("GET", "/cart?region=CA", None, 400, "input.invalid"),
        ("GET", "/cart?colour=red", None, 400, None),
    ],
)
async def test_bad_input_is_refused_with_a_sentence(
    client: httpx.AsyncClient,
    as_kareem: dict[str, str],
    teapot: UUID,
    method: str,
    path: str,
    body: Any,
    status: int,
    code: str | None,
) -> None:
    answer = await client.request(method, API + path.format(id=teapot), json=body, headers=as_kareem)
    error = answer.json()["error"]
    assert answer.status_code == status, error
    assert error["message"]
    assert code in (None, error["code"])
    assert (await client.get(f"{API}/cart", headers=as_kareem)).json()["data"]["lines"] == []


async def test_a_forged_cookie_is_no_cart(client: httpx.AsyncClient, teapot: UUID) -> None:
    for forged in ("x", "' OR 1=1 --", "a" * 43, "é" * 43):
        cookie = f"{CART_COOKIE}={forged}".encode("latin-1")
        answer = await client.get(f"{API}/cart", headers={b"cookie": cookie})
        assert (answer.status_code, answer.json()["data"]["lines"]) == (200, [])
