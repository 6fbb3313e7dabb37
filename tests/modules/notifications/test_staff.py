"""Those who run the place: told of cases, sales and what is sold out, while they hold the permission"""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.cast import Visit, sign_in
from tests.conftest import Statements
from tests.modules.moderation.acts import held_case, report, reported_case, rule, subject_of
from tests.modules.notifications.acts import bell_of, grant, happen, read, titles_of, unread_of
from tests.modules.notifications.conftest import Drain, SignUp
from tests.modules.store.shop import TestShop, usd
from tests.sandbox.server import SandboxServer
from threadly.modules import identity, moderation, notifications, store
from threadly.modules.notifications.rules import DEFAULTS
from threadly.platform.actor import Denied
from threadly.platform.ids import new_id
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Tenant, Work, Works

API = "/api/v1/notifications"
STAFF = {"case", "sale", "stock"}


async def test_new_cases_are_one_entry_for_who_may_decide_and_name_nobody(
    runtime: Runtime, mona: Visit, omar: Visit, alex: Visit, kareem: Visit, drain: Drain
) -> None:
    _, first = await reported_case(alex, kareem)
    await drain()
    (entry,) = await bell_of(mona)
    assert (entry.kind, entry.title, entry.text) == ("case", "A new case waits", "A post was reported")
    assert (entry.url, entry.actors, entry.actor_count) == (f"/moderate/cases/{first}", [], 0)
    assert await bell_of(alex) == await bell_of(kareem) == []

    _, held = await held_case(alex)
    again = moderation.CaseOpened(
        case_id=held, kind="post", subject_id=new_id(), held=True, author_id=alex.actor.me
    )
    await happen(runtime, mona, again)
    (entry,) = await bell_of(omar)
    assert (entry.title, entry.text, entry.url) == ("2 new cases wait", "A post is held", "/moderate")

    # A case that is there already is no new one; what comes after reading is told anew.
    await read(mona, await bell_of(mona))
    subject = subject_of(alex)
    await report(kareem, subject)
    await report(omar, subject)
    await drain()
    assert await titles_of(mona) == ["A new case waits", "2 new cases wait"]
    assert await titles_of(omar) == ["3 new cases wait"]


async def test_a_case_that_waits_no_more_is_not_counted_any_more(
    mona: Visit, omar: Visit, alex: Visit, kareem: Visit, drain: Drain
) -> None:
    _, first = await reported_case(alex, kareem)
    subject, second = await held_case(alex)
    _, third = await reported_case(alex, kareem)
    await drain()
    assert await titles_of(omar) == ["3 new cases wait"]
    await rule(mona, third, "dismiss")
    await alex.write(lambda work: moderation.withdraw(work, subject_ids=[subject.id]))
    await drain()
    for moderator in (mona, omar):
        (entry,) = await bell_of(moderator)
        assert (entry.title, entry.text) == ("A new case waits", "")
        assert entry.url == f"/moderate/cases/{first}" != f"/moderate/cases/{second}"
    await rule(mona, first, "warn")
    await drain()
    assert [await bell_of(mona), await unread_of(mona), await bell_of(omar)] == [[], 0, []]


async def test_a_moderator_is_never_told_of_a_case_that_concerns_themselves(
    runtime: Runtime, mona: Visit, omar: Visit, kareem: Visit, drain: Drain
) -> None:
    await reported_case(mona, kareem)
    await reported_case(mona, kareem, kind="member")
    older = moderation.CaseOpened(case_id=new_id(), kind="post", subject_id=new_id(), held=False)
    await happen(runtime, mona, older)  # which does not say whom it concerns
    assert await bell_of(mona) == []
    assert await titles_of(omar) == ["2 new cases wait"]


async def test_who_loses_the_role_is_told_no_more_and_sees_nothing_of_what_they_were_told(
    works: Works, mona: Visit, omar: Visit, alex: Visit, kareem: Visit, drain: Drain
) -> None:
    await reported_case(alex, kareem)
    await drain()
    assert await unread_of(mona) == 1
    former = await grant(works, mona, "user")
    await reported_case(alex, kareem)
    await drain()
    assert [await bell_of(former), await unread_of(former)] == [[], 0]
    assert await titles_of(omar) == ["2 new cases wait"]


