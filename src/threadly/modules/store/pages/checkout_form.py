"""What is typed at the checkout: read, checked field by field, and shown again as it was."""

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

import msgspec

from threadly.modules.payments import Method
from threadly.modules.store.rules.countries import COUNTRIES
from threadly.modules.store.types.orders import Address, CheckoutRequest, Email, Label, NamedLabel, Phone
from threadly.modules.store.types.shop import Destination
from threadly.modules.store.verbs.deliveries import Delivery
from threadly.platform.ids import new_id
from threadly.platform.money import Money

__all__ = ["ADDRESS_FIELDS", "FIELDS", "Typed", "country_of_language", "prefilled", "typed_of"]

# Where it goes and whom to tell; then every field that is shown again. A card's token is not: the next try
# takes a new one.
ADDRESS_FIELDS: Final = (
    *("name", "line1", "line2", "city", "region", "postal_code", "country"),
    *("email", "phone"),
)
FIELDS: Final = (*ADDRESS_FIELDS, "region_of", "gift_card", "method", "sandbox_card", "also")
# What is chosen where it is none of the regions that have taxes of their own; `region` then says which.
OTHER: Final = "*"
LONGEST_CODE: Final = 64
MOST_MINOR_DIGITS: Final = 13
_KEY = re.compile(r"[A-Za-z0-9-]{8,64}")
_LANGUAGE = re.compile(r"[a-z]{2,3}-([A-Z]{2})\b")

# What a field may be, and what to say of anything else.
_CHECKS: Final[Mapping[str, tuple[object, str]]] = {
    "email": (Email, "Write an e-mail address that reaches you: the receipt goes there."),
    "name": (NamedLabel, "Write the name that goes on the parcel."),
    "line1": (NamedLabel, "Write the street and the number."),
    "line2": (Label, "Shorten this to 200 characters."),
    "city": (NamedLabel, "Write the town or city."),
    "region": (Label, "Shorten this to 200 characters."),
    "region_of": (Label, "Choose one of these."),
    "postal_code": (Label, "Shorten this to 20 characters."),
    "phone": (Phone, "Write digits, with a + in front for another country, or leave it empty."),
}


class Typed(msgspec.Struct, frozen=True):
    """The checkout's form as it came. `key` is made anew for each form that is shown."""

    values: dict[str, str]
    key: str
    expected_total_minor: int
    expected_due_minor: int
    stripe_token: str = ""
    paypal_token: str = ""

    @property
    def gift_cards(self) -> list[str]:
        """Their codes; several are separated by commas."""
        codes = (code.strip() for code in self.values["gift_card"].split(","))
        return [code[:LONGEST_CODE] for code in codes if code]

    @property
    def checkout_key(self) -> str:
        """As no Idempotency-Key of the API is."""
        return f"page:{self.key}"

    @property
    def destination(self) -> Destination:
        return Destination(self.values["country"], self._region, self._is_other)

    @property
    def _region(self) -> str:
        chosen = self.values["region_of"]
        return self.values["region"] if chosen in ("", OTHER) else chosen

    @property
    def _is_other(self) -> bool:
        return self.values["region_of"] == OTHER

    def problems(self) -> dict[str, str]:
        """A sentence for each field that cannot be, in their order."""
        found = {
            name: sentence for name, (kind, sentence) in _CHECKS.items() if not _fits(self.values[name], kind)
        }
        if len(self.values["postal_code"]) > 20:
            found["postal_code"] = _CHECKS["postal_code"][1]
        if self.values["country"] not in COUNTRIES:
            found["country"] = "Choose the country that it goes to."
        return found

    @property
    def address(self) -> Address:
        """Only of what has no `problems`."""
        typed = {name: self.values[name] for name in Address.__struct_fields__ if name in self.values}
        return Address(**typed | {"region": self._region}, other_region=self._is_other)

    def request(self, *, methods: list[Method], currency: str) -> CheckoutRequest:
        """What the checkout is asked for. Only for what has no `problems`."""
        return CheckoutRequest(
            key=self.checkout_key,
            request_hash=self._digest(methods),
            address=self.address,
            methods=methods,
            expected_total=Money(self.expected_total_minor, currency),
            expected_due=Money(self.expected_due_minor, currency),
            email=self.values["email"],
            phone=self.values["phone"],
            gift_cards=self.gift_cards,
        )

    def _digest(self, methods: list[Method]) -> bytes:
        agreed = (self.expected_total_minor, self.expected_due_minor)
        return blake2b(msgspec.json.encode((self.values, methods, agreed)), digest_size=32).digest()


def typed_of(fields: Mapping[str, str]) -> Typed:
    """The form as it was sent; what a script may have left out is empty."""
    key = fields.get("key", "")
    values = {name: " ".join(fields.get(name, "").split()) for name in FIELDS}
    # Named after its country, so that it says nothing of another one that is chosen next.
    values["region_of"] = fields.get(f"region-{values['country']}", values["region_of"])
    return Typed(
        values=values,
        key=key if _KEY.fullmatch(key) else str(new_id()),
        expected_total_minor=_minor(fields.get("expected_total_minor", "")),
        expected_due_minor=_minor(fields.get("expected_due_minor", "")),
        stripe_token=fields.get("stripe_token", "")[:255],
        paypal_token=fields.get("paypal_token", "")[:64],
    )


def prefilled(last: Delivery | None, *, email: str, name: str, country: str) -> dict[str, str]:
    """What a form begins with: the last order's address, or what the account and the browser tell."""
    values = dict.fromkeys(FIELDS, "")
    if last is None:
        return values | {"email": email, "name": name, "country": country}
    known = {name: text for name, text in msgspec.structs.asdict(last.address).items() if name in values}
    region_of = OTHER if last.address.other_region else ""
    return values | known | {"region_of": region_of, "email": last.email, "phone": last.phone}


def country_of_language(header: str) -> str:
    """The country of a browser's first language that names one, or none: `en-GB,en;q=0.9` is GB."""
    found = _LANGUAGE.search(header[:200])
    return found[1] if found and found[1] in COUNTRIES else ""


def _fits(text: str, kind: object) -> bool:
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True


def _minor(text: str) -> int:
    """An amount that no cart has for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_MINOR_DIGITS else -1
