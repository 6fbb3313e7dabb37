"""What a text is made of, for a spam score: its words, pairs of them, and how it looks.

A feature is a short string. Words stand as they are, pairs of neighbours with an underscore between, and what
is seen rather than read begins with "~".
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from urllib.parse import urlsplit

import regex

__all__ = ["describe", "destinations", "features_of", "links_of", "plain_of", "words_of"]

# More of a text than this says nothing new, and bounds the work.
CHARACTERS_MOST = 4_000
FEATURES_MOST = 300
WORD_LENGTH_MOST = 24
LINKS_MANY = 3
REPEATED_OFTEN = 4
# Words of so many letters are often the small ones of a language.
SHORT = 3
TAGS_MANY = 5
SHOUTED_LETTERS = 10

_INVISIBLE = regex.compile(r"\p{Default_Ignorable_Code_Point}+")
_LINK = regex.compile(r"(?:https?://|\bwww\.)[^\s<>\"']+", regex.IGNORECASE)
_WORD = regex.compile(r"[\p{L}\p{N}@$'’]+")
_SPELLED = regex.compile(r"\b(?:\p{L}[-.*_ ]){3,}\p{L}\b")
_MASKED = regex.compile(r"[\p{L}0134579@$]{3,}")
_UNMASK = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"})
_MONEY = regex.compile(r"[$€£]\s?\d|\d\s?(?:[$€£]|usd\b|dollars?\b|euros?\b)", regex.IGNORECASE)
# The last digits of a number are enough: looked at from each of its digits, a long one would cost seconds.
_BIG_MONEY = regex.compile(r"[$€£]\s?\d[\d.,]{2,}|\d[\d,]{3,20}\s?(?:usd|dollars?|euros?)", regex.IGNORECASE)
_PHONE = regex.compile(r"\+\d[\d\s().-]{7,}\d")
_PER_TIME = regex.compile(r"\b(?:daily|weekly|per (?:day|week|hour)|a (?:day|week)|an hour|every day)\b")
_TAG = regex.compile(r"(?<![\w#&/])#\p{L}")

SEEN = {
    "~link": "a link",
    "~links": "several links",
    "~bare_link": "little but a link",
    "~shouting": "mostly capitals",
    "~exclaiming": "many exclamation marks",
    "~money": "an amount of money",
    "~big_money": "a large amount of money",
    "~phone": "a telephone number",
    "~income": "money by the day or hour",
    "~masked": "letters replaced by digits or signs",
    "~invisible": "invisible characters",
    "~spelled": "a word spelled out letter by letter",
    "~repeating": "the same word again and again",
    "~tags": "many tags",
    "~new": "an account in its first day",
    "~recent": "an account in its first week",
    "~known": "an account that has been here for a while",
    "~decided": "earlier decisions against the account",
}


def features_of(text: str, *, about_author: Iterable[str] = ()) -> tuple[str, ...]:
    """The distinct features of a text, in a fixed order; at most FEATURES_MOST. `about_author` are features
    of whoever wrote it ("~new")."""
    # One character may become eighteen, so it is cut again.
    raw = unicodedata.normalize("NFKC", text[:CHARACTERS_MOST])[:CHARACTERS_MOST]
    plain = _INVISIBLE.sub("", raw)
    words = words_of(plain)
    pairs = [f"{one}_{two}" for one, two in pairwise(words)]
    found = [*about_author, *_looks(raw, plain, words), *words, *pairs]
    return tuple(dict.fromkeys(each for each in found if len(each) <= 2 * WORD_LENGTH_MOST + 1))[
        :FEATURES_MOST
    ]


def words_of(text: str) -> list[str]:
    """The words outside of links, in lower case; "fr33 m0ney" reads as "free money"."""
    without_links = _LINK.sub(" ", text)
    spelled = _SPELLED.sub(lambda found: regex.sub(r"[^\p{L}]", "", found.group()), without_links)
    words = (_unmask(each.strip("'’@").casefold()) for each in _WORD.findall(spelled))
    return [word for word in words if 1 < len(word) <= WORD_LENGTH_MOST and not word.isdigit()]


def links_of(text: str) -> tuple[str, ...]:
    """Where the links of a text lead: host and path, without what counts visits."""
    return destinations(_LINK.findall(text[:CHARACTERS_MOST]))


def plain_of(text: str) -> str:
    """What is read of it, however it is written: one form of each character, and nothing invisible."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text[:CHARACTERS_MOST])[:CHARACTERS_MOST])


def destinations(links: Iterable[str]) -> tuple[str, ...]:
    """Where they lead, each once."""
    found = (each.rstrip(".,;:!?…)*]") for each in links)
    return tuple(dict.fromkeys(filter(None, map(_destination, found))))


def describe(feature: str) -> str:
    """The feature in words, for people: `the word “casino”`."""
    if feature in SEEN:
        return SEEN[feature]
    if "_" in feature:
        return f"the words “{feature.replace('_', ' ')}”"
    return f"the word “{feature}”"


def _destination(link: str) -> str | None:
    try:
        parts = urlsplit(link if "://" in link else f"http://{link}")
    except ValueError:  # a bracket that opens no address
        return None
    host = (parts.hostname or "").removeprefix("www.")
    return f"{host}{parts.path.rstrip('/')}" if host else None


def _unmask(word: str) -> str:
    """Digits and signs that stand for letters, in a word that has letters too: not in "3rd" or "mp3"."""
    inside = sum(each in "0134579@$" for each in word[1:-1])
    return word.translate(_UNMASK) if inside and sum(each.isalpha() for each in word) >= inside else word


def _looks(raw: str, plain: str, words: list[str]) -> list[str]:
    links = links_of(plain)
    letters = [each for each in plain if each.isalpha()]
    lower = plain.casefold()
    without_links = _LINK.sub(" ", lower)
    masked = [each for each in _MASKED.findall(without_links) if _unmask(each) != each]
    seen = {
        "~link": bool(links),
        "~links": len(links) >= LINKS_MANY,
        "~bare_link": bool(links) and len(words) < LINKS_MANY,
        "~shouting": len(letters) >= SHOUTED_LETTERS
        and sum(each.isupper() for each in letters) * 2 > len(letters),
        "~exclaiming": "!!" in plain or plain.count("!") >= LINKS_MANY,
        "~money": bool(_MONEY.search(lower)),
        "~big_money": bool(_BIG_MONEY.search(lower)),
        "~phone": bool(_PHONE.search(without_links)),
        "~income": bool(_MONEY.search(lower) and _PER_TIME.search(lower)),
        "~masked": bool(masked),
        "~invisible": plain != raw and any(each in raw for each in "\u200b\u2060\u200e\u00ad"),
        "~spelled": bool(_SPELLED.search(without_links)),
        "~repeating": any(
            count >= REPEATED_OFTEN and len(word) > SHORT for word, count in Counter(words).items()
        ),
        "~tags": len(_TAG.findall(plain)) >= TAGS_MANY,
    }
    return [name for name, is_seen in seen.items() if is_seen]
