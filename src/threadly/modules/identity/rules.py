"""What names, addresses and passwords may be, and how long things last. Pure; every text comes from outside.

Lengths are counted in user-perceived characters (grapheme clusters, Unicode Standard Annex 29) where people
count them, and a cap on code points stops clusters of a thousand accents.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import regex

from threadly.platform.errors import FieldProblem, invalid_fields
from threadly.platform.mail import ADDRESS

__all__ = [
    "ACCESS_TOKEN_LIFETIME",
    "EXPORT_KEPT",
    "KEY_LIFETIME",
    "KEY_TOUCH_AFTER",
    "LINK_COOLDOWN",
    "LINK_LIFETIMES",
    "SESSION_IDLE_LIFETIME",
    "SESSION_TOUCH_AFTER",
    "SESSION_WHOLE_LIFETIME",
    "SETUP_LINK_LIFETIME",
    "BadField",
    "avatar_url_of",
    "bio_of",
    "check",
    "community_name_of",
    "description_of",
    "device_name",
    "device_of",
    "email_of",
    "email_or_none",
    "key_name_of",
    "name_of",
    "new_email_of",
    "password_of",
    "session_end",
    "username_of",
    "username_or_none",
    "website_of",
]

ACCESS_TOKEN_LIFETIME: Final = timedelta(minutes=15)
# A session ends when it was not used for the first, and after the second in any case.
SESSION_IDLE_LIFETIME: Final = timedelta(days=30)
SESSION_WHOLE_LIFETIME: Final = timedelta(days=365)
# Sliding without a write per request: the row learns of use once in so long.
SESSION_TOUCH_AFTER: Final = timedelta(hours=1)
LINK_LIFETIMES: Final = {
    "verify": timedelta(hours=48),
    "reset": timedelta(hours=1),
    "email": timedelta(hours=24),
}
SETUP_LINK_LIFETIME: Final = timedelta(hours=24)
EXPORT_KEPT: Final = timedelta(days=7)
# Nobody's inbox is filled by pressing a button again and again.
LINK_COOLDOWN: Final = timedelta(seconds=60)
KEY_LIFETIME: Final = timedelta(days=90)

NAME_MOST: Final = 60
# Right to a minute, without a write per request.
KEY_TOUCH_AFTER: Final = timedelta(minutes=1)
BIO_MOST: Final = 160
DESCRIPTION_MOST: Final = 300
CODE_POINTS_PER_CHARACTER: Final = 8
EMAIL_MOST: Final = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
WEBSITE_MOST: Final = 200
AVATAR_URL_MOST: Final = 500
PASSWORD_LEAST, PASSWORD_MOST = 8, 128
DEVICE_MOST: Final = 200

DEVICE_NAME_MOST: Final = 40
# In this order, since most call themselves by the names of others too.
BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)

USERNAME: Final = re.compile(r"[a-z0-9_]{3,30}")
EMAIL: Final = re.compile(ADDRESS)
EMAIL_LOCAL_MOST: Final = 64

# Addresses of the site, and words by which somebody could pass for the house.
_RESERVED_WORDS: Final = """
    about account accounts admin administrator api app auth blog community contact dev docs everyone explore
    feed graphql health help here home host invites join live login logout mailbox map mod moderator
    moderators null official operator password people post posts press privacy ready root search security
    settings setup shop signin signout signup site staff static status store stream support system tag tags
    team terms threadly trending undefined user users verify webmaster you
"""
RESERVED: Final = frozenset(_RESERVED_WORDS.split())
# The most used ones of eight characters or more in public lists of leaked passwords.
_COMMON_WORDS: Final = """
    00000000 11111111 12341234 12345678 123456789 1234567890 123123123 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 66666666
    87654321 88888888 987654321 a1b2c3d4 aa123456 abc12345 abcd1234 abcdefgh administrator asdfasdf asdfghjk
    asdfghjkl baseball changeme computer dragon123 football iloveyou internet jennifer letmein1 letmein123
    liverpool michael1 monkey123 p@ssw0rd passw0rd password password! password1 password12 password123
    princess princess1 q1w2e3r4 qwer1234 qwerty12 qwerty123 qwertyui qwertyuiop samantha starwars sunshine
    superman threadly trustno1 welcome1 welcome123 whatever zaq12wsx
"""
COMMON_PASSWORDS: Final = frozenset(_COMMON_WORDS.split())

# Letters by category that nevertheless show nothing: Hangul fillers and the empty Braille cell.
BLANK_LETTERS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
# Overrides and isolates of the writing direction: they can make one name look like another.
DIRECTIONS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class BadField(ValueError):
    """Why a value is not acceptable: a code and a sentence. `check` turns these into one refusal."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


def check(values: Mapping[str, Callable[[], str]]) -> dict[str, str]:
    """Each field's cleaned value. Raises one refusal that names every field that is not acceptable."""
    good: dict[str, str] = {}
    problems: list[FieldProblem] = []
    for field, clean in values.items():
        try:
            good[field] = clean()
        except BadField as bad:
            problems.append(FieldProblem(field, f"identity.{field}_{bad.code}", bad.message))
    if problems:
        raise invalid_fields(problems)
    return good


def username_of(text: str) -> str:
    """The username in its stored form. Raises BadField."""
    username = text.strip().lower()
    if not USERNAME.fullmatch(username):
        raise BadField("invalid", "A username has 3 to 30 characters: letters, digits and underscores.")
    if username in RESERVED:
        raise BadField("reserved", "This username is reserved. Please choose another one.")
    return username


def username_or_none(text: str) -> str | None:
    """The stored form of what might be somebody's username."""
    username = text.lower()
    return username if USERNAME.fullmatch(username) else None


