"""Settings: a copy of what is known of a member."""

from collections.abc import AsyncIterator
from functools import partial

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from threadly.modules.identity.errors import ExportMissing
from threadly.modules.identity.exports import part_path
from threadly.modules.identity.opaque import export_token
from threadly.modules.identity.pages.forms import Page
from threadly.modules.identity.repository.exports import Readable
from threadly.modules.identity.types import Export
from threadly.modules.identity.verbs import exports
from threadly.platform.http.edge import Edge
from threadly.platform.ids import UUID, id_of
from threadly.platform.storage import Storage, storage_of
from threadly.platform.work import Work
from threadly.web import Flash, moment
from threadly.web.pages import Pages

__all__ = ["routes"]

HERE = "/settings/data"
UNITS = ((1024**3, "GB"), (1024**2, "MB"), (1024, "kB"))


@get("/settings/data", include_in_schema=False)
async def show_data(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    async def read(work: Work) -> list[dict[str, object]]:
        return [_shown(each, work) for each in await exports.list_exports(work)]

    shown = await edge.read(read, fresh=True)
    gathering = any(each["state"] == "gathering" for each in shown)
    return await pages.show(edge, "identity/settings_data.html", exports=shown, gathering=gathering)


@post("/settings/data", include_in_schema=False)
async def request_export(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    await edge.write(exports.request_export)
    flash = Flash("success", "Your data is being gathered. A mail tells you when it is ready.")
    return pages.redirect(edge, HERE, flash=flash)


@get("/settings/data/{export_id:str}/download", include_in_schema=False)
async def download(
    edge: NamedDependency[Edge], export_id: FromPath[str], token: FromQuery[str] = ""
) -> Stream:
    """For whoever has the link, which was mailed to the member and is shown to nobody else."""
    wanted = id_of(export_id, ExportMissing)
    found = await edge.read(partial(exports.open_export, export_id=wanted, token=token), fresh=True)
    name = f"{found.username}-{found.requested_at:%Y-%m-%d}.zip"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(found.size_bytes),
        "Cache-Control": "private, no-store",
    }
    chunks = _chunks(storage_of(edge.runtime.settings), wanted, found)
    return Stream(chunks, media_type="application/zip", headers=headers)


routes: list[ControllerRouterHandler] = [show_data, request_export, download]


async def _chunks(storage: Storage, export_id: UUID, found: Readable) -> AsyncIterator[bytes]:
    for number in range(found.part_count):
        part = await storage.get(part_path(export_id, number))
        async for chunk in part.chunks:
            yield chunk


def _shown(export: Export, work: Work) -> dict[str, object]:
    is_ready = export.state == "ready"
    token = export_token(work.settings, export.id)
    return {
        "state": export.state,
        "asked": moment(export.requested_at, now=work.now),
        "ends": moment(export.expires_at, now=work.now).full.partition(",")[0],
        "size": _size(export.size_bytes),
        "url": f"{HERE}/{export.id}/download?token={token}" if is_ready else "",
    }


def _size(size_bytes: int) -> str:
    for unit, name in UNITS:
        if size_bytes >= unit:
            return f"{size_bytes / unit:.1f} {name}"
    return f"{size_bytes} bytes"
