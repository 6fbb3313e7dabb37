"""Products: made, changed, published, archived, found and listed."""

from collections.abc import Callable
from types import MappingProxyType

import msgspec
from msgspec import UNSET
from msgspec.structs import asdict

from threadly.modules.store.errors.catalog import (
    NothingToSell,
    ProductMissing,
    ProductWithheld,
    SearchMissing,
)
from threadly.modules.store.events import ProductArchived, ProductChanged, ProductCreated
from threadly.modules.store.repository.catalog import (
    ARCHIVE_PRODUCT,
    CURRENCY,
    FIND_PRODUCT,
    FIND_PRODUCT_BY_HANDLE,
    INSERT_PRODUCT,
    IS_HANDLE_TAKEN,
    LIST_BY_TITLE,
    LIST_CHEAPEST,
    LIST_DEAREST,
    LIST_NEWEST,
    LIST_RELEVANT,
    LOCK_PRODUCT,
    UPDATE_PRODUCT,
)
from threadly.modules.store.repository.catalog_rows import LAST_PRICE, SummaryRow
from threadly.modules.store.repository.moderating import IS_WITHHELD
from threadly.modules.store.repository.variants import VARIANTS_OF
from threadly.modules.store.rules.catalog import LONGEST_SEARCH, check_product
from threadly.modules.store.rules.problems import Problems
from threadly.modules.store.rules.texts import RESERVED_HANDLES, make_handle
from threadly.modules.store.types.catalog import (
    AttributeSpec,
    NewProduct,
    Product,
    ProductChange,
    ProductFilter,
    ProductSort,
    ProductStatus,
    ProductSummary,
)
from threadly.modules.store.verbs.catalog_rows import (
    PRODUCTS_TAG,
    product_of,
    product_tags,
    refusing_what_exists,
    summary_of,
)
from threadly.modules.store.verbs.categories import find_category
from threadly.modules.store.verbs.shop import STORE_MANAGE
from threadly.modules.store.verbs.variants import insert_variants
from threadly.platform.db import Statement
from threadly.platform.errors import FieldProblem, invalid_fields
from threadly.platform.ids import FIRST_ID, LAST_ID, UUID, new_id, parse_id
from threadly.platform.paging import Keyset, Page, page_of
from threadly.platform.work import Work


async def create_product(work: Work, *, product: NewProduct) -> Product:
    """A new product with its variants; a draft unless it says otherwise.

    Raises SignInRequired or Denied without `store.manage`, InvalidInput naming each field, HandleTaken,
    SkuTaken, NothingToSell for an active one without variants.
    """
    work.actor.require(STORE_MANAGE)
    category_id, specs = await _category(work, product.category)
    currency = await get_currency(work)
    problems = Problems()
    checked = check_product(product, specs=specs, currency=currency, problems=problems)
    problems.refuse()
    if checked.status == "active" and not checked.variants:
        raise NothingToSell
    product_id = new_id()
    handle = checked.handle or await _free_handle(work, checked.title, product_id)
    values = _columns(checked, handle, category_id)
    async with refusing_what_exists():
        await work.run(INSERT_PRODUCT, product_id, *values, work.actor.user_id, currency, work.now)
        await insert_variants(work, product_id=product_id, variants=checked.variants)
    work.emit(ProductCreated(product_id=product_id, status=checked.status))
    work.forget(PRODUCTS_TAG, *product_tags(product_id, handle))
    return await get_product(work, product=str(product_id))


async def edit_product(work: Work, *, product_id: UUID, change: ProductChange) -> Product:
    """The product with what `change` gives.

    Raises SignInRequired or Denied without `store.manage`, ProductMissing, InvalidInput naming each field,
    HandleTaken, NothingToSell, ProductWithheld.
    """
    work.actor.require(STORE_MANAGE)
    await work.one(LOCK_PRODUCT, product_id)
    old = await get_product(work, product=str(product_id))
    wanted = _changed(old, change)
    category_id, specs = await _category(work, wanted.category)
    problems = Problems()
    checked = check_product(wanted, specs=specs, currency=old.price.currency, problems=problems)
    if old.variants and len(checked.options) != len(old.options):
        problems.add("options", "store.options_misfit", _OPTIONS_ARE_USED)
    problems.refuse()
    if checked.status == "active" and not old.variants:
        raise NothingToSell
    if checked.status == "active" != old.status and await work.one(IS_WITHHELD, product_id):
        raise ProductWithheld
    handle = checked.handle or old.handle
    async with refusing_what_exists():
        await work.run(UPDATE_PRODUCT, product_id, *_columns(checked, handle, category_id), work.now)
    _tell(work, product_id, old.status, checked.status)
    work.forget(PRODUCTS_TAG, *product_tags(product_id, old.handle, handle))
    return await get_product(work, product=str(product_id))


async def publish_product(work: Work, *, product_id: UUID) -> Product:
    """The product is for sale; twice is the same. Raises what `edit_product` raises."""
    return await edit_product(work, product_id=product_id, change=ProductChange(status="active"))


async def archive_product(work: Work, *, product_id: UUID) -> Product:
    """The product is no longer shown nor sold; its orders stay. Twice is the same.

    Raises SignInRequired or Denied without `store.manage`, ProductMissing.
    """
    work.actor.require(STORE_MANAGE)
    await work.one(LOCK_PRODUCT, product_id)
    product = await get_product(work, product=str(product_id))
    if product.status == "archived":
        return product
    await work.run(ARCHIVE_PRODUCT, product_id, work.now)
    work.emit(ProductArchived(product_id=product_id))
    work.forget(PRODUCTS_TAG, *product_tags(product_id, product.handle))
    return await get_product(work, product=str(product_id))


