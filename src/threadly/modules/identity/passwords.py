"""Password hashes: argon2id in a pool of two threads, so that the event loop never waits for one.

A hash takes about 30 ms and 19 MiB. The pool's queue is bounded; beyond it HashingBusy is raised at once,
because a queue that only grows answers nobody. No Work may be open while waiting here: a crowd that signs in
would otherwise hold every database connection (see `entering.py`).
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

from threadly.modules.identity.errors import HashingBusy
from threadly.modules.identity.rules import PASSWORD_MOST

if TYPE_CHECKING:
    from argon2 import PasswordHasher

__all__ = ["Passwords", "passwords"]

T = TypeVar("T")

TIME_COST: Final = 2
MEMORY_KIB: Final = 19 * 1024
PARALLELISM: Final = 1
THREADS: Final = 2
WAITING_MOST: Final = 32


class Passwords:
    """`verified` counts the verifications that were run, dummies included; `in_hand` are being computed, by
    `threads` at most, or wait."""

    threads: Final = THREADS

    def __init__(self, *, waiting_most: int = WAITING_MOST, time_cost: int = TIME_COST) -> None:
        self._waiting_most = waiting_most
        self._time_cost = time_cost
        self.in_hand = 0
        self.verified = 0

    async def hash(self, password: str) -> str:
        """An encoded argon2id hash with its parameters. Raises HashingBusy."""
        return await self._run(lambda: self._hasher.hash(_normal(password)))

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Whether `password` made `encoded`; None takes as long and is False. Raises HashingBusy."""
        # Longer than any password can be: not worth reading, but worth the same time.
        candidate = password if len(password) <= PASSWORD_MOST else ""
        self.verified += 1
        matches = await self._run(lambda: self._matches(encoded, candidate))
        return matches and encoded is not None

    def is_outdated(self, encoded: str) -> bool:
        """Whether `encoded` was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(encoded)

    def _matches(self, encoded: str | None, password: str) -> bool:
        from argon2.exceptions import VerificationError

        dummy = self._dummy
        try:
            return self._hasher.verify(encoded or dummy, _normal(password))
        except VerificationError:
            return False

    async def _run(self, act: Callable[[], T]) -> T:
        if self.in_hand >= THREADS + self._waiting_most:
            raise HashingBusy
        self.in_hand += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, act)
        finally:
            self.in_hand -= 1

    @cached_property
    def _executor(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")

    @cached_property
    def _dummy(self) -> str:
        """Verified in place of a hash that does not exist; nobody knows its password."""
        return self._hasher.hash(secrets.token_bytes(32))

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        # Imported on first use: most processes never see a password.
        from argon2 import PasswordHasher

        return PasswordHasher(time_cost=self._time_cost, memory_cost=MEMORY_KIB, parallelism=PARALLELISM)


passwords: Final = Passwords()
"""This process's pool: one for all, since what it bounds is this machine's memory and cores."""


def _normal(password: str) -> bytes:
    # NFC as RFC 8265 (section 4.2.2) asks, so that two keyboards that compose é differently agree.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