def email_of(text: str) -> str:
    """The address as it was written, without spaces around it. Raises BadField."""
    email = email_or_none(text)
    if email is None:
        raise BadField("invalid", "That is not an e-mail address. It should look like alex@example.com.")
    return email


def new_email_of(text: str, *, present: str) -> str:
    """As `email_of`, for somebody who has an address. Raises BadField."""
    email = email_of(text)
    if email.lower() == present.lower():
        raise BadField("unchanged", "That is your address already.")
    return email


def email_or_none(text: str) -> str | None:
    email = text.strip()
    if len(email) > EMAIL_MOST or not EMAIL.fullmatch(email) or email.index("@") > EMAIL_LOCAL_MOST:
        return None
    return email


def name_of(text: str) -> str:
    """A display name: composed, with single spaces. Raises BadField."""
    _refuse_unprintable(text, allowed="")
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not _shows_something(name):
        raise BadField("empty", "Please tell us your name; it needs at least one visible character.")
    _refuse_long(name, NAME_MOST, "A name")
    return name


def community_name_of(text: str) -> str:
    """What a community is called. Raises BadField."""
    try:
        return name_of(text)
    except BadField as bad:
        if bad.code != "empty":
            raise
        raise BadField("empty", "Please name your community; one visible character will do.") from None


def key_name_of(text: str) -> str:
    """What an API key is for. Raises BadField."""
    try:
        return name_of(text)
    except BadField as bad:
        if bad.code != "empty":
            raise
        raise BadField("empty", "Please say what the key is for, so that you know it later.") from None


def bio_of(text: str) -> str:
    """A few words about oneself, maybe none; line breaks are kept. Raises BadField."""
    return _words_of(text, BIO_MOST)


def description_of(text: str) -> str:
    """A few words about a community, maybe none. Raises BadField."""
    return _words_of(text, DESCRIPTION_MOST)


def _words_of(text: str, most: int) -> str:
    unix = text.replace("\r\n", "\n")
    _refuse_unprintable(unix, allowed="\n\t")
    words = unicodedata.normalize("NFC", unix).strip()
    _refuse_long(words, most, "This text")
    return words if _shows_something(words) else ""


def website_of(text: str) -> str:
    """An http(s) address, or an empty text for none. Raises BadField."""
    address = text.strip()
    if not address:
        return ""
    wrong = BadField("invalid", "A website begins with http:// or https://, like https://example.com.")
    if len(address) > WEBSITE_MOST:
        raise BadField("too_long", f"A website's address has at most {WEBSITE_MOST} characters.")
    if any(
        character.isspace() or not character.isprintable() or character in '"<>\\' for character in address
    ):
        raise wrong
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        raise wrong from None
    # A name and password before the host serve only to deceive.
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise wrong
    return parts.scheme + address[len(parts.scheme) :]  # which comes in any case


def avatar_url_of(text: str) -> str:
    """Where a picture is: a path of this site or an http(s) address; empty for none. Raises BadField."""
    wrong = BadField("invalid", "A picture is an address of this site, or begins with http:// or https://.")
    if text.startswith("/") and not text.startswith("//"):
        if len(text) > AVATAR_URL_MOST or not text.isascii() or any(each in text for each in ' "<>\\'):
            raise wrong
        return text
    try:
        return website_of(text)
    except BadField:
        raise wrong from None


def password_of(text: str, *, email: str, username: str) -> str:
    """A new password, as typed. Raises BadField."""
    if not PASSWORD_LEAST <= len(text) <= PASSWORD_MOST:
        raise BadField("length", f"A password has {PASSWORD_LEAST} to {PASSWORD_MOST} characters.")
    if any(unicodedata.category(character) == "Cs" for character in text):
        raise BadField("invalid", "This password contains something that is not a character.")
    plain = text.strip().casefold()
    if plain in {email.casefold(), email.partition("@")[0].casefold(), username.casefold()}:
        raise BadField("is_known", "Your e-mail or username is the first password that others would try.")
    if plain in COMMON_PASSWORDS or len(set(plain)) == 1:
        raise BadField("common", "This is one of the passwords that others try first. Choose another.")
    return text


def device_of(user_agent: str) -> str:
    """What a client calls itself, fit to be stored and shown."""
    return "".join(character for character in user_agent if character.isprintable())[:DEVICE_MOST]


def device_name(device: str) -> str:
    """What a person would call it: "Firefox on Linux"; a program, the first word of what it calls itself."""
    browser = next((name for mark, name in BROWSERS if mark in device), None)
    system = next((name for mark, name in SYSTEMS if mark in device), None)
    if browser and system:
        return f"{browser} on {system}"
    if browser or system:
        return browser or system or ""
    program = device.partition("/")[0].strip()[:DEVICE_NAME_MOST]
    return program or "An unknown device"


def session_end(*, created_at: datetime, now: datetime) -> datetime:
    """When a session that is used `now` ends unless it is used again."""
    return min(now + SESSION_IDLE_LIFETIME, created_at + SESSION_WHOLE_LIFETIME)


def _refuse_unprintable(text: str, *, allowed: str) -> None:
    for character in text:
        if character in allowed:
            continue
        if unicodedata.category(character) in ("Cc", "Cs") or character in DIRECTIONS:
            raise BadField("control_characters", "Please leave out control characters.")


def _refuse_long(text: str, most: int, what: str) -> None:
    # The cap comes first: it bounds the work of counting.
    if len(text) > most * CODE_POINTS_PER_CHARACTER or len(regex.findall(r"\X", text)) > most:
        raise BadField("too_long", f"{what} has at most {most} characters.")


def _shows_something(text: str) -> bool:
    return any(unicodedata.category(each)[0] in "LNPS" and each not in BLANK_LETTERS for each in text)
