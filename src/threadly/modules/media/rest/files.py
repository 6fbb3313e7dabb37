"""Files that a message can carry."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from litestar.utils.scope.state import ScopeState

from threadly.modules.media import intake
from threadly.modules.media.errors import FileMissing
from threadly.modules.media.rest.body import BESIDE_BYTES, FIELD, UploadOperation, require_form
from threadly.modules.media.rules import most_file_bytes
from threadly.modules.media.types import FileUpload
from threadly.modules.media.verbs import uploading
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.exchange import exchange_of
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import id_of
from threadly.settings import Settings

__all__ = ["routes", "upload_route"]

FILES = ["Files"]
# What a telephone far from its mast sends, and how long the smallest may take.
SLOW_BYTES_PER_S = 131_072
LEAST_S = 60.0


def upload_route(settings: Settings) -> ControllerRouterHandler:
    """The route, whose limit is this installation's."""
    slow_s = LEAST_S + most_file_bytes(settings) / SLOW_BYTES_PER_S

    @post(
        "/files",
        operation_id="upload_file",
        operation_class=UploadOperation,
        summary="Upload a file for a message",
        description=f"Any file of up to {settings.media_file_mib} MB (a setting of the installation), as the "
        "field `file` of a form. It is kept as it is, by its name, and can be sent at once: name its id in "
        "the `media_ids` of a message. What kind of file it is, is told by its content. What no message "
        "carries is deleted after a day.",
        tags=FILES,
        request_max_body_size=most_file_bytes(settings) + BESIDE_BYTES,
    )
    async def upload_file(edge: NamedDependency[Edge]) -> Response[Success[FileUpload]]:
        edge.actor.me  # noqa: B018  # raises before anything is read
        require_form(edge)
        scope = edge.request.scope
        exchange_of(scope).take_longer(slow_s)
        async with intake.receiving(edge):
            file = await intake.chosen_file(edge, FIELD)
            reservation = await intake.accept_file(edge, file)
            # What an Idempotency-Key is bound to: this file by this name, and not a body that would have to
            # be held in memory for it.
            bound = f"{reservation.key} {file.filename}"
            ScopeState.from_scope(scope).body = bound.encode(errors="replace")
        return await edge.create(
            lambda work: uploading.keep_file(work, reservation=reservation, name=file.filename),
            location=lambda made: f"/api/v1/files/{made.id}",
        )

    return upload_file


@get("/files", operation_id="list_files", summary="Your files, the newest first", tags=FILES)
async def list_files(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[FileUpload]]:
    after = edge.after(cursor, name="media.files")
    page = await edge.read(lambda work: uploading.list_files(work, after=after, limit=limit))
    return edge.listing(page, name="media.files")


@get("/files/{file_id:str}", operation_id="get_file", summary="One of your files", tags=FILES)
async def get_file(
    edge: NamedDependency[Edge], file_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[FileUpload]]:
    wanted = id_of(file_id, FileMissing)
    return edge.resource(await edge.read(lambda work: uploading.get_file(work, upload_id=wanted)))


@delete(
    "/files/{file_id:str}",
    status_code=204,
    operation_id="remove_file",
    summary="Remove a file that no message carries",
    tags=FILES,
)
async def remove_file(edge: NamedDependency[Edge], file_id: FromPath[str]) -> Response[None]:
    wanted = id_of(file_id, FileMissing)
    return await edge.remove(
        lambda work: uploading.remove_file(work, upload_id=wanted),
        current=lambda work: uploading.get_file(work, upload_id=wanted),
    )


routes: list[ControllerRouterHandler] = [list_files, get_file, remove_file]
