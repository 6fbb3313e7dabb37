"""A price as it leaves the store: every amount with its currency."""

from threadly.modules.store.rules.pricing import Quote
from threadly.modules.store.types.cart import Totals, TotalsDiscount, TotalsGiftCard, TotalsTax
from threadly.platform.money import Money

__all__ = ["totals_of"]


def totals_of(quote: Quote) -> Totals:
    def money(amount_minor: int) -> Money:
        return Money(amount_minor, quote.currency)

    return Totals(
        subtotal=money(quote.subtotal_minor),
        discount=money(quote.discount_minor),
        shipping=money(quote.shipping_minor),
        tax=money(quote.tax_minor),
        total=money(quote.total_minor),
        gift_card=money(quote.gift_card_minor),
        due=money(quote.due_minor),
        discounts=[TotalsDiscount(each.code, money(each.amount_minor)) for each in quote.discounts],
        taxes=[TotalsTax(each.name, each.basis_points, money(each.amount_minor)) for each in quote.taxes],
        gift_cards=[TotalsGiftCard(each.last_four, money(each.amount_minor)) for each in quote.gift_cards],
        final=quote.final,
    )
