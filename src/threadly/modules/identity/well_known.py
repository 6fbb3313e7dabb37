"""/.well-known/jwks.json: the public keys of the community that answers at this host."""

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules.identity.access_tokens import ALGORITHM, public_key
from threadly.modules.identity.verbs.signing import list_public_keys
from threadly.platform.http.edge import Edge

__all__ = ["routes"]

# Shorter than a retired key lives on, so that a verifier never misses one for long.
KEPT_S = 300


class PublicKey(msgspec.Struct, frozen=True):
    """RFC 7517 and RFC 8037."""

    kid: str
    x: str
    kty: str = "OKP"
    crv: str = "Ed25519"
    alg: str = ALGORITHM
    use: str = "sig"


class PublicKeys(msgspec.Struct, frozen=True):
    keys: list[PublicKey]


@get(
    "/.well-known/jwks.json",
    operation_id="list_public_keys",
    summary="The keys that verify access tokens",
    tags=["Auth"],
)
async def jwks(edge: NamedDependency[Edge]) -> Response[PublicKeys]:
    rows = await edge.read(list_public_keys)
    keys = [PublicKey(kid=str(row.id), x=str(public_key(row.public_key).get("x"))) for row in rows]
    return Response(PublicKeys(keys), headers={"Cache-Control": f"public, max-age={KEPT_S}"})


routes: list[ControllerRouterHandler] = [jwks]
