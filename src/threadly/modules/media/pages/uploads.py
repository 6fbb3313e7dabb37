"""Settings: what a member has uploaded, the room that is left, and an end to what nothing shows."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.media.errors import FileMissing, MediaInUse, MediaMissing
from threadly.modules.media.types import FileUpload, Upload
from threadly.modules.media.verbs import uploading
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import id_of
from threadly.platform.work import Work
from threadly.web.pages import Pages
from threadly.web.view import Flash

__all__ = ["routes"]

Page = Response[Any]
IMAGES: Final = "/settings/data/uploads"
FILES: Final = "/settings/data/uploads/files"
GONE: Final = "It is removed."


@get([IMAGES, FILES], include_in_schema=False)
async def show_uploads(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], cursor: CursorParameter = None
) -> Page:
    here = edge.request.scope["path"]
    files = here == FILES
    name = "media.files" if files else "media.uploads"
    after = edge.after(cursor, name=name)

    async def read(work: Work) -> dict[str, Any]:
        page = (
            await uploading.list_files(work, after=after)
            if files
            else await uploading.list_uploads(work, after=after)
        )
        room = await uploading.get_room(work)
        following = edge.cursor(page.after, name=name)
        return {
            "files": files,
            "uploads": [_shown(each) for each in page.items],
            "older_url": f"{here}?cursor={following}" if following else None,
            "used": _size(room.used_bytes),
            "most": _size(room.most_bytes),
            "percent": min(100, room.used_bytes * 100 // max(1, room.most_bytes)),
        }

    return await pages.show(edge, "media/uploads.html", **await edge.read(read, fresh=True))


@post(IMAGES + "/{media_id:str}/remove", include_in_schema=False)
async def remove_image(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], media_id: FromPath[str]
) -> Page:
    wanted = id_of(media_id, MediaMissing)
    return await _removed(edge, pages, lambda work: uploading.remove_upload(work, upload_id=wanted), IMAGES)


@post(FILES + "/{file_id:str}/remove", include_in_schema=False)
async def remove_file(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], file_id: FromPath[str]
) -> Page:
    wanted = id_of(file_id, FileMissing)
    return await _removed(edge, pages, lambda work: uploading.remove_file(work, upload_id=wanted), FILES)


async def _removed(edge: Edge, pages: Pages, act: Callable[[Work], Awaitable[None]], back: str) -> Page:
    try:
        await edge.write(act)
    except MediaInUse as refusal:  # shown since the page was
        return pages.redirect(edge, back, flash=Flash("error", refusal.message))
    return pages.redirect(edge, back, flash=Flash("success", GONE))


def _shown(upload: Upload | FileUpload) -> dict[str, Any]:

    return {
        "id": str(upload.id),
        "url": upload.url,
        "thumbnail": upload.thumbnail_url if isinstance(upload, Upload) else "",
        "what": (upload.alt or "Image without a description") if isinstance(upload, Upload) else upload.name,
        "size": _size(upload.size_bytes),
        "used": upload.used,
    }


def _size(count: int) -> str:
    """As the limits are told: 1 MB is 1,048,576 bytes."""
    if count < 1024 * 1024:
        return f"{max(1, round(count / 1024)) if count else 0} KB"
    return f"{count / 1024 / 1024:,.1f} MB".replace(".0 ", " ")


routes: list[ControllerRouterHandler] = [show_uploads, remove_image, remove_file]