async def test_a_suspended_moderator_is_told_nothing(
    works: Works, mona: Visit, omar: Visit, alex: Visit, kareem: Visit, drain: Drain
) -> None:
    async with works.write(mona.tenant, SYSTEM) as work:
        await identity.suspend_member(
            work, user_id=mona.actor.me, until=None, reason="A rest", appeal_path="/cases/1"
        )
    await reported_case(alex, kareem)
    await drain()
    assert await bell_of(mona) == []
    assert await titles_of(omar) == ["A new case waits"]


async def test_only_who_holds_the_permission_sees_the_choice_and_can_make_it(
    works: Works, alex: Visit, mona: Visit, omar: Visit
) -> None:
    seller = await grant(works, alex, "seller")
    found = {}
    for name, visit in [("alex", alex), ("mona", mona), ("seller", seller), ("omar", omar)]:
        modes = (await visit.read(notifications.get_preferences, fresh=True)).modes
        found[name] = STAFF & {*modes}
        assert all(modes[kind] == DEFAULTS[kind] for kind in found[name])  # type: ignore[index]
    assert found == {"alex": set(), "mona": {"case"}, "seller": {"sale", "stock"}, "omar": STAFF}
    chosen = await mona.write(lambda work: notifications.choose(work, modes={"case": {"push": "off"}}))
    assert chosen.modes["case"]["push"] == "off"
    for visit in (mona, alex):
        with pytest.raises(Denied):
            await visit.write(lambda work: notifications.choose(work, modes={"sale": {"app": "off"}}))


