"""Access tokens: JWTs signed with EdDSA (Ed25519), made and checked here. Pure: keys and times are given.

A token is good for one tenant: issuer and audience name it, and its key belongs to it. The header's `alg` is
compared with the one algorithm there is and never chooses anything.
"""

import binascii
from base64 import urlsafe_b64decode
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from threadly.modules.identity.errors import TokenExpired, TokenInvalid
from threadly.modules.identity.rules import ACCESS_TOKEN_LIFETIME
from threadly.platform.actor import Tenant
from threadly.platform.ids import UUID
from threadly.settings import Settings

if TYPE_CHECKING:
    from joserfc._rfc7515.model import JWSAlgModel  # joserfc names its type nowhere else

__all__ = ["AccessClaims", "key_id_of", "mint", "new_key", "private_key", "public_key", "read"]

# The name that verifiers know. RFC 9864 would call it Ed25519; joserfc warns of the older name for its
# ambiguity between curves, which does not exist where every key is an Ed25519 one.
ALGORITHM: Final = "EdDSA"
TOKEN_MOST: Final = 2_048
CLOCK_SKEW_S: Final = 5.0


class _Header(msgspec.Struct):
    alg: str
    kid: UUID


class AccessClaims(msgspec.Struct, frozen=True):
    """RFC 7519's names; `sid` is the session, `iat` has milliseconds so that revocations are exact."""

    iss: str
    aud: str
    sub: UUID
    sid: UUID
    roles: tuple[str, ...]
    iat: float
    exp: int


class _Registry(jws.JWSRegistry):
    def get_alg(self, name: str) -> "JWSAlgModel":
        if name != ALGORITHM:
            raise TokenInvalid
        return self.algorithms[ALGORITHM]


_registry: Final = _Registry()


def new_key() -> OKPKey:
    return OKPKey.generate_key("Ed25519")


def private_key(raw: bytes) -> OKPKey:
    """The key with these 32 bytes."""
    return OKPKey.import_key(OKPKey.binding.from_private_bytes("Ed25519", raw))


def public_key(raw: bytes) -> OKPKey:
    """The key that verifies, from its 32 bytes."""
    return OKPKey.import_key(OKPKey.binding.from_public_bytes("Ed25519", raw))


def mint(
    settings: Settings,
    tenant: Tenant,
    *,
    key: OKPKey,
    key_id: UUID,
    user_id: UUID,
    session_id: UUID,
    roles: tuple[str, ...],
    now: datetime,
) -> str:
    """A token that is good from `now` for ACCESS_TOKEN_LIFETIME."""
    issued = round(now.timestamp(), 3)
    claims = AccessClaims(
        iss=issuer_of(settings, tenant),
        aud=audience_of(tenant),
        sub=user_id,
        sid=session_id,
        roles=roles,
        iat=issued,
        exp=int(issued + ACCESS_TOKEN_LIFETIME.total_seconds()),
    )
    header = {"typ": "JWT", "alg": ALGORITHM, "kid": str(key_id)}
    return jws.serialize_compact(header, msgspec.json.encode(claims), key, registry=_registry)


def key_id_of(token: str) -> UUID:
    """Which key claims to have signed `token`. Raises TokenInvalid for anything that is no token of ours."""
    if len(token) > TOKEN_MOST or token.count(".") != 2 or not token.isascii():
        raise TokenInvalid
    segment = token.partition(".")[0]
    try:
        header = msgspec.json.decode(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)), type=_Header)
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error):
        raise TokenInvalid from None
    if header.alg != ALGORITHM:
        raise TokenInvalid
    return header.kid


def read(settings: Settings, tenant: Tenant, token: str, *, key: OKPKey, now_s: float) -> AccessClaims:
    """What `token` says, after its signature, tenant and times were checked.

    `now_s` is Unix time. Raises TokenExpired or TokenInvalid.
    """
    try:
        signed = jws.deserialize_compact(token, key, registry=_registry)
        claims = msgspec.json.decode(signed.payload, type=AccessClaims)
    except (JoseError, ValueError):
        raise TokenInvalid from None
    if claims.iss != issuer_of(settings, tenant) or claims.aud != audience_of(tenant):
        raise TokenInvalid
    if claims.iat > now_s + CLOCK_SKEW_S:
        raise TokenInvalid
    if claims.exp <= now_s:
        raise TokenExpired
    return claims


def issuer_of(settings: Settings, tenant: Tenant) -> str:
    return f"{settings.public_url}/{tenant.slug}"


def audience_of(tenant: Tenant) -> str:
    return f"threadly:{tenant.slug}"
