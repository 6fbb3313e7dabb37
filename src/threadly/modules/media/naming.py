"""What a file is called: as it came, without what would lead astray. Pure."""

import unicodedata
from typing import Final
from urllib.parse import quote

__all__ = ["MOST_NAME_CHARACTERS", "clean_name", "disposition_of"]

MOST_NAME_CHARACTERS: Final = 200
# What file systems take; a name has at most so many bytes.
MOST_NAME_BYTES: Final = 240
# A longer one is no ending of a name, but the rest of a sentence.
MOST_ENDING: Final = 16
NAMELESS: Final = "file"
# RFC 5987, attr-char: what needs no escaping.
PLAIN: Final = "!#$&+-.^_`|~"


def clean_name(raw: str) -> str:
    """The last part of a path, on one line, without what cannot be seen: line ends, marks that turn the
    direction of writing around (`exe.fdp` would be read from the right), zero widths. Never empty."""
    last = raw.replace("\\", "/").rstrip("/").rpartition("/")[2]
    normal = unicodedata.normalize("NFC", last)
    shown = "".join(_shown(each) for each in normal)
    name = " ".join(shown.split()).rstrip(". ")
    # A name that begins with a dot would be hidden where it is saved.
    return _shortened(name.lstrip(". ")) or NAMELESS


def disposition_of(name: str) -> str:
    """Content-Disposition (RFC 6266): to be saved, never shown, by this name; for those who do not know
    RFC 8187 in letters that everybody knows."""
    plain = "".join(
        each if each.isascii() and each.isprintable() and each not in '"\\%' else "_" for each in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe=PLAIN)}"


def _shown(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in ("Cf", "Cs", "Co"):
        return ""
    return " " if kind == "Cc" or kind[0] == "Z" else character


def _shortened(name: str) -> str:
    """What comes before the ending is cut."""
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > MOST_ENDING:
        stem, dot, ending = name, "", ""
    while (
        len(stem + dot + ending) > MOST_NAME_CHARACTERS
        or len((stem + dot + ending).encode()) > MOST_NAME_BYTES
    ):
        stem = stem[:-1]
    return stem.rstrip() + dot + ending
