"""Single cells: text, yes or no, counts, handles. Pure; BadCell says what is wrong in one sentence."""

import re
import unicodedata

from threadly.modules.store.rules.catalog import (
    LONGEST_DESCRIPTION,
    LONGEST_TAG,
    LONGEST_URL,
    MOST_TAGS,
)
from threadly.modules.store.rules.problems import UNREADABLE
from threadly.modules.store.rules.texts import clean_html, handle_problem, is_web_address, make_handle
from threadly.modules.store.types.catalog import MOST_UNITS

__all__ = [
    "BadCell",
    "description_of",
    "handle_of",
    "line_of",
    "picture_of",
    "quantity_of",
    "tags_of",
    "text_of",
    "truth_of",
    "weight_of",
]

TRUE = frozenset({"true", "yes", "y", "1"})
FALSE = frozenset({"false", "no", "n", "0"})
NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?", re.ASCII)


class BadCell(Exception):
    """Its text is the sentence that people read."""


def text_of(text: str, name: str, most: int) -> str:
    """In one line. Raises BadCell when it is longer than `most` characters."""
    if len(text) > most:
        raise BadCell(f"{name} has {len(text):,} characters; at most {most} are possible.")
    return line_of(text)


def line_of(text: str) -> str:
    """Without what a product's own form would refuse."""
    return text if text.isprintable() else " ".join(UNREADABLE.sub(" ", text).split())


def truth_of(text: str, name: str) -> bool | None:
    """None for an empty cell. Raises BadCell."""
    if not text:
        return None
    word = text.lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise BadCell(f"{name} must be TRUE or FALSE, not “{_short(text)}”.")


def handle_of(text: str, *, title: str) -> str:
    """As an address has it; of the title where the cell is empty, empty where both are. Raises BadCell."""
    if not text and not title:
        return ""
    handle = unicodedata.normalize("NFC", text).casefold()
    if not text or handle_problem(handle):
        handle = make_handle(text or title)
    if problem := handle_problem(handle):
        raise BadCell(f"“{_short(text or title)}” makes no handle. {problem}")
    return handle


def tags_of(text: str, notes: list[str]) -> list[str]:
    """Each once, whatever its capitals, in the order given."""
    tags: dict[str, str] = {}
    for part in text.split(","):
        tag = line_of(" ".join(part.split()))
        if tag:
            tags.setdefault(tag.casefold(), tag)
    kept = [tag for tag in tags.values() if len(tag) <= LONGEST_TAG][:MOST_TAGS]
    if len(kept) < len(tags):
        notes.append(f"Tags are left out: at most {MOST_TAGS} of {LONGEST_TAG} characters are possible.")
    return kept


def picture_of(text: str, notes: list[str]) -> str | None:
    """An address on the web, or None."""
    if not text:
        return None
    url = f"https:{text}" if text.startswith("//") else text
    if len(url) <= LONGEST_URL and is_web_address(url):
        return url
    notes.append(f"“{_short(text)}” is no address of a picture; it is left out.")
    return None


def quantity_of(text: str, notes: list[str]) -> int | None:
    """Whole units; None for an empty cell. Raises BadCell."""
    if not text:
        return None
    number = _number(text)
    if number is None or number != int(number) or number > MOST_UNITS:
        raise BadCell(f"“{_short(text)}” is no quantity; write a whole number.")
    if number < 0:
        notes.append(f"The quantity is {int(number):,}; it is taken as 0.")
    return max(0, int(number))


def weight_of(text: str, notes: list[str]) -> int | None:
    """Grams, rounded; None for an empty cell."""
    if not text:
        return None
    number = _number(text)
    if number is None or not 0 <= number <= MOST_UNITS:
        notes.append(f"“{_short(text)}” is no weight in grams; it is left out.")
        return None
    return round(number)


def description_of(html: str) -> str:
    """Without what a page of the shop may not hold. Raises BadCell when it is too long."""
    if len(html) > LONGEST_DESCRIPTION:
        raise BadCell(
            f"Body (HTML) has {len(html):,} characters; at most {LONGEST_DESCRIPTION:,} are possible."
        )
    return clean_html(html) if "<" in html or "&" in html or ">" in html else html.strip()


def _number(text: str) -> float | None:
    """`1,000` is a thousand."""
    plain = text.replace(",", "") if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+", text) else text
    return float(plain) if NUMBER.fullmatch(plain) else None


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
