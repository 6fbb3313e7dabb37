"""A copy of all that is known of a member: what each module gives, and the archive that it becomes.

A module offers `export_member(work, *, member_id)`, an asynchronous generator of `Record`s and `Attachment`s,
and the composition root lists it. It gives what the member did, wrote, owns or chose, and nothing that is
private to somebody else. The archive is never whole in memory: it leaves in parts as it is made.
"""

import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

import msgspec

from threadly.platform.db import Statement
from threadly.platform.ids import FIRST_ID, UUID
from threadly.platform.storage import ObjectMissing, StoredObject
from threadly.platform.work import SYSTEM, Tenant, Work, Works

__all__ = ["Archived", "Attachment", "Exporter", "Files", "Record", "archive", "each_row", "records"]

BATCH_ROWS: Final = 500
PART_BYTES: Final = 4 * 1024 * 1024
# What is beyond is left out, and the archive says so.
MOST_RECORDS: Final = 1_000_000
MOST_ATTACHMENTS: Final = 10_000
MOST_BYTES: Final = 2 * 1024**3

NO_MORE_RECORDS: Final = f"records beyond the first {MOST_RECORDS:,}"
NO_MORE_FILES: Final = "files beyond what one archive holds"


class Record(msgspec.Struct, frozen=True):
    """One entry of the JSON file `file` ("feed/posts"); those of one file follow each other."""

    file: str
    value: object


class Attachment(msgspec.Struct, frozen=True):
    """A file of the member's own, `name` being its path in the archive; opened once no Work is."""

    name: str
    open: Callable[[], Awaitable[StoredObject]]


class Exporter(Protocol):
    def __call__(self, work: Work, *, member_id: UUID) -> AsyncIterator[Record | Attachment]: ...


class Archived(msgspec.Struct, frozen=True):
    part_count: int
    size_bytes: int


class _Identified(Protocol):
    @property
    def id(self) -> UUID: ...


Row = TypeVar("Row", bound=_Identified)
Keep = Callable[[int, bytes], Awaitable[None]]
"""Keeps the part with this number, from 0 on."""


async def each_row(work: Work, statement: Statement[Row], member_id: UUID) -> AsyncIterator[Row]:
    """All rows of a statement that takes the member, the id to go on above and how many at most, and gives
    them by `id`."""
    after = FIRST_ID
    while rows := await work.all(statement, member_id, after, BATCH_ROWS):
        for row in rows:
            yield row
        if len(rows) < BATCH_ROWS:
            return
        after = rows[-1].id


Files = Mapping[str, Statement[Any]]
"""By the name of the file that its rows fill, what `each_row` takes."""


async def records(work: Work, files: Files, member_id: UUID) -> AsyncIterator[Record]:
    """All rows of these statements, one file after the other."""
    for file, statement in files.items():
        async for row in each_row(work, statement, member_id):
            yield Record(file, row)


async def archive(
    works: Works,
    tenant: Tenant,
    *,
    member_id: UUID,
    exporters: Sequence[Exporter],
    keep: Keep,
    made_at: datetime,
) -> Archived:
    """A ZIP file of JSON and of the member's files, handed to `keep` part by part."""
    writing = _Writing(keep)
    attachments: list[Attachment] = []
    for export in exporters:
        async with works.read(tenant, SYSTEM, fresh=True) as work:
            async for found in export(work, member_id=member_id):
                if isinstance(found, Attachment):
                    attachments.append(found)
                else:
                    await writing.add(found)
    for attachment in attachments[:MOST_ATTACHMENTS]:
        await writing.attach(attachment)
    if len(attachments) > MOST_ATTACHMENTS:
        writing.left_out.add(NO_MORE_FILES)
    return await writing.finish(community=tenant.name, member_id=member_id, made_at=made_at)


class _Writing:
    """An archive on its way, of which one file is open at a time."""

    def __init__(self, keep: Keep) -> None:
        self._out = _Parts(keep)
        self._zip = zipfile.ZipFile(self._out, "w", zipfile.ZIP_DEFLATED)
        self._open: Any = None
        self._file = ""
        self._counts: dict[str, int] = {}
        self._names: set[str] = set()
        self._records = 0
        self.left_out: set[str] = set()

    async def add(self, record: Record) -> None:
        if self._records >= MOST_RECORDS:
            self.left_out.add(NO_MORE_RECORDS)
            return
        if record.file != self._file:
            self._close()
            self._begin(record.file)
        self._open.write(b",\n" if self._counts[record.file] else b"[\n")
        self._open.write(msgspec.json.encode(record.value))
        self._counts[record.file] += 1
        self._records += 1
        await self._out.drain()

    async def attach(self, attachment: Attachment) -> None:
        self._close()
        if self._out.size >= MOST_BYTES:
            self.left_out.add(NO_MORE_FILES)
            return
        if attachment.name in self._names:
            return
        try:
            found = await attachment.open()
        except ObjectMissing:
            self.left_out.add(attachment.name)
            return
        self._names.add(attachment.name)
        # It is compressed already, as images are.
        entry = zipfile.ZipInfo(attachment.name)
        with self._zip.open(entry, "w", force_zip64=True) as file:
            async for chunk in found.chunks:
                file.write(chunk)
                await self._out.drain()

    async def finish(self, *, community: str, member_id: UUID, made_at: datetime) -> Archived:
        self._close()
        contents = {
            "community": community,
            "member_id": member_id,
            "made_at": made_at,
            "records": self._counts,
            "files": len(self._names),
            "left_out": sorted(self.left_out),
        }
        self._zip.writestr("contents.json", msgspec.json.format(msgspec.json.encode(contents), indent=2))
        self._zip.close()
        await self._out.drain(all_of_it=True)
        return Archived(self._out.count, self._out.size)

    def _begin(self, file: str) -> None:
        assert file not in self._counts, f"the records of {file} do not follow each other"
        self._file = file
        self._counts[file] = 0
        self._open = self._zip.open(f"{file}.json", "w", force_zip64=True)

    def _close(self) -> None:
        if self._open is not None:
            self._open.write(b"\n]\n")
            self._open.close()
        self._open, self._file = None, ""


class _Parts(io.RawIOBase):
    """Takes what the archive writes, which cannot seek back then, and gives it on in parts."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._waiting = bytearray()
        self.count = 0
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, chunk: Any) -> int:
        self._waiting += chunk
        self.size += len(chunk)
        return len(chunk)

    async def drain(self, *, all_of_it: bool = False) -> None:
        while len(self._waiting) >= PART_BYTES or (all_of_it and self._waiting):
            part = bytes(self._waiting[:PART_BYTES])
            del self._waiting[:PART_BYTES]
            await self._keep(self.count, part)
            self.count += 1
