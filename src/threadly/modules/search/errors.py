"""What the search refuses."""

from threadly.platform.errors import Kind, Refusal

__all__ = ["RebuildRunning"]


class RebuildRunning(Refusal):
    code = "search.rebuild_running"
    kind = Kind.CONFLICT
    message = "The search is being rebuilt already. Wait until that is done."
