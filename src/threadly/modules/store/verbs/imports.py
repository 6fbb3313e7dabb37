"""Imports of products from a file: begun here, done by a job, followed while it runs."""

import io

import msgspec

from threadly.modules.store.errors.imports import ImportMissing, ImportTooLarge
from threadly.modules.store.importing.job import run_import
from threadly.modules.store.importing.reading import read_records
from threadly.modules.store.importing.run import layout_of
from threadly.modules.store.repository.imports import CREATE_IMPORT, FIND_IMPORT, LIST_IMPORTS, ImportRow
from threadly.modules.store.types.imports import MOST_IMPORT_BYTES, Import, ImportSummary
from threadly.modules.store.verbs.shop import STORE_MANAGE
from threadly.platform.ids import UUID, new_id
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.work import Work

__all__ = ["get_import", "list_imports", "start_import"]

LONGEST_FILENAME = 255


async def start_import(work: Work, *, filename: str, content: bytes, dry_run: bool = False) -> Import:
    """Have a worker import the products of a CSV file; with `dry_run` it only says what would be.

    Raises SignInRequired or Denied without `store.manage`, ImportTooLarge, and ImportUnreadable when the
    header names not even a title and a price.
    """
    work.actor.require(STORE_MANAGE)
    if len(content) > MOST_IMPORT_BYTES:
        raise ImportTooLarge
    layout_of(read_records(io.BytesIO(content)))
    import_id = new_id()
    row = await work.one(
        CREATE_IMPORT, import_id, work.actor.me, _shown(filename), dry_run, content, work.now
    )
    assert row
    await work.enqueue(run_import, job_id=f"store.import:{import_id}", import_id=str(import_id))
    return _import_of(row)


async def get_import(work: Work, *, import_id: UUID) -> Import:
    """How far it is. Raises SignInRequired or Denied without `store.manage`, ImportMissing."""
    work.actor.require(STORE_MANAGE)
    row = await work.one(FIND_IMPORT, import_id)
    if row is None:
        raise ImportMissing
    return _import_of(row)


async def list_imports(work: Work, *, after: Keyset | None = None, limit: int = 20) -> Page[ImportSummary]:
    """The newest first. Raises SignInRequired or Denied without `store.manage`."""
    work.actor.require(STORE_MANAGE)
    rows = await work.all(LIST_IMPORTS, id_before(after), limit + 1)
    return page_of(rows, limit=limit, key=lambda row: (str(row.id),))


def _import_of(row: ImportRow) -> Import:
    return msgspec.convert(row, Import, from_attributes=True)


def _shown(filename: str) -> str:
    """The last part of a path, of characters that can be shown."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in name if c.isprintable())[:LONGEST_FILENAME] or "products.csv"
