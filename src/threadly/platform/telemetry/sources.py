"""Where a span comes from, as people find it: the file below the package, and the line."""

from pathlib import Path
from types import CodeType
from typing import Final

import threadly

__all__ = ["source_of"]

ROOT: Final = f"{Path(threadly.__file__).parent}/"
# There is only so much code; a bound all the same, since code objects can be made at run time.
MOST_KNOWN: Final = 20_000

_paths: dict[CodeType, str | None] = {}


def source_of(code: CodeType | None, line: int) -> str | None:
    """ "modules/feed/verbs/posts.py:42"; None for what is not of this package."""
    if code is None:
        return None
    if code not in _paths:
        if len(_paths) >= MOST_KNOWN:
            _paths.clear()
        name = code.co_filename
        _paths[code] = name.removeprefix(ROOT) if name.startswith(ROOT) else None
    path = _paths[code]
    return f"{path}:{line}" if path else None
