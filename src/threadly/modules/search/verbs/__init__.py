"""What the search can do."""

from threadly.modules.search.verbs.finding import find, suggest
from threadly.modules.search.verbs.keeping import erase_author, hide, refresh
from threadly.modules.search.verbs.rebuilding import list_indexes, start_rebuild

__all__ = ["erase_author", "find", "hide", "list_indexes", "refresh", "start_rebuild", "suggest"]
