"""Addresses of static files that change whenever the file does, so that browsers may keep them for ever."""

from functools import cache
from hashlib import blake2s
from pathlib import Path

__all__ = ["STATIC", "asset"]

STATIC = Path(__file__).with_name("static")


@cache
def asset(path: str) -> str:
    """The address of the file `path` under `STATIC`: "app.css" becomes "/static/app.css?v=1f0c9a2b".

    Raises FileNotFoundError for a file that is not there: a template with a broken link must not ship.
    """
    digest = blake2s((STATIC / path).read_bytes(), digest_size=4).hexdigest()
    return f"/static/{path}?v={digest}"
