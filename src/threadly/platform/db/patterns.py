"""Patterns of LIKE."""

import re
from typing import Final

__all__ = ["containing"]

# What LIKE takes for something else.
_SPECIAL: Final = re.compile(r"[\\%_]")
_ESCAPED: Final = r"\\\g<0>"


def containing(text: str) -> str:
    """What has exactly this text in it."""
    return f"%{_SPECIAL.sub(_ESCAPED, text)}%"
