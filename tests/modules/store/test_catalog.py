"""Products and variants: created, edited, published, archived, shown"""

from functools import partial

import pytest

from tests.cast import Visit
from tests.modules.store.goods import Owner, category, empty_order, only, product, stock_of, usd, variant
from tests.modules.store.test_stock import reserve
from threadly.modules import store
from threadly.modules.identity.permissions import permissions_of
from threadly.modules.store.verbs import stock
from threadly.platform.errors import InvalidInput
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.work import SYSTEM, Denied, SignInRequired, Tenant, Work, Works


async def seen(by: Visit, key: str | UUID) -> store.Product:
    return await by.read(partial(store.get_product, product=str(key)))


async def change(by: Visit, product_id: UUID, **given: object) -> store.Product:
    wanted = store.ProductChange(**given)  # type: ignore[arg-type]  # whatever a test gives
    return await by.write(partial(store.edit_product, product_id=product_id, change=wanted))


async def test_a_product_is_shown_as_it_was_made(ada: Visit, visitor: Visit) -> None:
    tea = await category(ada, "Tea things", Material=store.AttributeSpec("text"))
    made = await product(
        ada,
        "  Señor  Teapot ",
        variant(1_000, "S", sku="TP-S", compare_at=usd(1_500), grams=300, barcode="40170725"),
        variant(2_000, "L", sku="TP-L", on_hand=0),
        description="<p onclick='x'>Good</p><script>bad</script>",
        vendor="Acme",
        category=tea.slug,
        tags=["Tea", "tea", "gift"],
        attributes={"Material": "tin"},
        options=["Size"],
        image_url="https://example.com/x.png",
        image_alt="A pot",
    )
    found = await seen(visitor, made.handle)
    assert (found.title, found.handle, found.description) == ("Señor Teapot", "senor-teapot", "<p>Good</p>")
    assert (found.vendor, found.tags, found.attributes) == ("Acme", ["Tea", "gift"], {"Material": "tin"})
    assert found.category == store.CategoryLabel(tea.id, "tea-things", "Tea things")
    assert (found.price, found.highest_price, found.available) == (usd(1_000), usd(2_000), True)
    small, large = found.variants
    assert (small.sku, small.option_values, small.price, small.compare_at) == (
        *("TP-S", ["S"]),
        *(usd(1_000), usd(1_500)),
    )
    assert (small.grams, small.barcode, small.left, small.available) == (300, "40170725", 10, True)
    assert (large.position, large.left, large.available) == (1, 0, False)
    assert found.seller_id == ada.actor.user_id
    assert await seen(visitor, made.id) == found


async def test_a_product_is_a_draft_until_it_is_published(ada: Visit, kareem: Visit, visitor: Visit) -> None:
    made = await product(ada, status="draft")
    for somebody in (kareem, visitor):
        with pytest.raises(store.ProductMissing):
            await seen(somebody, made.handle)
        with pytest.raises(store.VariantMissing):
            await somebody.read(partial(store.get_variant, variant_id=only(made)))
    assert (await seen(ada, made.id)).status == "draft"
    for _ in range(2):
        published = await ada.write(partial(store.publish_product, product_id=made.id))
        assert published.status == "active"
    assert (await seen(visitor, made.handle)).title == "Teapot"


async def test_an_archived_product_is_gone_for_all_but_who_manages_the_store(
    ada: Visit, visitor: Visit
) -> None:
    made = await product(ada)
    for _ in range(2):
        assert (await ada.write(partial(store.archive_product, product_id=made.id))).status == "archived"
    with pytest.raises(store.ProductMissing):
        await seen(visitor, made.handle)
    assert (await seen(ada, made.handle)).id == made.id


async def test_nothing_is_published_without_something_to_sell(ada: Visit) -> None:
    new = store.NewProduct(title="Nothing")
    made = await ada.write(partial(store.create_product, product=new))
    with pytest.raises(store.NothingToSell):
        await ada.write(partial(store.publish_product, product_id=made.id))
    with pytest.raises(store.NothingToSell):
        await ada.write(partial(store.create_product, product=store.NewProduct(title="x", status="active")))
    assert (await seen(ada, made.id)).status == "draft"


async def test_only_what_is_given_changes(ada: Visit) -> None:
    made = await product(ada, vendor="Acme", tags=["tea"], image_url="https://example.com/x.png")
    changed = await change(ada, made.id, title="Mug", image_url=None)
    assert (changed.title, changed.image_url) == ("Mug", None)
    assert (changed.vendor, changed.tags, changed.handle, changed.status) == (
        *("Acme", ["tea"]),
        *("teapot", "active"),
    )
    assert changed.variants == made.variants
    assert changed.updated_at > made.updated_at


