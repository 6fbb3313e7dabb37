"""The keys that sign a tenant's access tokens: made when first needed, replaced on time or on demand."""

from datetime import timedelta

import msgspec
import structlog
from joserfc.jwk import OKPKey

from threadly.modules.identity.access_tokens import new_key, private_key
from threadly.modules.identity.repository.keys import (
    DELETE_RETIRED_KEYS,
    GET_SIGNING_KEY,
    INSERT_SIGNING_KEY,
    LIST_PUBLIC_KEYS,
    RETIRE_SIGNING_KEY,
    KeyRow,
    PublicKeyRow,
)
from threadly.modules.identity.rules import ACCESS_TOKEN_LIFETIME, KEY_LIFETIME
from threadly.modules.identity.sealing import Unsealable, seal, unseal
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import Work

__all__ = ["SigningKey", "get_signing_key", "list_public_keys", "rotate_signing_key", "rotate_when_due"]

log = structlog.get_logger(__name__)

# Processes whose clocks differ by less agree on which tokens are alive.
RETIRED_KEPT = ACCESS_TOKEN_LIFETIME + timedelta(minutes=1)


class SigningKey(msgspec.Struct, frozen=True):
    id: UUID
    key: OKPKey


async def get_signing_key(work: Work) -> SigningKey:
    """The tenant's current key, in a write Work."""
    row = await work.one(GET_SIGNING_KEY) or await _create(work)
    try:
        return _opened(work, row)
    except Unsealable:
        # The installation's secret key was changed. Old tokens stay good; new ones need a new key.
        log.warning("signing key cannot be unsealed; it is replaced", tenant=work.tenant.slug)
    await work.run(RETIRE_SIGNING_KEY, work.now, row.id)
    return _opened(work, await _create(work))


async def rotate_signing_key(work: Work, *, distrust_old: bool = False) -> UUID:
    """Sign with a new key from now on; returns its id.

    Tokens of the old keys stay good until they expire, unless they are distrusted (a key leaked): then all
    of the tenant's access tokens end within a second, and clients use their refresh tokens.
    """
    work.actor.require("platform.operate")
    current = await work.one(GET_SIGNING_KEY)
    if current is not None:
        await work.run(RETIRE_SIGNING_KEY, work.now, current.id)
    if distrust_old:
        await work.run(DELETE_RETIRED_KEYS, work.now)
    return (await _create(work)).id


async def rotate_when_due(work: Work) -> None:
    """Replace a key that has served for KEY_LIFETIME, and forget those whose last tokens have expired."""
    current = await work.one(GET_SIGNING_KEY)
    if current is not None and work.now - current.created_at >= KEY_LIFETIME:
        await rotate_signing_key(work)
    await work.run(DELETE_RETIRED_KEYS, work.now - RETIRED_KEPT)


async def list_public_keys(work: Work) -> list[PublicKeyRow]:
    """Those whose tokens may be alive."""
    return await work.all(LIST_PUBLIC_KEYS, work.now - RETIRED_KEPT)


async def _create(work: Work) -> KeyRow:
    key, key_id = new_key().private_key, new_id()
    assert key is not None
    sealed = seal(work.settings, key.private_bytes_raw(), context=_context(work, key_id))
    await work.run(INSERT_SIGNING_KEY, key_id, key.public_key().public_bytes_raw(), sealed, work.now)
    # Somebody else's, if two were the first at the same time.
    row = await work.one(GET_SIGNING_KEY)
    assert row is not None
    return row


def _opened(work: Work, row: KeyRow) -> SigningKey:
    raw = unseal(work.settings, row.sealed_private_key, context=_context(work, row.id))
    return SigningKey(row.id, private_key(raw))


def _context(work: Work, key_id: UUID) -> str:
    return f"{work.tenant.id}:{key_id}"
