"""Tickets: for a few minutes they stand for a password that was proven, while its owner looks for a code.

A ticket is sealed, so that a browser can carry it and nobody can read or make one. It is worth nothing alone.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from typing import Final

import msgspec

from threadly.modules.identity.errors import TicketOver
from threadly.modules.identity.repository.accounts import GET_CREDENTIALS
from threadly.modules.identity.sealing import Unsealable, seal, unseal
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["Proof", "read_ticket", "ticket_for"]

LIFETIME: Final = timedelta(minutes=5)
TICKET_MOST: Final = 1_000


class Proof(msgspec.Struct, frozen=True):
    """A password matched `password_hash`; `renewed` replaces a hash that was made with weaker parameters.
    `second_factor`: whether that is not enough to sign in."""

    user_id: UUID
    password_hash: str
    renewed: str | None
    second_factor: bool


class _Ticket(msgspec.Struct, frozen=True):
    """`fingerprint` is of the hash: with another password the ticket is over. `until` is Unix time."""

    user_id: UUID
    fingerprint: bytes
    until: float


async def ticket_for(work: Work, *, proof: Proof) -> str:
    until = (work.now + LIFETIME).timestamp()
    plain = msgspec.json.encode(_Ticket(proof.user_id, _fingerprint(proof.password_hash), until))
    return urlsafe_b64encode(seal(work.settings, plain, context=_context(work))).decode()


async def read_ticket(work: Work, *, ticket: str) -> Proof:
    """Raises TicketOver."""
    found = _opened(work, ticket)
    if found.until <= work.now.timestamp():
        raise TicketOver
    credentials = await work.one(GET_CREDENTIALS, found.user_id)
    if credentials is None or _fingerprint(credentials.password_hash) != found.fingerprint:
        raise TicketOver
    return Proof(credentials.user_id, credentials.password_hash, None, credentials.second_factor)


def _opened(work: Work, ticket: str) -> _Ticket:
    if len(ticket) > TICKET_MOST or not ticket.isascii():
        raise TicketOver
    try:
        plain = unseal(work.settings, urlsafe_b64decode(ticket), context=_context(work))
        return msgspec.json.decode(plain, type=_Ticket)
    except (Unsealable, binascii.Error, msgspec.DecodeError):
        raise TicketOver from None


def _fingerprint(password_hash: str) -> bytes:
    return sha256(password_hash.encode()).digest()


def _context(work: Work) -> str:
    return f"ticket of {work.tenant.id}"