async def test_two_products_of_one_title_have_two_handles(ada: Visit) -> None:
    first, second = await product(ada, "Pot"), await product(ada, "Pot")
    assert first.handle == "pot"
    assert second.handle.startswith("pot-")
    assert (await product(ada, "New")).handle.startswith("new-")
    assert (await product(ada, "🍵")).handle.startswith("product-")


async def test_a_handle_that_is_taken_is_refused(ada: Visit) -> None:
    first, second = await product(ada, "Pot"), await product(ada, "Cup")
    with pytest.raises(store.HandleTaken):
        await product(ada, "Pot again", handle="pot")
    with pytest.raises(store.HandleTaken):
        await change(ada, second.id, handle=first.handle)
    assert (await change(ada, second.id, handle="mug")).handle == "mug"
    assert (await change(ada, second.id, handle="mug")).handle == "mug"


async def test_a_sku_names_one_variant_of_the_shop(ada: Visit, works: Works, other_tenant: Tenant) -> None:
    pot = await product(ada, "Pot", variant(sku="P-1"))
    with pytest.raises(store.SkuTaken):
        await product(ada, "Cup", variant(sku="P-1"))
    cup = await product(ada, "Cup", variant())
    with pytest.raises(store.SkuTaken):
        await ada.write(
            partial(store.edit_variant, variant_id=only(cup), change=store.VariantChange(sku="P-1"))
        )
    elsewhere = await product(Visit(works, other_tenant, SYSTEM), "Pot", variant(sku="P-1"))
    assert elsewhere.handle == pot.handle
    with pytest.raises(store.ProductMissing):
        await seen(ada, elsewhere.id)


async def test_a_variant_is_added_changed_and_removed(ada: Visit) -> None:
    pot = await product(ada, "Pot", variant(1_000, "S"), options=["Size"])
    add = partial(store.add_variant, product_id=pot.id)
    large = await ada.write(partial(add, variant=variant(2_000, "L", sku="L")))
    assert (large.position, large.on_hand) == (1, 10)
    with pytest.raises(store.OptionsTaken):
        await ada.write(partial(add, variant=variant(2_000, "L")))
    with pytest.raises(InvalidInput) as refused:
        await ada.write(partial(add, variant=variant(2_000)))
    assert refused.value.field == "option_values"
    wanted = store.VariantChange(price=usd(2_500), sku=None, option_values=["XL"], ships=False)
    changed = await ada.write(partial(store.edit_variant, variant_id=large.id, change=wanted))
    assert (changed.price, changed.sku, changed.option_values, changed.ships) == (
        *(usd(2_500), None),
        *(["XL"], False),
    )
    assert (changed.on_hand, changed.taxable) == (10, True)
    await ada.write(partial(store.remove_variant, variant_id=large.id))
    assert [each.id for each in (await seen(ada, pot.id)).variants] == [each.id for each in pot.variants]


async def test_the_last_variant_of_what_is_for_sale_stays(ada: Visit) -> None:
    pot = await product(ada)
    with pytest.raises(store.LastVariant):
        await ada.write(partial(store.remove_variant, variant_id=only(pot)))
    await change(ada, pot.id, status="draft")
    await ada.write(partial(store.remove_variant, variant_id=only(pot)))


async def test_a_variant_that_somebody_is_buying_stays(
    ada: Visit, kareem: Visit, owner: Owner, tenant: Tenant
) -> None:
    pot = await product(ada, status="draft")
    order_id = await empty_order(owner, tenant)
    await reserve(kareem, order_id, {only(pot): 1})
    with pytest.raises(store.VariantReserved):
        await ada.write(partial(store.remove_variant, variant_id=only(pot)))
    await kareem.write(partial(stock.release, order_id=order_id))
    await ada.write(partial(store.remove_variant, variant_id=only(pot)))


async def test_options_are_renamed_but_not_added_once_variants_have_values(ada: Visit) -> None:
    pot = await product(ada, "Pot", variant(1_000, "S"), options=["Size"])
    assert (await change(ada, pot.id, options=["Height"])).options == ["Height"]
    with pytest.raises(InvalidInput):
        await change(ada, pot.id, options=["Height", "Colour"])


