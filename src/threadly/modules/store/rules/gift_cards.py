"""Codes of gift cards: 16 characters of Crockford's base 32, eighty random bits, in groups of four.

The database knows a keyed hash of a code only. Without the installation's secret key nobody can tell from it
whether a guess is right.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime
from hmac import digest

from threadly.modules.store.errors.cart import GiftCardUnknown
from threadly.modules.store.rules.coupons import LATEST, money_problems
from threadly.modules.store.rules.shop import is_text
from threadly.modules.store.types.cart import NewGiftCard
from threadly.platform.errors import FieldProblem
from threadly.platform.keys import key_for
from threadly.settings import Settings

__all__ = ["MOST_GIFT_CARDS", "gift_card_problems", "hash_of_code", "new_code"]

MOST_GIFT_CARDS = 5
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 16
GROUP = 4
# What people read or type for what was printed; groups are for the eye.
_MEANT = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def new_code() -> str:
    """`7ZK4-…`: for the buyer's eyes only."""
    characters = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return "-".join(characters[at : at + GROUP] for at in range(0, LENGTH, GROUP))


def hash_of_code(settings: Settings, code: str) -> bytes:
    """What is stored and looked up in a code's place. Raises GiftCardUnknown for what can be no code."""
    meant = code.strip().upper().translate(_MEANT)
    if len(meant) != LENGTH or not set(meant) <= set(ALPHABET):
        raise GiftCardUnknown
    return digest(key_for(settings, "store.gift_cards"), meant.encode(), "sha256")


def gift_card_problems(card: NewGiftCard, *, currency: str, now: datetime) -> Iterator[FieldProblem]:
    """Every reason why there can be no such card."""
    yield from money_problems("amount", card.amount, currency, least=1)
    if card.note and not is_text(card.note):
        yield FieldProblem("note", "input.text", "A note has at most 100 characters, on one line.")
    if card.expires_at and not now < card.expires_at <= LATEST:
        yield FieldProblem("expires_at", "input.range", "A gift card expires later than now, before 2200.")