async def get_product(work: Work, *, product: str) -> Product:
    """The product of that id or handle, with all its variants and its category, in two statements.

    Raises ProductMissing, also for a draft or an archived one unless the actor may `store.manage`.
    """
    manages = work.actor.may(STORE_MANAGE)
    product_id = parse_id(product)
    if product_id:
        row = await work.one(FIND_PRODUCT, product_id, manages)
    else:
        row = await work.one(FIND_PRODUCT_BY_HANDLE, product, manages)
    if row is None:
        raise ProductMissing
    return product_of(work, row, await work.all(VARIANTS_OF, row.id), manages=manages)


async def list_products(
    work: Work,
    *,
    wanted: ProductFilter = ProductFilter(),  # noqa: B008  # frozen
    sort: ProductSort | None = None,
    after: Keyset | None = None,
    limit: int = 20,
) -> Page[ProductSummary]:
    """A page of the products that fit. Without `sort` the best matches of a search first, or the newest.

    Raises SignInRequired or Denied for drafts and archived ones without `store.manage`, SearchMissing for
    `relevance` without one, InvalidInput for texts that no product can have.
    """
    if wanted.status != "active":
        work.actor.require(STORE_MANAGE)
    wanted = _readable(wanted)
    sort = sort or ("relevance" if wanted.q else "-created_at")
    if sort == "relevance" and not wanted.q:
        raise SearchMissing
    order = _ORDERS[sort]
    start, start_id = (order.read(after[0]), UUID(after[1])) if after else (order.start, order.start_id)
    values = asdict(wanted).values()
    rows = await work.all(order.statement, *values, start, start_id, limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (order.key(row), str(row.id)))
    return Page([summary_of(row) for row in page.items], page.after)


async def get_currency(work: Work) -> str:
    """What this shop sells in, an ISO 4217 code."""
    currency = await work.one(CURRENCY)
    assert currency
    return currency


class _Order(msgspec.Struct, frozen=True):
    """One order of the list: where it starts, and a row's place in it as text and back."""

    statement: Statement[SummaryRow]
    start: object
    start_id: UUID
    key: Callable[[SummaryRow], str]
    read: Callable[[str], object]


_OPTIONS_ARE_USED = "The product’s variants have values for its options. They can be renamed, not added to."
_ORDERS = MappingProxyType[ProductSort, _Order](
    {
        "-created_at": _Order(LIST_NEWEST, None, LAST_ID, lambda row: "", lambda text: None),  # noqa: ARG005
        "price": _Order(LIST_CHEAPEST, -1, FIRST_ID, lambda row: str(row.price_minor), int),
        "-price": _Order(LIST_DEAREST, LAST_PRICE, LAST_ID, lambda row: str(row.price_minor), int),
        "title": _Order(LIST_BY_TITLE, "", FIRST_ID, lambda row: row.title, str),
        "relevance": _Order(LIST_RELEVANT, float("inf"), LAST_ID, lambda row: repr(row.rank), float),
    }
)


def _readable(wanted: ProductFilter) -> ProductFilter:
    """Raises InvalidInput for texts that no product can have."""
    problems = Problems()
    q = problems.line("q", wanted.q, most=LONGEST_SEARCH) if wanted.q is not None else None
    for field in ("category", "tag", "vendor"):
        problems.line(field, getattr(wanted, field) or "", most=LONGEST_SEARCH * 2)
    problems.refuse()
    return msgspec.structs.replace(wanted, q=q or None)


async def _category(work: Work, wanted: str | None) -> tuple[UUID | None, dict[str, AttributeSpec] | None]:
    """The category by id or slug, and what it says of attributes. Raises InvalidInput if there is none."""
    if wanted is None:
        return None, None
    category = await find_category(work, category=wanted)
    if category is None:
        problem = FieldProblem(
            field="category", code="store.category_unknown", message="There is no such category."
        )
        raise invalid_fields([problem])
    return category.id, category.attributes


async def _free_handle(work: Work, title: str, product_id: UUID) -> str:
    """The title's handle, with the end of the id where another product has it or a title makes none."""
    handle, ending = make_handle(title), product_id.hex[-8:]
    if not handle:
        return f"product-{ending}"
    reserved = handle in RESERVED_HANDLES or parse_id(handle) is not None
    taken = reserved or await work.one(IS_HANDLE_TAKEN, handle)
    return f"{handle}-{ending}" if taken else handle


def _changed(old: Product, change: ProductChange) -> NewProduct:
    given = {name: value for name, value in asdict(change).items() if value is not UNSET}
    kept = NewProduct(
        title=old.title,
        handle=None,
        description=old.description,
        vendor=old.vendor,
        category=str(old.category.id) if old.category else None,
        tags=old.tags,
        attributes=old.attributes,
        options=old.options,
        status=old.status,
        image_url=old.image_url,
        image_alt=old.image_alt,
    )
    return msgspec.structs.replace(kept, **given)


def _columns(product: NewProduct, handle: str, category_id: UUID | None) -> tuple[object, ...]:
    """What both an INSERT and an UPDATE take, in their order."""
    return (
        handle,
        product.title,
        product.description,
        product.vendor,
        category_id,
        product.tags,
        product.attributes,
        product.options,
        product.status,
        product.image_url,
        product.image_alt,
    )


def _tell(work: Work, product_id: UUID, was: ProductStatus, status: ProductStatus) -> None:
    if status == "archived" and was != status:
        work.emit(ProductArchived(product_id=product_id))
    else:
        work.emit(ProductChanged(product_id=product_id, status=status))
