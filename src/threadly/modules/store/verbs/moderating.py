"""Products that members report, and that moderators take out of the shop."""

import re
from html import unescape

from threadly.modules import media, moderation
from threadly.modules.store.events import ProductArchived, ProductChanged
from threadly.modules.store.repository.catalog import ARCHIVE_PRODUCT, SET_PICTURES
from threadly.modules.store.repository.moderating import (
    FREE,
    PUT_BACK,
    RESTRICT_PICTURES,
    TAKE_DOWN,
    WITHHOLD,
)
from threadly.modules.store.verbs.catalog import get_product
from threadly.modules.store.verbs.catalog_rows import PRODUCTS_TAG, product_tags
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["put_back", "remove", "report_product", "withhold"]

OWNER = "product"
TAGS = re.compile(r"<[^>]+>")


async def report_product(
    work: Work, *, product: str, reason: moderation.ReportReason, note: str = ""
) -> moderation.Report:
    """The actor reports a product (its id or handle) to the moderators.

    Raises ProductMissing, and what `moderation.file_report` raises.
    """
    found = await get_product(work, product=product)
    text = unescape(TAGS.sub(" ", found.description)).strip()
    excerpt = f"{found.title}: {text}" if text else found.title
    # One without a seller is the shop's own: a case about it is about nobody.
    author_id = found.seller_id or found.id
    subject = moderation.Subject("product", found.id, author_id, excerpt, f"/shop/{found.handle}")
    return await moderation.file_report(work, subject=subject, reason=reason, note=note)


async def withhold(work: Work, *, product_id: UUID) -> None:
    """It is not for sale until moderators let it, nor are its pictures public; twice is the same."""
    await work.run(WITHHOLD, product_id, work.now)
    await _restrict(work, product_id, private=True)
    handle = await work.one(TAKE_DOWN, product_id, work.now)
    if handle is not None:
        work.emit(ProductChanged(product_id=product_id, status="draft"))
        work.forget(PRODUCTS_TAG, *product_tags(product_id, handle))


async def put_back(work: Work, *, product_id: UUID) -> None:
    """It is for sale again if it was when it was taken out; twice is the same."""
    was_active = await work.one(FREE, product_id)
    if was_active is None:
        return
    await _restrict(work, product_id, private=False)
    if not was_active:
        return
    handle = await work.one(PUT_BACK, product_id, work.now)
    if handle is not None:
        work.emit(ProductChanged(product_id=product_id, status="active"))
        work.forget(PRODUCTS_TAG, *product_tags(product_id, handle))


async def remove(work: Work, *, product_id: UUID) -> None:
    """It stays in the orders that have it, without its pictures, and is sold no more."""
    await work.run(ARCHIVE_PRODUCT, product_id, work.now)
    await media.detach(work, owner=OWNER, owner_id=product_id)
    await work.run(SET_PICTURES, product_id, [], None, "", work.now)
    work.emit(ProductArchived(product_id=product_id))


async def _restrict(work: Work, product_id: UUID, *, private: bool) -> None:
    """Its pictures are seen by signed addresses only, or by everybody."""
    if await work.run(RESTRICT_PICTURES, product_id, private):
        await media.restrict(work, owner=OWNER, owner_id=product_id, private=private)
