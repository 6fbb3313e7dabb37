"""What a product shows of itself."""

from collections.abc import Sequence

import msgspec

from threadly.modules import media
from threadly.modules.store.events import ProductChanged
from threadly.modules.store.repository.catalog import LOCK_PRODUCT, SET_PICTURES
from threadly.modules.store.repository.moderating import IS_WITHHELD
from threadly.modules.store.types.catalog import Product
from threadly.modules.store.verbs.catalog import get_product
from threadly.modules.store.verbs.catalog_rows import PRODUCTS_TAG, product_tags
from threadly.modules.store.verbs.shop import STORE_MANAGE
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["set_pictures"]

OWNER = "product"


async def set_pictures(work: Work, *, product_id: UUID, media_ids: Sequence[UUID]) -> Product:
    """The product shows these uploads, in that order; the first stands for it in lists. Orders that were made
    before go on showing what they showed.

    Raises SignInRequired or Denied without `store.manage`, ProductMissing, MediaUnknown, TooManyMedia.
    """
    work.actor.require(STORE_MANAGE)
    await work.one(LOCK_PRODUCT, product_id)
    product = await get_product(work, product=str(product_id))
    withheld = await work.one(IS_WITHHELD, product_id) or False
    stored = await media.attach(
        work, media_ids=media_ids, owner=OWNER, owner_id=product_id, private=withheld, keeps=True
    )
    first = stored[0] if stored else None
    await work.run(
        SET_PICTURES,
        product_id,
        msgspec.to_builtins(stored),
        # Without the host of a CDN, which may change.
        f"/media/{first.key}/medium" if first else None,
        first.alt if first else "",
        work.now,
    )
    work.emit(ProductChanged(product_id=product_id, status=product.status))
    work.forget(PRODUCTS_TAG, *product_tags(product_id, product.handle))
    return await get_product(work, product=str(product_id))
