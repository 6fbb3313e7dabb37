"""Gift cards: issued by who manages the store, spent by orders.

What is on a card is owed to whoever holds it: issuing and ending a card are posted to the ledger.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from threadly.modules import payments
from threadly.modules.store.errors.cart import (
    GiftCardCurrency,
    GiftCardExpired,
    GiftCardMissing,
    GiftCardShort,
    GiftCardUnknown,
    TooManyGiftCards,
)
from threadly.modules.store.repository.gift_cards import (
    END_GIFT_CARD,
    FIND_GIFT_CARD,
    INSERT_GIFT_CARD,
    LIST_BY_HASH,
    LIST_GIFT_CARDS,
    LOCK_BY_HASH,
    LOCK_GIFT_CARD,
    LOCK_GIFT_CARD_USES,
    LOCK_USED_CARDS,
    RETURN_TO_GIFT_CARDS,
    USE_GIFT_CARDS,
    GiftCardRow,
)
from threadly.modules.store.rules.gift_cards import (
    MOST_GIFT_CARDS,
    gift_card_problems,
    hash_of_code,
    new_code,
)
from threadly.modules.store.rules.pricing import GiftCardBalance, spend
from threadly.modules.store.types.cart import GiftCard, GiftCardState, IssuedGiftCard, NewGiftCard
from threadly.modules.store.verbs.shop import STORE_MANAGE, get_shop
from threadly.platform.errors import invalid_fields
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.work import Work

__all__ = [
    "claim_gift_cards",
    "get_gift_card",
    "issue_gift_card",
    "list_gift_cards",
    "look_up_gift_card",
    "return_gift_cards",
    "void_gift_card",
    "weigh_gift_cards",
]

REOPENED_FOR = timedelta(days=365)


async def issue_gift_card(work: Work, *, card: NewGiftCard) -> IssuedGiftCard:
    """A new card, and its code, which nobody can find out later.

    Raises SignInRequired, Denied, InvalidInput.
    """
    work.actor.require(STORE_MANAGE)
    currency = (await get_shop(work)).currency
    if problems := list(gift_card_problems(card, currency=currency, now=work.now)):
        raise invalid_fields(problems)
    card_id, code, amount = new_id(), new_code(), card.amount.amount_minor
    row = await work.one(
        INSERT_GIFT_CARD,
        *(card_id, hash_of_code(work.settings, code), code[-4:], amount, currency, card.note.strip()),
        *(work.actor.user_id, card.expires_at, work.now),
    )
    assert row, "the insert returns what it made"
    await _post(work, f"issue:{card_id}", owed=amount, currency=currency)
    return IssuedGiftCard(code, _card_of(work, row))


async def get_gift_card(work: Work, *, card_id: UUID) -> GiftCard:
    """Raises SignInRequired, Denied, GiftCardMissing."""
    work.actor.require(STORE_MANAGE)
    row = await work.one(FIND_GIFT_CARD, card_id)
    if row is None:
        raise GiftCardMissing
    return _card_of(work, row)


async def list_gift_cards(work: Work, *, after: Keyset | None = None, limit: int = 20) -> Page[GiftCard]:
    """Newest first. Raises SignInRequired, Denied."""
    work.actor.require(STORE_MANAGE)
    rows = await work.all(LIST_GIFT_CARDS, id_before(after), limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (str(row.id),))
    return Page([_card_of(work, row) for row in page.items], page.after)


async def look_up_gift_card(work: Work, *, code: str) -> GiftCard:
    """The card with this code, for whoever holds it, without the shop's note. Raises GiftCardUnknown."""
    row = await work.one(LIST_BY_HASH, [hash_of_code(work.settings, code)])
    if row is None:
        raise GiftCardUnknown
    card = _card_of(work, row)
    return GiftCard(
        card.id, card.last_four, card.state, card.initial, card.balance, "", card.expires_at, card.created_at
    )


