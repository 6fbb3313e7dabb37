"""Objects by path, in the store that the settings name.

`obstore` is imported when the first object is asked for: a process that touches none does not pay for it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from threadly.platform.errors import Kind, Refusal
from threadly.platform.storage.opening import open_store
from threadly.platform.telemetry.spans import span
from threadly.settings import Settings

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["ObjectMissing", "Storage", "StorageUnavailable", "StoredObject", "storage_of"]

# All tries of one call together. The store's own client limits each of them (opening.py).
CALL_TIMEOUT_S: Final = 12.0
CHUNK_BYTES: Final = 262_144
# What is put in parts may take longer, the larger it is.
SLOWEST_BYTES_PER_S: Final = 1_048_576
# S3 takes no smaller parts. So much of an object is in memory at once.
PART_BYTES: Final = 5 * 1_048_576
PARTS_AT_ONCE: Final = 2
DELETED_AT_ONCE: Final = 8


class ObjectMissing(Refusal):
    code = "storage.missing"
    kind = Kind.MISSING
    message = "There is no such file. It may have been removed."


class StorageUnavailable(Refusal):
    """The store is away, refuses our key or answers nonsense; the log says which."""

    code = "storage.unavailable"
    kind = Kind.UNAVAILABLE
    message = "Files cannot be reached at this moment. Please try again shortly."
    retry_after_s = 10


class StoredObject(Struct, frozen=True):
    """What is at a path: `size` in bytes, and its `chunks`, to be read once."""

    size: int
    chunks: AsyncIterator[bytes]

    async def read(self) -> bytes:
        """All of it. Raises StorageUnavailable."""
        return b"".join([chunk async for chunk in self.chunks])


class Storage:
    """Paths are relative, with slashes between, and never used for a second content."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: ObjectStore | None = None

    async def put(self, path: str, content: bytes, *, content_type: str) -> None:
        """Durable once it returns, as far as the store goes. Raises StorageUnavailable."""
        import obstore  # see above

        with span("storage.put", kind="call", path=path), _refusals():
            async with asyncio.timeout(CALL_TIMEOUT_S):
                await obstore.put_async(
                    self._store(),
                    path,
                    content,
                    attributes=self._attributes(content_type),
                    use_multipart=False,
                )

    async def put_parts(
        self, path: str, chunks: AsyncIterator[bytes], *, size: int, content_type: str
    ) -> None:
        """As `put`, of what is too large to be held in memory: `chunks` are `size` bytes together, taken as
        they are needed. Nothing is at the path until all of it is. Raises StorageUnavailable."""
        import obstore  # see above

        with span("storage.put", kind="call", path=path, bytes=size), _refusals():
            async with asyncio.timeout(CALL_TIMEOUT_S + size / SLOWEST_BYTES_PER_S):
                await obstore.put_async(
                    self._store(),
                    path,
                    chunks,
                    attributes=self._attributes(content_type),
                    use_multipart=True,
                    chunk_size=PART_BYTES,
                    max_concurrency=PARTS_AT_ONCE,
                )

    async def get(self, path: str) -> StoredObject:
        """Raises ObjectMissing, StorageUnavailable."""
        import obstore  # see above

        with span("storage.get", kind="call", path=path), _refusals():
            async with asyncio.timeout(CALL_TIMEOUT_S):
                found = await obstore.get_async(self._store(), path)
        return StoredObject(found.meta["size"], _chunks(found.stream(min_chunk_size=CHUNK_BYTES)))

    async def delete(self, paths: Sequence[str]) -> None:
        """They are gone; those that were not there too. Raises StorageUnavailable."""
        with span("storage.delete", kind="call", count=len(paths)):
            for start in range(0, len(paths), DELETED_AT_ONCE):
                await asyncio.gather(*map(self._delete, paths[start : start + DELETED_AT_ONCE]))

    async def check(self) -> None:
        """Whether the store answers and takes our key. Raises StorageUnavailable."""
        try:
            await self.get("there-is-nothing-here")
        except ObjectMissing:
            return

    async def _delete(self, path: str) -> None:
        import obstore  # see above

        try:
            with _refusals():
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    await obstore.delete_async(self._store(), path)
        except ObjectMissing:
            return

    def _store(self) -> "ObjectStore":
        if self._opened is None:
            self._opened = open_store(self._settings)
        return self._opened

    def _attributes(self, content_type: str) -> dict[str, str] | None:
        # The local disk has nowhere to keep them; whoever serves an object knows its type anyway.
        from obstore.store import LocalStore  # see above

        return None if isinstance(self._store(), LocalStore) else {"Content-Type": content_type}


@lru_cache(maxsize=16)
def storage_of(settings: Settings) -> Storage:
    """The process's own: its connections are of use only if they are shared."""
    return Storage(settings)


async def _chunks(stream: AsyncIterator[object]) -> AsyncIterator[bytes]:
    with _refusals():
        while True:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                chunk = await anext(stream, None)
            if chunk is None:
                return
            yield bytes(chunk)  # type: ignore[call-overload]  # obstore types its buffers loosely


@contextmanager
def _refusals() -> Iterator[None]:
    from obstore.exceptions import BaseError, NotFoundError  # see above

    try:
        yield
    except (NotFoundError, FileNotFoundError):
        raise ObjectMissing from None
    except (BaseError, OSError, TimeoutError) as error:
        raise StorageUnavailable from error