async def test_the_page_and_the_api_offer_only_what_somebody_may_be_told(
    works: Works, tenant: Tenant, mona: Visit, alex: Visit, client: httpx.AsyncClient
) -> None:
    pages = {}
    for name, visit in (("mona", mona), ("alex", alex)):
        opened = await visit.write(open_session)
        client.cookies.set("threadly_session", opened.token)
        settings, inbox = [await client.get(path) for path in ("/settings/notifications", "/notifications")]
        pages[name] = settings.text
        assert ("show=case" in inbox.text) == (name == "mona")
        assert "show=sale" not in inbox.text
    assert 'name="case.mail"' in pages["mona"]
    assert "Cases" in pages["mona"]
    assert not any(f'name="{kind}.' in pages["alex"] for kind in STAFF)
    # What no form of ours sends to them is left as it is.
    found = re.search(r'name="_csrf" value="([^"]+)"', pages["alex"])
    assert found
    saved = await client.post("/settings/notifications", data={"_csrf": found[1], "case.app": "now"})
    assert saved.status_code == 303

    client.cookies.clear()
    signed_in = await sign_in(works, tenant, alex.actor)
    client.headers["Authorization"] = f"Bearer {signed_in.access_token}"
    preferences = await client.get(f"{API}/preferences")
    assert not STAFF & {*preferences.json()["data"]["modes"]}
    refused = await client.patch(f"{API}/preferences", json={"modes": {"case": {"app": "now"}}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "auth.denied")
    assert (await client.get(API, params={"kind": "case"})).json()["data"] == []


async def open_session(work: Work) -> identity.BrowserSession:
    return await identity.open_browser_session(work, await identity.get_account(work))


@pytest.fixture
async def shop(paying_runtime: Runtime, tenant: Tenant, sandbox: SandboxServer) -> AsyncIterator[TestShop]:
    shop = TestShop(paying_runtime, tenant, sandbox)
    yield shop
    await shop.aclose()
    sandbox.reset()


async def test_sales_are_one_entry_for_who_manages_the_shop_but_for_what_they_buy_themselves(
    shop: TestShop, paying_runtime: Runtime, works: Works
) -> None:
    omar, mona, kareem = [await shop.join(name) for name in ("omar", "mona", "kareem")]
    seller = await grant(works, await shop.join("ada"), "seller")
    # Whom a manager blocks buys all the same.
    await seller.write(lambda work: moderation.block_member(work, member=str(kareem.actor.me)))
    mug = await shop.sell(on_hand=9)
    order = await shop.buy(kareem, mug, total=1_000)
    await shop.work_off()
    for manager in (omar, seller):
        (entry,) = await bell_of(manager)
        assert (entry.kind, entry.title, entry.url) == ("sale", "A new order", f"/manage/orders/{order.id}")
        assert (entry.text, entry.actors) == (f"Order {order.number}, $10.00", [])
    assert await bell_of(mona) == []

    await shop.buy(omar, mug, total=1_000)
    await shop.buy(kareem, mug, total=1_000)
    paid = store.OrderPaid(order_id=order.id, buyer_id=kareem.actor.me, amount_minor=1_000, currency="USD")
    gone = store.OrderPaid(order_id=new_id(), buyer_id=kareem.actor.me)
    await happen(paying_runtime, omar, paid, gone)
    assert [each.title for each in await bell_of(omar) if each.kind == "sale"] == ["2 new orders"]
    (entry,) = await bell_of(seller)
    assert (entry.title, entry.url) == ("3 new orders", "/manage/orders")


async def test_what_is_sold_out_is_told_until_there_is_more_of_it(shop: TestShop) -> None:
    omar, kareem = await shop.join("omar"), await shop.join("kareem")
    await omar.write(lambda work: notifications.choose(work, modes={"sale": {"app": "off"}}))
    mug = await shop.sell("Mug", on_hand=2)
    await shop.buy(kareem, mug, quantity=2, total=2_000)
    await shop.work_off()
    (entry,) = await bell_of(omar)
    product_id = (await shop.owner.read(lambda work: store.get_variant(work, variant_id=mug))).product_id
    assert (entry.kind, entry.title, entry.count) == ("stock", "Mug is sold out", 1)
    assert entry.url == f"/manage/products/{product_id}"

    async def count(on_hand: int) -> None:
        await shop.owner.write(lambda work: store.set_stock(work, variant_id=mug, on_hand=on_hand))
        await shop.work_off()

    # An older event that is seen late does not bring back what is over.
    late = store.StockChanged(product_id=product_id, variant_id=mug, available=False)
    await count(3)
    await happen(shop.runtime, omar, late)
    assert [await bell_of(omar), await unread_of(omar)] == [[], 0]
    await count(0)
    await count(0)
    assert [(each.title, each.count) for each in await bell_of(omar)] == [("Mug is sold out", 1)]


async def test_variants_of_one_product_are_one_entry_that_counts_them(shop: TestShop) -> None:
    omar = await shop.join("omar")
    variants = [
        store.NewVariant(price=usd(1_000), option_values=[size], on_hand=1) for size in ("S", "M", "L")
    ]
    product = store.NewProduct(title="Shirt", status="active", options=["Size"], variants=variants)
    made = await shop.owner.write(lambda work: store.create_product(work, product=product))

    async def count(number: int, on_hand: int) -> list[str]:
        variant_id = made.variants[number].id
        await shop.owner.write(lambda work: store.set_stock(work, variant_id=variant_id, on_hand=on_hand))
        await shop.work_off()
        return await titles_of(omar)

    assert await count(0, 0) == ["Shirt is sold out in one variant"]
    assert await count(1, 0) == ["Shirt is sold out in 2 variants"]
    assert await count(0, 4) == ["Shirt is sold out in one variant"]
    assert await count(1, 4) == []


async def test_whoever_is_to_be_told_is_asked_for_in_one_statement(
    join: SignUp, works: Works, alex: Visit, kareem: Visit, drain: Drain, statements: Statements
) -> None:
    for number in range(4):
        await grant(works, await join(f"helper{number}"), "moderator")
    await reported_case(alex, kareem)
    statements()
    await drain()
    ran = [name for name in statements() if name.startswith(("identity.", "notifications."))]
    assert ran == ["identity.with_role", "notifications.tell"]
