"""Forms of the owner's pages: what was typed is read field by field, and kept with a sentence beside each
field that cannot be."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from threadly.platform.errors import FieldProblem, InvalidInput, Kind, Refusal, invalid_fields
from threadly.platform.money import BASIS_POINTS, Money, PriceUnreadable, exponent_of, parse_price
from threadly.web import Form

__all__ = ["MOST_UNITS", "Reading", "amount_text", "day_text", "form_of", "percent_text"]

MOST_UNITS: Final = 1_000_000_000
DAY: Final = timedelta(days=1)
SHOWN_AGAIN: Final = (Kind.INVALID, Kind.CONFLICT)
_AT_VARIANT = re.compile(r"^variants\[\d+\]\.")


class Reading:
    """Reads the fields of a form, and collects what is wrong with them."""

    def __init__(self, typed: Mapping[str, str], *, currency: str = "") -> None:
        self.typed = typed
        self.currency = currency
        self._problems: dict[str, str] = {}

    def text(self, name: str) -> str:
        return self.typed.get(name, "").strip()

    def ticked(self, name: str) -> bool:
        return name in self.typed

    def lines(self, name: str, *, separator: str = ",") -> list[str]:
        return [each.strip() for each in self.typed.get(name, "").split(separator) if each.strip()]

    def price(self, name: str, *, required: bool = False) -> Money | None:
        """An amount in the shop's currency; none for an empty field."""
        text = self.text(name)
        if not text:
            if required:
                self.wrong(name, "Write a price, like 19.99.")
            return None
        try:
            return parse_price(text, self.currency)
        except PriceUnreadable as refusal:
            self.wrong(name, refusal.message)
            return None

    def count(self, name: str, *, least: int = 0, most: int = MOST_UNITS) -> int | None:
        """A whole number; none for an empty field."""
        text = self.text(name)
        if not text:
            return None
        if text.isascii() and text.isdigit() and len(text) < 19 and least <= int(text) <= most:
            return int(text)
        self.wrong(name, f"Write a whole number from {least:,} to {most:,}.")
        return None

    def percent(self, name: str) -> int | None:
        """Hundredths of a percent, of what is written as percents; none for an empty field."""
        text = self.text(name).removesuffix("%").strip().replace(",", ".")
        if not text:
            return None
        found = _decimal(text)
        if found is not None and found * 100 == int(found * 100) and 0 < found * 100 <= BASIS_POINTS:
            return int(found * 100)
        self.wrong(name, "Write percents from 0.01 to 100, like 8.25.")
        return None

    def day(self, name: str, *, end: bool = False) -> datetime | None:
        """The beginning of a day, or its `end`, in UTC; none for an empty field."""
        text = self.text(name)
        if not text:
            return None
        try:
            found = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            found = None
        if found is None or not 2000 <= found.year < 2200:
            self.wrong(name, "Write a day like 2027-03-31.")
            return None
        return found + DAY if end else found

    def wrong(self, name: str, sentence: str) -> None:
        self._problems.setdefault(name, sentence)

    def refuse(self) -> None:
        """Raises InvalidInput if anything is wrong."""
        if self._problems:
            problems = [FieldProblem(name, "input.format", said) for name, said in self._problems.items()]
            raise invalid_fields(problems)


def form_of(
    typed: Mapping[str, str],
    refusal: Refusal,
    labels: Mapping[str, str],
    *,
    places: Mapping[str, str] | None = None,
) -> Form:
    """The form again, with what was refused beside the fields that `labels` knows (names to what the page
    calls them). `places` says where a field of the refusal is, if it is called otherwise.

    Raises a refusal that is about no form."""
    if refusal.kind not in SHOWN_AGAIN:
        raise refusal
    errors: dict[str, str] = {}
    others = []
    for field, message in _told(refusal):
        name = _place_of(field, labels, places or {})
        if name is None:
            others.append(message)
        else:
            errors.setdefault(name, _sentence(labels[name], message))
    return Form(typed, errors, " ".join(others) or None)


def amount_text(amount: Money | None) -> str:
    """As it is typed: `19.99`."""
    if amount is None:
        return ""
    exponent = exponent_of(amount.currency)
    return f"{Decimal(amount.amount_minor).scaleb(-exponent):.{exponent}f}"


def percent_text(basis_points: int | None) -> str:
    return "" if basis_points is None else f"{Decimal(basis_points) / 100:f}"


def day_text(at: datetime | None, *, end: bool = False) -> str:
    """As a date field has it; the last day of what ends in the first moment of the next."""
    if at is None:
        return ""
    return f"{at - timedelta(microseconds=1) if end else at:%Y-%m-%d}"


def _told(refusal: Refusal) -> Iterable[tuple[str, str]]:
    if refusal.details:
        return [(each.field, each.message) for each in refusal.details]
    if isinstance(refusal, InvalidInput) and refusal.field is None:
        return [("", refusal.message)]
    return [(refusal.field or "", refusal.message)]


def _place_of(field: str, labels: Mapping[str, str], places: Mapping[str, str]) -> str | None:
    """`variants[0].price.amount_minor` is where `price` is."""
    name = _AT_VARIANT.sub("", field)
    while name:
        name = places.get(name, name)
        if name in labels:
            return name
        name = name[: max(name.rfind("."), name.rfind("["), 0)]
    return None


def _sentence(label: str, message: str) -> str:
    """One that says by itself what it is about, since it is read in the summary too."""
    first, _, rest = message.partition(" ")
    return f"{label} {first.lower()} {rest}" if first in ("Must", "Contains", "Is") else message


def _decimal(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < 10**9 else None
