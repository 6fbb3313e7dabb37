"""What people write to moderators and each other about a case."""

import regex

__all__ = ["clean_text"]

_LINE_END = regex.compile(r"\r\n?|[\u0085\u2028\u2029]")
_UNREADABLE = regex.compile(r"[\p{Cc}\p{Cs}--\n]", regex.V1)


def clean_text(raw: str) -> str:
    """`raw` as it is stored: trimmed, lines ended by a newline, without what cannot be shown."""
    return _UNREADABLE.sub("", _LINE_END.sub("\n", raw.replace("\t", " "))).strip()
