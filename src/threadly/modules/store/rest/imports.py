"""Imports of products over HTTP: a file in, then a job to follow."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules.store.errors.imports import ImportMissing, ImportUnreadable
from threadly.modules.store.types.imports import MOST_IMPORT_BYTES, Import, ImportSummary
from threadly.modules.store.verbs import imports
from threadly.modules.store.verbs.shop import STORE_MANAGE
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.http.refusals import UnsupportedMediaType
from threadly.platform.ids import id_of

__all__ = ["routes"]

AnyRequest: TypeAlias = Request[Any, Any, Any]

PRODUCTS = ["Products"]
FIELD = "file"
# What browsers and spreadsheets call it.
CSV_TYPES = frozenset({"text/csv", "application/csv", "application/vnd.ms-excel", "text/plain"})
MULTIPART = "multipart/form-data"
# Beside the file a form has boundaries and names.
MOST_BODY_BYTES = MOST_IMPORT_BYTES + 65_536


@dataclass
class _Upload(Operation):
    """The body is read by the handler, in either form, so the document hears of it here."""

    def __post_init__(self) -> None:
        file = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        form = Schema(type=OpenAPIType.OBJECT, properties={FIELD: file}, required=[FIELD])
        self.request_body = RequestBody(
            content={
                "text/csv": OpenAPIMediaType(Schema(type=OpenAPIType.STRING)),
                MULTIPART: OpenAPIMediaType(form),
            },
            required=True,
        )


@post(
    "/products/imports",
    status_code=202,
    operation_id="import_products",
    operation_class=_Upload,
    summary="Import products from a CSV file",
    description="The product CSV format of shops, up to 32 MB, as the body or as the field `file` of a form. "
    "The answer says where to follow the import. The same file again changes nothing.",
    tags=PRODUCTS,
    request_max_body_size=MOST_BODY_BYTES,
)
async def import_products(
    edge: NamedDependency[Edge],
    request: AnyRequest,
    dry_run: Annotated[bool, QueryParameter(description="Change nothing, only say what would be.")] = False,
) -> Response[Success[Import]]:
    edge.actor.require(STORE_MANAGE)  # before 32 MB are read
    filename, content = await _file_of(request)
    return await edge.create(
        lambda work: imports.start_import(work, filename=filename, content=content, dry_run=dry_run),
        location=lambda made: f"/api/v1/products/imports/{made.id}",
        status=202,
    )


@get("/products/imports", operation_id="list_imports", summary="Imports, the newest first", tags=PRODUCTS)
async def list_imports(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[ImportSummary]]:
    after = edge.after(cursor, name="store.imports")
    page = await edge.read(lambda work: imports.list_imports(work, after=after, limit=limit))
    return edge.listing(page, name="store.imports")


@get(
    "/products/imports/{import_id:str}",
    operation_id="get_import",
    summary="An import, while it runs and afterwards",
    tags=PRODUCTS,
)
async def get_import(
    edge: NamedDependency[Edge], import_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[Import]]:
    wanted = id_of(import_id, ImportMissing)
    return edge.resource(await edge.read(lambda work: imports.get_import(work, import_id=wanted), fresh=True))


async def _file_of(request: AnyRequest) -> tuple[str, bytes]:
    """The name and the content. Raises UnsupportedMediaType, ImportUnreadable."""
    kind, _ = request.content_type
    if kind in CSV_TYPES:
        return "products.csv", await request.body()
    if kind != MULTIPART:
        raise UnsupportedMediaType(
            "Send the file as text/csv, or as the field `file` of multipart/form-data."
        )
    await request.body()  # kept, since an Idempotency-Key is bound to it
    file = (await request.form()).get(FIELD)
    if not isinstance(file, UploadFile):
        raise ImportUnreadable("The form has no file in its field `file`.")
    return file.filename, await file.read()


routes: list[ControllerRouterHandler] = [import_products, list_imports, get_import]
