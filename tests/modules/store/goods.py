"""Goods in one line each: who sells, what is for sale, how much of it there is."""

from typing import Any, TypeAlias

import asyncpg

from tests.cast import Visit, sign_up
from threadly.modules import identity, store
from threadly.modules.identity.permissions import permissions_of
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.work import SYSTEM, Actor, Tenant, Works

__all__ = ["Owner", "category", "empty_order", "only", "product", "seller", "stock_of", "usd", "variant"]

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def seller(works: Works, tenant: Tenant, username: str = "ada") -> Visit:
    """Somebody who manages the store."""
    member = await sign_up(works, tenant, username)
    system = Visit(works, tenant, SYSTEM)
    await system.write(lambda work: identity.set_role(work, user_id=member.me, role="seller"))
    return Visit(works, tenant, Actor(member.user_id, permissions_of(["user", "seller"])))


def usd(amount_minor: int) -> Money:
    return Money(amount_minor, "USD")


def variant(price: int = 1_999, *option_values: str, **more: Any) -> store.NewVariant:
    """`more` as in NewVariant; ten are on hand."""
    return store.NewVariant(price=usd(price), option_values=list(option_values), **{"on_hand": 10} | more)


async def product(
    by: Visit,
    title: str = "Teapot",
    *variants: store.NewVariant,
    status: store.ProductStatus = "active",
    **more: Any,
) -> store.Product:
    """A product for sale; without `variants` one at 19.99 of which there are ten. `more` as in NewProduct."""
    new = store.NewProduct(title=title, status=status, variants=list(variants) or [variant()], **more)
    return await by.write(lambda work: store.create_product(work, product=new))


async def category(by: Visit, name: str = "Tea", **specs: store.AttributeSpec) -> store.Category:
    new = store.NewCategory(name=name, attributes=specs)
    return await by.write(lambda work: store.create_category(work, category=new))


def only(of: store.Product) -> UUID:
    """The id of the product's one variant."""
    (variant,) = of.variants
    return variant.id


async def stock_of(by: Visit, variant_id: UUID) -> tuple[int | None, int | None]:
    """What is on hand, and how much of it is reserved, as one who manages the store sees it."""
    found = await by.read(lambda work: store.get_variant(work, variant_id=variant_id), fresh=True)
    return found.on_hand, found.reserved


async def empty_order(owner: Owner, tenant: Tenant) -> UUID:
    """The id of an order that says nothing, for reservations to belong to."""
    order_id = new_id()
    await owner.execute(
        """
        INSERT INTO store.orders (id, tenant_id, number, buyer_id, state, currency, subtotal_minor,
            discount_minor, shipping_minor, tax_minor, total_minor, gift_card_minor, due_minor, quote,
            address, email, created_at, updated_at)
        VALUES ($1, $2, 1, $1, 'pending', 'USD', 0, 0, 0, 0, 0, 0, 0, '{}', '{}', '', now(), now())
        """,
        order_id,
        tenant.id,
    )
    return order_id