async def void_gift_card(work: Work, *, card_id: UUID) -> GiftCard:
    """The card is worth nothing and pays nothing any more; twice is the same.

    Raises SignInRequired, Denied, GiftCardMissing.
    """
    work.actor.require(STORE_MANAGE)
    row = await work.one(LOCK_GIFT_CARD, card_id)
    if row is None:
        raise GiftCardMissing
    if row.balance_minor:
        await _post(work, f"void:{new_id()}", owed=-row.balance_minor, currency=row.currency)
    ended = await work.one(END_GIFT_CARD, card_id, work.now)
    assert ended, "it is locked"
    return _card_of(work, ended)


async def weigh_gift_cards(work: Work, *, codes: Sequence[str], currency: str) -> list[GiftCardBalance]:
    """What is on the cards, in the order of their codes; the same card twice is once.

    Raises GiftCardUnknown, GiftCardExpired, GiftCardCurrency, TooManyGiftCards.
    """
    hashes = _hashes(work, codes)
    rows = await work.all(LIST_BY_HASH, hashes) if hashes else []
    return _balances(work, hashes, rows, currency)


async def claim_gift_cards(
    work: Work, *, order_id: UUID, codes: Sequence[str], amount_minor: int, currency: str
) -> None:
    """The cards pay `amount_minor` of the order, in the order of their codes.

    Raises GiftCardShort, and what `weigh_gift_cards` raises.
    """
    if amount_minor == 0:
        return
    hashes = _hashes(work, codes)
    rows = await work.all(LOCK_BY_HASH, hashes)
    parts = spend(amount_minor, _balances(work, hashes, rows, currency))
    if sum(part.amount_minor for part in parts) < amount_minor:
        raise GiftCardShort
    amounts = [part.amount_minor for part in parts]
    await work.run(USE_GIFT_CARDS, order_id, [part.id for part in parts], amounts)


async def return_gift_cards(work: Work, *, order_id: UUID, amount_minor: int | None = None) -> int:
    """Give back what the cards paid of the order, or `amount_minor` of it; what was given back before is not
    given back again. A card that has ended meanwhile is open again for REOPENED_FOR, so that it can be spent.
    Returns how much it was, in minor units."""
    await work.all(LOCK_USED_CARDS, order_id)
    uses = await work.all(LOCK_GIFT_CARD_USES, order_id)
    cards = [GiftCardBalance(use.gift_card_id, "", use.rest_minor) for use in uses]
    rest = sum(use.rest_minor for use in uses)
    parts = spend(rest if amount_minor is None else amount_minor, cards)
    amounts = [part.amount_minor for part in parts]
    if parts:
        cards_of_parts, reopened_until = [part.id for part in parts], work.now + REOPENED_FOR
        await work.run(RETURN_TO_GIFT_CARDS, order_id, cards_of_parts, amounts, reopened_until, work.now)
    return sum(amounts)


def _hashes(work: Work, codes: Sequence[str]) -> list[bytes]:
    if len(codes) > MOST_GIFT_CARDS:
        raise TooManyGiftCards
    return list(dict.fromkeys(hash_of_code(work.settings, code) for code in codes))


def _balances(
    work: Work, hashes: Sequence[bytes], rows: Iterable[GiftCardRow], currency: str
) -> list[GiftCardBalance]:
    found = {row.code_hash: row for row in rows}
    if len(found) < len(hashes):
        raise GiftCardUnknown
    for row in found.values():
        if row.expires_at and row.expires_at <= work.now:
            raise GiftCardExpired
        if row.currency != currency:
            raise GiftCardCurrency
    cards = [found[each] for each in hashes]
    return [GiftCardBalance(card.id, card.last_four, card.balance_minor) for card in cards]


async def _post(work: Work, source: str, *, owed: int, currency: str) -> None:
    entries = {"promotions": owed, "gift_cards": -owed}
    await payments.post_ledger(
        work, kind="gift_card", source=source, reference=None, entries=entries, currency=currency
    )


def _card_of(work: Work, row: GiftCardRow) -> GiftCard:
    return GiftCard(
        row.id,
        row.last_four,
        _state_of(work, row),
        Money(row.initial_minor, row.currency),
        Money(row.balance_minor, row.currency),
        row.note,
        row.expires_at,
        row.created_at,
    )


def _state_of(work: Work, row: GiftCardRow) -> GiftCardState:
    if row.expires_at and row.expires_at <= work.now:
        return "expired"
    return "active" if row.balance_minor else "used"
