"""What carts, coupons, gift cards and the shop's settings refuse."""

from threadly.platform.errors import Kind, Refusal

__all__ = [
    "CartFull",
    "CouponCodeTaken",
    "CouponConflict",
    "CouponExpired",
    "CouponInactive",
    "CouponMinimum",
    "CouponMissing",
    "CouponNotYet",
    "CouponSpent",
    "CouponUnknown",
    "CouponUsed",
    "CurrencyFixed",
    "GiftCardCurrency",
    "GiftCardExpired",
    "GiftCardMissing",
    "GiftCardShort",
    "GiftCardUnknown",
    "NotEnoughStock",
    "NotShippedThere",
    "QuantityInvalid",
    "RegionUnknown",
    "TooManyCoupons",
    "TooManyGiftCards",
]


class QuantityInvalid(Refusal):
    code = "store.quantity_invalid"
    kind = Kind.INVALID
    message = "Choose a quantity from 1 to 999."
    field = "quantity"


class NotEnoughStock(Refusal):
    code = "store.not_enough_stock"
    kind = Kind.CONFLICT
    message = "There are not that many left. Please choose a smaller quantity."
    field = "quantity"


class CartFull(Refusal):
    code = "store.cart_full"
    kind = Kind.CONFLICT
    message = "A cart holds at most 100 different products. Please check out first, or remove one."


class CouponUnknown(Refusal):
    code = "store.coupon_unknown"
    kind = Kind.MISSING
    message = "There is no coupon with this code. Please check the spelling."
    field = "code"


class CouponInactive(Refusal):
    code = "store.coupon_inactive"
    kind = Kind.CONFLICT
    message = "This coupon is not valid any more."
    field = "code"


class CouponNotYet(Refusal):
    code = "store.coupon_not_yet"
    kind = Kind.CONFLICT
    message = "This coupon is not valid yet."
    field = "code"


class CouponExpired(Refusal):
    code = "store.coupon_expired"
    kind = Kind.CONFLICT
    message = "This coupon has expired."
    field = "code"


class CouponSpent(Refusal):
    code = "store.coupon_spent"
    kind = Kind.CONFLICT
    message = "This coupon has been used as often as it may be."
    field = "code"


class CouponUsed(Refusal):
    code = "store.coupon_used"
    kind = Kind.CONFLICT
    message = "You have used this coupon already; everybody may use it once."
    field = "code"


class CouponMinimum(Refusal):
    code = "store.coupon_minimum"
    kind = Kind.CONFLICT
    message = "Your cart has not reached the minimum of this coupon."
    field = "code"


class CouponConflict(Refusal):
    code = "store.coupon_conflict"
    kind = Kind.CONFLICT
    message = (
        "An order takes one coupon in percent and one of a fixed amount. Please remove the other one first."
    )
    field = "code"


class TooManyCoupons(Refusal):
    code = "store.too_many_coupons"
    kind = Kind.CONFLICT
    message = "Your cart is full of coupons. Please remove one first."
    field = "code"


class CouponMissing(Refusal):
    code = "store.coupon_missing"
    kind = Kind.MISSING
    message = "There is no such coupon."


class CouponCodeTaken(Refusal):
    code = "store.coupon_code_taken"
    kind = Kind.CONFLICT
    message = "There is a coupon with this code already. Please choose another code."
    field = "code"


class GiftCardUnknown(Refusal):
    code = "store.gift_card_unknown"
    kind = Kind.MISSING
    message = "There is no gift card with this code. Please check the spelling."
    field = "gift_cards"


class GiftCardExpired(Refusal):
    code = "store.gift_card_expired"
    kind = Kind.CONFLICT
    message = "This gift card has expired. Please remove it."
    field = "gift_cards"


class GiftCardCurrency(Refusal):
    code = "store.gift_card_currency"
    kind = Kind.CONFLICT
    message = "This gift card is in another currency than the shop. Please remove it."
    field = "gift_cards"


class GiftCardShort(Refusal):
    code = "store.gift_card_short"
    kind = Kind.CONFLICT
    message = "Your gift card does not hold as much any more. Please look at the total again."
    field = "gift_cards"


class TooManyGiftCards(Refusal):
    code = "store.too_many_gift_cards"
    kind = Kind.INVALID
    message = "An order takes at most 5 gift cards."
    field = "gift_cards"


class GiftCardMissing(Refusal):
    code = "store.gift_card_missing"
    kind = Kind.MISSING
    message = "There is no such gift card."


class RegionUnknown(Refusal):
    """The message names those that are known."""

    code = "store.region_unknown"
    kind = Kind.INVALID
    message = "Taxes depend on the region there. Name one that the shop knows, or say that it is another."
    field = "address.region"


class NotShippedThere(Refusal):
    code = "store.not_shipped_there"
    kind = Kind.INVALID
    message = "We do not ship to that country. Please choose another address."
    field = "address.country"


class CurrencyFixed(Refusal):
    code = "store.currency_fixed"
    kind = Kind.CONFLICT
    message = "The currency cannot change once there are products or gift cards, whose prices are in it."
    field = "currency"