async def test_prices_are_in_the_currency_of_the_shop(ada: Visit, owner: Owner, tenant: Tenant) -> None:
    yen = store.NewVariant(price=Money(500, "JPY"))
    with pytest.raises(InvalidInput, match="sells in USD"):
        await product(ada, "Pot", yen)
    await owner.execute(
        "INSERT INTO store.shops (tenant_id, currency, taxes, shipping, updated_at)"
        " VALUES ($1, 'JPY', '{}', '[]', now())",
        tenant.id,
    )
    assert (await product(ada, "Pot", yen)).price == Money(500, "JPY")
    with pytest.raises(InvalidInput, match="sells in JPY"):
        await product(ada, "Cup")


async def test_attributes_are_held_against_the_category(ada: Visit) -> None:
    await category(ada, "Tea", Leaf=store.AttributeSpec("choice", required=True, choices=["black", "green"]))
    with pytest.raises(InvalidInput) as refused:
        await product(ada, category="tea", attributes={"Leaf": "blue", "Smell": "good"})
    assert {each.field for each in refused.value.details} == {"attributes.Leaf", "attributes.Smell"}
    free = await product(ada, attributes={"Smell": "good", "Age": 3.5, "Old": True})
    assert free.attributes == {"Smell": "good", "Age": 3.5, "Old": True}
    with pytest.raises(InvalidInput):
        await change(ada, free.id, category="tea")
    moved = await change(ada, free.id, category="tea", attributes={"Leaf": "green"})
    assert moved.category
    for nothing in ("coffee", "tea\0"):
        with pytest.raises(InvalidInput, match="no such category"):
            await change(ada, free.id, category=nothing)


async def test_what_the_catalog_does_is_for_who_manages_the_store(
    ada: Visit, kareem: Visit, visitor: Visit
) -> None:
    pot = await product(ada)
    acts = [
        partial(store.create_product, product=store.NewProduct(title="x")),
        partial(store.edit_product, product_id=pot.id, change=store.ProductChange(title="x")),
        partial(store.publish_product, product_id=pot.id),
        partial(store.archive_product, product_id=pot.id),
        partial(store.add_variant, product_id=pot.id, variant=variant()),
        partial(store.edit_variant, variant_id=only(pot), change=store.VariantChange(price=usd(1))),
        partial(store.remove_variant, variant_id=only(pot)),
        partial(store.create_category, category=store.NewCategory(name="x")),
        partial(store.edit_category, category_id=new_id(), change=store.CategoryChange(name="x")),
        partial(store.remove_category, category_id=new_id()),
    ]
    for act in acts:
        with pytest.raises(Denied):
            await kareem.write(act)  # type: ignore[arg-type]  # verbs of several kinds
        with pytest.raises(SignInRequired):
            await visitor.write(act)  # type: ignore[arg-type]
    assert await seen(ada, pot.id) == pot


def test_sellers_and_admins_manage_the_store_and_moderators_do_not() -> None:
    assert permissions_of(["user", "seller"]) == {"store.manage"}
    assert permissions_of(["admin"]) >= {"store.manage", "payments.reconcile"}
    assert "store.manage" not in permissions_of(["user", "moderator"])


async def test_what_is_not_there_is_missing(ada: Visit) -> None:
    nothing = new_id()
    with pytest.raises(store.ProductMissing):
        await change(ada, nothing, title="x")
    with pytest.raises(store.ProductMissing):
        await ada.write(partial(store.archive_product, product_id=nothing))
    with pytest.raises(store.ProductMissing):
        await ada.write(partial(store.add_variant, product_id=nothing, variant=variant()))
    with pytest.raises(store.VariantMissing):
        await ada.write(
            partial(store.edit_variant, variant_id=nothing, change=store.VariantChange(price=usd(1)))
        )
    with pytest.raises(store.VariantMissing):
        await ada.write(partial(store.set_stock, variant_id=nothing, on_hand=1))


async def test_a_product_takes_two_statements_however_many_variants_it_has(
    ada: Visit, visitor: Visit
) -> None:
    async def count(work: Work, key: str) -> int:
        await store.get_product(work, product=key)
        return work.statement_count

    many = [variant(1_000, f"{number}") for number in range(60)]
    few, wide = await product(ada, "Few"), await product(ada, "Wide", *many, options=["Size"])
    for key in (few.handle, wide.handle, str(wide.id)):
        assert await visitor.read(partial(count, key=key)) == 2
    assert len((await seen(visitor, wide.id)).variants) == 60
    assert await stock_of(ada, wide.variants[-1].id) == (10, 0)
