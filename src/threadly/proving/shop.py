"""What is there before anybody buys: accounts, products, a coupon, a gift card for each buyer."""

from datetime import UTC, datetime

from threadly.modules import identity, store
from threadly.platform.actor import SYSTEM, Actor
from threadly.platform.money import Money
from threadly.platform.runtime import running
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import Work
from threadly.proving.plan import BUYERS, PRODUCTS, Plan, Product
from threadly.proving.scratch import Scratch
from threadly.settings import Settings

__all__ = ["COUPON", "PASSWORD", "email_of", "fill_shop"]

CURRENCY = "USD"
COUPON = "PROOF10"
COUPON_BASIS_POINTS = 1_000
PASSWORD = "a proof is no promise"  # noqa: S105  # of accounts that live for a minute, on a home of their own


async def fill_shop(scratch: Scratch, plan: Plan) -> tuple[dict[str, str], list[str]]:
    """Variant ids by handle, and the code of a gift card for each buyer."""
    settings = Settings(
        database_url=scratch.urls.app_url,
        valkey_url=scratch.valkey_url,
        home=scratch.home,
        secret_key=scratch.secret_key(),
    )
    async with running(settings) as runtime:
        tenant = await runtime.tenants.get(PUBLIC_TENANT_ID)
        members = [_member(number) for number in range(BUYERS)]
        password_hash = await identity.passwords.hash(PASSWORD)
        async with runtime.works.write(tenant, SYSTEM) as work:
            await identity.import_members(work, members=members, password_hash=password_hash)
        seller = Actor(members[0].id, frozenset({"store.manage"}))
        async with runtime.works.write(tenant, seller) as work:
            return await _fill(work, plan)


def email_of(buyer: int) -> str:
    return f"buyer{buyer}@proof.example"


async def _fill(work: Work, plan: Plan) -> tuple[dict[str, str], list[str]]:
    coupon = store.NewCoupon(code=COUPON, basis_points=COUPON_BASIS_POINTS)
    await store.create_coupon(work, coupon=coupon)
    variants = {}
    for product in PRODUCTS:
        made = await store.create_product(work, product=_product(product, plan))
        variants[product.handle] = str(made.variants[0].id)
    card = store.NewGiftCard(amount=plan.gift_card)
    cards = [await store.issue_gift_card(work, card=card) for _ in range(BUYERS)]
    return variants, [each.code for each in cards]


def _product(product: Product, plan: Plan) -> store.NewProduct:
    stock = plan.stock_of(product)
    variant = store.NewVariant(
        price=Money(product.price_minor, CURRENCY),
        sku=product.handle.upper(),
        tracked=stock is not None,
        on_hand=stock or 0,
    )
    return store.NewProduct(
        title=product.handle.replace("-", " ").title(),
        handle=product.handle,
        status="active",
        variants=[variant],
    )


def _member(number: int) -> identity.NewMember:
    return identity.NewMember(
        username=f"buyer{number}",
        email=email_of(number),
        name=f"Buyer {number}",
        bio="",
        created_at=datetime.now(UTC),
    )
