"""What an API key is for: the API alone, and there neither its member's account nor what could outlive it."""

from typing import Final

from threadly.platform.actor import Actor
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.edge import AnyRequest

__all__ = ["KeyRefused", "refuse_beyond_key"]

API: Final = "/api/v1"
READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# Passwords, second factors, sign-ins, keys, who may do what, and the copy of all that is known of a member.
CLOSED: Final = (
    f"{API}/auth/",
    f"{API}/api-keys",
    f"{API}/sessions",
    f"{API}/users/{{user_id}}/exports",
    f"{API}/users/{{user_id}}/role",
)
ACCOUNT: Final = f"{API}/users/{{user_id}}"


class KeyRefused(Refusal):
    code = "auth.key_refused"
    kind = Kind.DENIED
    message = "An API key does not open this. Sign in for it."


class KeyReadsOnly(KeyRefused):
    code = "auth.key_reads_only"
    message = "This API key may only read. Make one that may write."


def refuse_beyond_key(request: AnyRequest, actor: Actor) -> None:
    """For who comes by a key. Raises KeyRefused."""
    route = str(request.scope["path_template"])
    if not route.startswith(f"{API}/") or route.startswith(CLOSED):
        raise KeyRefused
    if request.method == "DELETE" and route == ACCOUNT:
        raise KeyRefused
    if actor.reads_only and request.method not in READS:
        raise KeyReadsOnly
