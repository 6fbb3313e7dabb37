"""search: a read model of its own over posts, people and products, found by words and by meaning.

Verbs take a Work first. Nobody calls it to tell that something changed: it reacts. Each community has an
index of its own, which can be built anew beside the one in use.
"""

from threadly.modules.search.errors import RebuildRunning
from threadly.modules.search.indexing import rebuild_now
from threadly.modules.search.types import Found, Hit, HitAuthor, Part, Rebuild, Suggestion, Wanted
from threadly.modules.search.verbs import find, list_indexes, start_rebuild, suggest

__all__ = [
    "Found",
    "Hit",
    "HitAuthor",
    "Part",
    "Rebuild",
    "RebuildRunning",
    "Suggestion",
    "Wanted",
    "find",
    "list_indexes",
    "rebuild_now",
    "start_rebuild",
    "suggest",
]
