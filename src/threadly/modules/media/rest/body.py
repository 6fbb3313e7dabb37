"""The body of an upload: a form with a file in it, which the handler reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from threadly.platform.http.edge import Edge
from threadly.platform.http.refusals import UnsupportedMediaType

__all__ = ["BESIDE_BYTES", "FIELD", "UploadOperation", "require_form"]

FIELD = "file"
MULTIPART = "multipart/form-data"
# Beside the file a form has boundaries, names and a description.
BESIDE_BYTES = 65_536


@dataclass
class UploadOperation(Operation):
    """The document hears of the body here."""

    beside: ClassVar[Mapping[str, Schema]] = {}

    def __post_init__(self) -> None:
        chosen = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        form = Schema(type=OpenAPIType.OBJECT, properties={FIELD: chosen, **self.beside}, required=[FIELD])
        self.request_body = RequestBody(content={MULTIPART: OpenAPIMediaType(form)}, required=True)


def require_form(edge: Edge) -> None:
    """Raises UnsupportedMediaType."""
    kind, _ = edge.request.content_type
    if kind != MULTIPART:
        raise UnsupportedMediaType(f"Send the file as the field `{FIELD}` of multipart/form-data.")
