"""Idempotency keys: the first answer is stored in the transaction of its effect, and replayed.

Two twins that arrive together meet at the primary key: the second waits for the first one's transaction, and
then finds its answer, or, when the first was refused and rolled back, the place free.

Answers may hold secrets (a sign-up answers with tokens), so they are sealed with a key derived from the
client's own Idempotency-Key, of which only a digest is stored.
"""

import hashlib
import os
from types import NoneType
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from threadly.platform.db import sql
from threadly.platform.housekeeping import KEYS_KEPT
from threadly.platform.http.refusals import IdempotencyKeyReused
from threadly.platform.keys import derive_key, sign
from threadly.platform.work import Work

__all__ = ["IdempotentRequest", "StoredAnswer"]

NONCE_BYTES = 12


class StoredAnswer(msgspec.Struct, frozen=True):
    status: int
    headers: dict[str, str]
    body: bytes


class StoredRow(msgspec.Struct, frozen=True):
    request_hash: bytes
    status: int
    headers: Any
    body: bytes


CLAIM = sql(
    "platform.claim_idempotency_key",
    """
    INSERT INTO platform.idempotency_keys AS known (scope, key, request_hash, created_at)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, scope, key) DO UPDATE
    SET request_hash = EXCLUDED.request_hash, created_at = EXCLUDED.created_at
    WHERE known.created_at < $5
    RETURNING true
    """,
    into=bool,
)
FIND = sql(
    "platform.find_idempotency_key",
    "SELECT request_hash, status, headers, body FROM platform.idempotency_keys WHERE scope = $1 AND key = $2",
    into=StoredRow,
)
STORE = sql(
    "platform.store_idempotent_answer",
    "UPDATE platform.idempotency_keys SET status = $3, headers = $4, body = $5 WHERE scope = $1 AND key = $2",
    into=NoneType,
)


# Both in one, for an answer that is known when the key is claimed.
CLAIM_ANSWERED = sql(
    "platform.claim_answered_idempotency_key",
    """
    INSERT INTO platform.idempotency_keys AS known
        (scope, key, request_hash, created_at, status, headers, body)
    VALUES ($1, $2, $3, $4, $6, $7, $8)
    ON CONFLICT (tenant_id, scope, key) DO UPDATE
    SET request_hash = EXCLUDED.request_hash, created_at = EXCLUDED.created_at, status = EXCLUDED.status,
        headers = EXCLUDED.headers, body = EXCLUDED.body
    WHERE known.created_at < $5
    RETURNING true
    """,
    into=bool,
)


class IdempotentRequest:
    """One request that carries a key. `scope` says whose key it is and what for; `body` is the request's.

    `digest` stands for the key, `request_hash` for the body.
    """

    def __init__(self, secret: str, *, key: str, scope: str, body: bytes) -> None:
        self._scope = scope
        self.digest = hashlib.sha256(key.encode()).hexdigest()
        self.request_hash = hashlib.sha256(body).digest()
        sealing_key = sign(derive_key(secret, "idempotency"), f"{scope}\0{key}".encode())
        self._seal = AESGCM(sealing_key)

    async def find_answer(self, work: Work) -> StoredAnswer | None:
        """The stored answer, or None: then the key is claimed and the effect is this Work's to make.

        Raises IdempotencyKeyReused when the key came with another body before.
        """
        if await work.one(CLAIM, *self._claim(work)):
            return None
        row = await work.one(FIND, self._scope, self.digest)
        assert row, "the claim found it"
        if row.request_hash != self.request_hash:
            raise IdempotencyKeyReused
        return StoredAnswer(row.status, row.headers, self._open(row.body))

    async def store(self, work: Work, answer: StoredAnswer) -> None:
        """For the Work whose `find_answer` found none."""
        await work.run(STORE, self._scope, self.digest, *self._sealed(answer))

    async def keep(self, work: Work, answer: StoredAnswer) -> bool:
        """Claim the key and store the answer, unless there is one: False, and nothing is raised, so that the
        effect of this Work stands."""
        kept = await work.one(CLAIM_ANSWERED, *self._claim(work), *self._sealed(answer))
        return kept is not None

    def _claim(self, work: Work) -> tuple[object, ...]:
        return self._scope, self.digest, self.request_hash, work.now, work.now - KEYS_KEPT

    def _sealed(self, answer: StoredAnswer) -> tuple[object, ...]:
        nonce = os.urandom(NONCE_BYTES)
        body = nonce + self._seal.encrypt(nonce, answer.body, None)
        return answer.status, answer.headers, body

    def _open(self, sealed: bytes) -> bytes:
        return self._seal.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
