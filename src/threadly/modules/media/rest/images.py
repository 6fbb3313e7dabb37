"""Images: uploaded, described, removed."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from threadly.modules.media import intake
from threadly.modules.media.errors import MediaMissing
from threadly.modules.media.rest.body import BESIDE_BYTES, FIELD, UploadOperation, require_form
from threadly.modules.media.rules import MOST_ALT_CHARACTERS, MOST_UPLOAD_BYTES
from threadly.modules.media.types import Upload
from threadly.modules.media.verbs import uploading
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.exchange import exchange_of
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import id_of

__all__ = ["routes"]

MEDIA = ["Media"]
MOST_BODY_BYTES = MOST_UPLOAD_BYTES + BESIDE_BYTES
# What a telephone far from its mast takes for the largest image.
SLOW_S = 90.0


class UploadChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alt: str


@dataclass
class _Upload(UploadOperation):
    beside: ClassVar[Mapping[str, Schema]] = {
        "alt": Schema(type=OpenAPIType.STRING, max_length=MOST_ALT_CHARACTERS)
    }


@post(
    "/media",
    operation_id="upload_media",
    operation_class=_Upload,
    summary="Upload an image",
    description="JPEG, PNG, WebP or GIF, up to 10 MB and 50 megapixels, as the field `file` of a form, with "
    "what it shows in `alt`. It is re-encoded without its metadata, and can be attached at once; the smaller "
    "forms are there once `state` is `ready`. What nothing shows is deleted after a day.",
    tags=MEDIA,
    request_max_body_size=MOST_BODY_BYTES,
)
async def upload_media(edge: NamedDependency[Edge]) -> Response[Success[Upload]]:
    edge.actor.me  # noqa: B018  # raises before 10 MB are read
    request = edge.request
    require_form(edge)
    exchange_of(request.scope).take_longer(SLOW_S)
    async with intake.receiving(edge):
        if b"idempotency-key" in exchange_of(request.scope).headers:
            await request.body()  # kept, since the key is bound to it
        file = await intake.chosen_file(edge, FIELD)
        alt = uploading.clean_alt(str((await request.form()).get("alt", "")))
        reservation = await intake.accept(edge, content=await file.read())
    return await edge.create(
        lambda work: uploading.keep_upload(work, reservation=reservation, alt=alt),
        location=lambda made: f"/api/v1/media/{made.id}",
    )


@get("/media", operation_id="list_media", summary="Your uploads, the newest first", tags=MEDIA)
async def list_media(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[Upload]]:
    after = edge.after(cursor, name="media.uploads")
    page = await edge.read(lambda work: uploading.list_uploads(work, after=after, limit=limit))
    return edge.listing(page, name="media.uploads")


@get("/media/{media_id:str}", operation_id="get_media", summary="One of your uploads", tags=MEDIA)
async def get_media(
    edge: NamedDependency[Edge], media_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[Upload]]:
    wanted = id_of(media_id, MediaMissing)
    return edge.resource(await edge.read(lambda work: uploading.get_upload(work, upload_id=wanted)))


@patch("/media/{media_id:str}", operation_id="describe_media", summary="Say what an upload shows", tags=MEDIA)
async def describe_media(
    edge: NamedDependency[Edge], media_id: FromPath[str], data: JSONBody[UploadChange]
) -> Response[Success[Upload]]:
    wanted = id_of(media_id, MediaMissing)
    return await edge.change(
        lambda work: uploading.describe_upload(work, upload_id=wanted, alt=data.alt),
        current=lambda work: uploading.get_upload(work, upload_id=wanted),
    )


@delete(
    "/media/{media_id:str}",
    status_code=204,
    operation_id="remove_media",
    summary="Remove an upload that nothing shows",
    tags=MEDIA,
)
async def remove_media(edge: NamedDependency[Edge], media_id: FromPath[str]) -> Response[None]:
    wanted = id_of(media_id, MediaMissing)
    return await edge.remove(
        lambda work: uploading.remove_upload(work, upload_id=wanted),
        current=lambda work: uploading.get_upload(work, upload_id=wanted),
    )


routes: list[ControllerRouterHandler] = [upload_media, list_media, get_media, describe_media, remove_media]
