"""Coupons: who makes them, how often they are used, and that giving back is once."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.cast import Visit, sign_in, sign_up_many
from tests.modules.store.goods import only, product, seller, usd
from threadly.modules import store
from threadly.modules.store.verbs.coupons import claim_coupons, return_coupons
from threadly.platform.errors import InvalidInput
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.work import ANONYMOUS, Denied, SignInRequired, Tenant, Works

API = "/api/v1"


@pytest.fixture
async def ada(works: Works, tenant: Tenant) -> Visit:
    return await seller(works, tenant)


@pytest.fixture
async def buyers(works: Works, tenant: Tenant) -> list[Visit]:
    names = [f"buyer{number}" for number in range(8)]
    return [Visit(works, tenant, actor) for actor in await sign_up_many(works, tenant, names)]


@pytest.fixture
async def as_ada(works: Works, tenant: Tenant, ada: Visit) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await sign_in(works, tenant, ada.actor)).access_token}"}


async def make(by: Visit, code: str = "SPRING", **terms: Any) -> store.Coupon:
    terms = terms or {"basis_points": 1_000}
    return await by.write(lambda work: store.create_coupon(work, coupon=store.NewCoupon(code=code, **terms)))


async def claim(by: Visit, *codes: str, order_id: UUID | None = None) -> UUID:
    """The order that uses them."""
    order = order_id or new_id()
    await by.write(lambda work: claim_coupons(work, order_id=order, buyer_id=work.actor.me, codes=codes))
    return order


async def give_back(by: Visit, order_id: UUID) -> None:
    await by.write(lambda work: return_coupons(work, order_id=order_id))


async def uses_of(by: Visit, coupon: store.Coupon) -> int:
    found = await by.read(lambda work: store.get_coupon(work, coupon_id=coupon.id), fresh=True)
    return found.uses


async def test_a_coupon_is_made_found_changed_and_ended(ada: Visit) -> None:
    made = await make(ada, " spring-10 ", basis_points=1_000, minimum=usd(500), most_uses=3)
    assert (made.code, made.kind, made.minimum, made.uses) == ("SPRING-10", "percent", usd(500), 0)
    assert await ada.read(lambda work: store.get_coupon(work, coupon_id=made.id)) == made
    change = store.CouponChange(basis_points=2_000, minimum=None, most_uses=None)
    changed = await ada.write(lambda work: store.change_coupon(work, coupon_id=made.id, change=change))
    assert (changed.basis_points, changed.minimum, changed.most_uses) == (2_000, usd(0), None)
    ended = await ada.write(lambda work: store.deactivate_coupon(work, coupon_id=made.id))
    assert not ended.active


async def test_a_code_is_there_once_in_any_case(ada: Visit) -> None:
    await make(ada, "SPRING")
    with pytest.raises(store.CouponCodeTaken):
        await make(ada, "spring")


async def test_coupons_are_listed_newest_first_in_pages(ada: Visit) -> None:
    made = [await make(ada, f"C{number}") for number in range(3)]
    await ada.write(lambda work: store.deactivate_coupon(work, coupon_id=made[0].id))
    first = await ada.read(lambda work: store.list_coupons(work, limit=2))
    second = await ada.read(lambda work: store.list_coupons(work, after=first.after, limit=2))
    assert [coupon.code for coupon in [*first.items, *second.items]] == ["C2", "C1", "C0"]
    assert second.after is None
    active = await ada.read(lambda work: store.list_coupons(work, active=True))
    assert [coupon.code for coupon in active.items] == ["C2", "C1"]


async def test_only_who_manages_the_store_sees_or_makes_coupons(
    works: Works, tenant: Tenant, ada: Visit, buyers: list[Visit]
) -> None:
    coupon = await make(ada)
    visitor = Visit(works, tenant, ANONYMOUS)
    for by, refusal in ((buyers[0], Denied), (visitor, SignInRequired)):
        with pytest.raises(refusal):
            await make(by)
        with pytest.raises(refusal):
            await by.read(lambda work: store.get_coupon(work, coupon_id=coupon.id))
        with pytest.raises(refusal):
            await by.read(store.list_coupons)
        with pytest.raises(refusal):
            await by.write(lambda work: store.deactivate_coupon(work, coupon_id=coupon.id))


# Use


async def test_of_many_buyers_at_once_exactly_as_many_as_may_use_it(ada: Visit, buyers: list[Visit]) -> None:
    coupon = await make(ada, basis_points=1_000, most_uses=3)
    results = await asyncio.gather(*(claim(by, "SPRING") for by in buyers), return_exceptions=True)
    assert sum(isinstance(each, UUID) for each in results) == 3
    assert sum(isinstance(each, store.CouponSpent) for each in results) == 5
    assert await uses_of(ada, coupon) == 3


async def test_once_per_buyer_holds_at_the_same_instant_too(ada: Visit, buyers: list[Visit]) -> None:
    coupon = await make(ada, basis_points=1_000, once_per_buyer=True)
    kareem, sarah = buyers[:2]
    results = await asyncio.gather(*(claim(kareem, "SPRING") for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(each, UUID) for each in results) == 1
    assert sum(isinstance(each, store.CouponUsed) for each in results) == 3
    await claim(sarah, "SPRING")
    assert await uses_of(ada, coupon) == 2


async def test_what_is_given_back_can_be_used_again_and_is_given_back_once(
    ada: Visit, buyers: list[Visit]
) -> None:
    coupon = await make(ada, basis_points=1_000, once_per_buyer=True, most_uses=1)
    order_id = await claim(buyers[0], "SPRING")
    for _ in range(2):
        await give_back(buyers[0], order_id)
    assert await uses_of(ada, coupon) == 0
    await claim(buyers[0], "SPRING")
    assert await uses_of(ada, coupon) == 1


async def test_of_two_coupons_both_are_claimed_or_none(ada: Visit, buyers: list[Visit]) -> None:
    first = await make(ada, "FIRST", basis_points=1_000)
    second = await make(ada, "SECOND", amount=usd(100), most_uses=1)
    await claim(buyers[0], "FIRST", "SECOND")
    with pytest.raises(store.CouponSpent):
        await claim(buyers[1], "FIRST", "SECOND")
    assert [await uses_of(ada, each) for each in (first, second)] == [1, 1]


async def test_a_coupon_that_ended_meanwhile_is_not_claimed(ada: Visit, buyers: list[Visit]) -> None:
    coupon = await make(ada)
    await ada.write(lambda work: store.deactivate_coupon(work, coupon_id=coupon.id))
    with pytest.raises(store.CouponSpent):
        await claim(buyers[0], "SPRING")


async def test_a_used_coupon_is_refused_in_the_next_cart(ada: Visit, buyers: list[Visit]) -> None:
    teapot = only(await product(ada))
    await make(ada, basis_points=1_000, once_per_buyer=True)
    await claim(buyers[0], "SPRING")
    for by in buyers[:2]:
        await by.write(lambda work: store.set_line(work, variant_id=teapot, quantity=1))
    with pytest.raises(store.CouponUsed):
        await buyers[0].write(lambda work: store.put_coupon(work, code="SPRING"))
    await buyers[1].write(lambda work: store.put_coupon(work, code="SPRING"))


async def test_what_was_used_bounds_how_few_uses_there_may_be(ada: Visit, buyers: list[Visit]) -> None:
    coupon = await make(ada)
    for by in buyers[:2]:
        await claim(by, "SPRING")
    change = store.CouponChange(most_uses=1)
    with pytest.raises(InvalidInput, match="used 2 times already"):
        await ada.write(lambda work: store.change_coupon(work, coupon_id=coupon.id, change=change))


# Over HTTP


async def test_coupons_over_http(client: httpx.AsyncClient, as_ada: dict[str, str]) -> None:
    client.headers.update(as_ada)
    body = {"code": "SPRING", "amount": {"amount_minor": 500, "currency": "USD"}}
    keyed = {"Idempotency-Key": "k1"}
    made, again = [await client.post(f"{API}/coupons", json=body, headers=keyed) for _ in range(2)]
    assert (made.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotent-Replayed"] == "true"
    address = made.headers["Location"]
    found = await client.get(address)
    assert found.json() == made.json()
    etag = found.headers["ETag"]
    assert (await client.get(address, headers={"If-None-Match": etag})).status_code == 304
    changed = await client.patch(address, json={"most_uses": 5}, headers={"If-Match": etag})
    assert changed.json()["data"]["most_uses"] == 5
    assert (await client.patch(address, json={"most_uses": 6}, headers={"If-Match": etag})).status_code == 412
    assert (await client.delete(address)).status_code == 204
    listed = (await client.get(f"{API}/coupons", params={"active": "false", "fields": "code"})).json()
    assert listed["data"] == [{"code": "SPRING"}]
    twin = await client.post(f"{API}/coupons", json=body)
    assert (twin.status_code, twin.json()["error"]["code"]) == (409, "store.coupon_code_taken")


DOLLAR = {"amount_minor": 100, "currency": "USD"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "code"),
        ({"code": "", "basis_points": 1}, "code"),
        ({"code": "a b", "basis_points": 1}, "code"),
        ({"code": "x" * 41, "basis_points": 1}, "code"),
        ({"code": "a\u0000b", "basis_points": 1}, "code"),
        ({"code": "A"}, "amount"),
        ({"code": "A", "basis_points": 1, "amount": DOLLAR}, "amount"),
        ({"code": "A", "basis_points": 0}, "basis_points"),
        ({"code": "A", "basis_points": 10_001}, "basis_points"),
        ({"code": "A", "basis_points": 1.5}, "basis_points"),
        ({"code": "A", "amount": {"amount_minor": 0, "currency": "USD"}}, "amount.amount_minor"),
        ({"code": "A", "amount": {"amount_minor": -1, "currency": "USD"}}, "amount.amount_minor"),
        ({"code": "A", "amount": {"amount_minor": 10**13, "currency": "USD"}}, "amount.amount_minor"),
        ({"code": "A", "amount": {"amount_minor": 100, "currency": "EUR"}}, "amount.currency"),
        ({"code": "A", "amount": {"amount_minor": 100, "currency": "usd"}}, "amount.currency"),
        ({"code": "A", "amount": 100}, "amount"),
        ({"code": "A", "basis_points": 1, "minimum": {"amount_minor": -1, "currency": "USD"}}, "minimum"),
        ({"code": "A", "basis_points": 1, "most_uses": 0}, "most_uses"),
        ({"code": "A", "basis_points": 1, "most_uses": 2**40}, "most_uses"),
        ({"code": "A", "basis_points": 1, "expires_at": "tomorrow"}, "expires_at"),
        ({"code": "A", "basis_points": 1, "expires_at": "2027-01-01T00:00:00"}, "expires_at"),
        ({"code": "A", "basis_points": 1, "expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
        ({"code": "A", "basis_points": 1, "expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
        (
            {
                "code": "A",
                "basis_points": 1,
                "starts_at": "2027-01-02T00:00:00Z",
                "expires_at": "2027-01-01T00:00:00Z",
            },
            "expires_at",
        ),
        ({"code": "A", "basis_points": 1, "uses": 5}, "uses"),
    ],
)
async def test_a_bad_coupon_is_a_400_that_names_the_field(
    client: httpx.AsyncClient, as_ada: dict[str, str], body: dict[str, Any], field: str
) -> None:
    answer = await client.post(f"{API}/coupons", json=body, headers=as_ada)
    assert answer.status_code == 400, answer.json()
    error = answer.json()["error"]
    named = {error.get("field")} | {detail["field"] for detail in error.get("details", [])}
    assert any(name and name.startswith(field) for name in named), error
    assert (await client.get(f"{API}/coupons", headers=as_ada)).json()["data"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"basis_points": 5},
        {"amount": {"amount_minor": 5, "currency": "EUR"}},
        {"amount": None},
        {"most_uses": 0},
        {"active": None},
        {"code": "OTHER"},
        {"kind": "percent"},
    ],
)
async def test_a_change_that_cannot_be_changes_nothing(
    client: httpx.AsyncClient, ada: Visit, as_ada: dict[str, str], body: dict[str, Any]
) -> None:
    coupon = await make(ada, "FIXED", amount=Money(500, "USD"))
    answer = await client.patch(f"{API}/coupons/{coupon.id}", json=body, headers=as_ada)
    assert answer.status_code == 400, answer.json()
    assert await ada.read(lambda work: store.get_coupon(work, coupon_id=coupon.id)) == coupon


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/coupons", None),
        ("POST", "/coupons", {"code": "A", "basis_points": 1}),
        ("GET", "/coupons/{id}", None),
        ("PATCH", "/coupons/{id}", {"active": False}),
        ("DELETE", "/coupons/{id}", None),
    ],
)
async def test_who_does_not_manage_the_store_is_told_so(
    client: httpx.AsyncClient,
    works: Works,
    tenant: Tenant,
    ada: Visit,
    buyers: list[Visit],
    method: str,
    path: str,
    body: Any,
) -> None:
    url = API + path.format(id=(await make(ada)).id)
    assert (await client.request(method, url, json=body)).status_code == 401
    token = (await sign_in(works, tenant, buyers[0].actor)).access_token
    headers = {"Authorization": f"Bearer {token}"}
    assert (await client.request(method, url, json=body, headers=headers)).status_code == 403


async def test_what_is_no_coupon_is_missing(client: httpx.AsyncClient, as_ada: dict[str, str]) -> None:
    for wrong in (new_id(), "nothing"):
        answer = await client.get(f"{API}/coupons/{wrong}", headers=as_ada)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "store.coupon_missing")
