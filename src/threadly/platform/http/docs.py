"""The API's document at /openapi.json and its interactive page at /docs.

The page is RapiDoc, served from here: nothing is loaded from another host. It writes style attributes, so
this one page allows inline styles; scripts stay as strict as everywhere.
"""

from importlib.resources import files
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from threadly import __version__
from threadly.platform.http.conditional import etag_of, is_unchanged, kept_tag
from threadly.platform.http.envelope import Failure

__all__ = ["docs_routes", "openapi_config"]

SCRIPT_PATH = "/docs/rapidoc-9.3.8.js"
_SCRIPT_FILE = "vendor/rapidoc-9.3.8/rapidoc-min.js"
# Where Litestar's own routes for the document go; ours stand in for them.
_UNUSED_PATH = "/openapi"
_OPEN = {"admit": False}

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_INTRODUCTION = """
Everything that the pages can do, for programs. Sign in with `POST /api/v1/auth/login` and send the access
token as `Authorization: Bearer …`, or an API key that you made in your settings, in the same way.

Answers are `{"success": true, "data": …}`, refusals `{"success": false, "error": {"code", "message", …}}`.
Each `code` is stable. Lists take `limit` and the `cursor` of the page before. A POST that creates takes an
`Idempotency-Key`, so that repeating it is safe.
"""
_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Threadly API</title>
<link rel="icon" href="/static/favicon.svg" type="image/svg+xml">
<script type="module" src="{SCRIPT_PATH}"></script>
<style>body {{ margin: 0 }}</style>
</head>
<body>
<rapi-doc spec-url="/openapi.json" load-fonts="false" regular-font="system-ui, sans-serif"
  mono-font="ui-monospace, monospace" render-style="focused" schema-style="table" theme="light"
  primary-color="#0b6b4f" bg-color="#ffffff" text-color="#17211c"
  nav-bg-color="#f6f5f1" nav-text-color="#59645d" nav-hover-bg-color="#e1f0e9" nav-hover-text-color="#07543d"
  nav-accent-color="#0b6b4f" show-header="false" allow-server-selection="false"
  persist-auth="true" sort-endpoints-by="path"></rapi-doc>
</body>
</html>
"""


def openapi_config() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Threadly API",
        description=_INTRODUCTION,
        version=__version__,
        path=_UNUSED_PATH,
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "token": SecurityScheme(
                    type="http", scheme="bearer", description="An access token, or an API key."
                )
            }
        ),
    )


def docs_routes() -> list[HTTPRouteHandler]:
    script = files("threadly.platform.http").joinpath(_SCRIPT_FILE).read_bytes()
    document = _Document()

    @get("/openapi.json", include_in_schema=False, opt=_OPEN)
    async def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
        body, etag = document.of(request)
        if is_unchanged(request, etag):
            return Response(b"", status_code=304, headers={"ETag": kept_tag(request, etag)})
        return Response(
            body, media_type="application/json", headers={"ETag": etag, "Cache-Control": "no-cache"}
        )

    @get("/docs", include_in_schema=False, opt=_OPEN)
    async def page() -> Response[str]:
        return Response(_PAGE, media_type="text/html", headers={"Content-Security-Policy": _POLICY})

    @get(SCRIPT_PATH, include_in_schema=False, opt=_OPEN)
    async def rapidoc() -> Response[bytes]:
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(script, media_type="text/javascript", headers=headers)

    return [openapi, page, rapidoc]


class _Document:
    """Made from the routes at the first request, then kept."""

    def __init__(self) -> None:
        self._body: bytes | None = None
        self._etag = ""

    def of(self, request: Request[Any, Any, Any]) -> tuple[bytes, str]:
        if self._body is None:
            schema = request.app.openapi_schema.to_schema()
            _keep_the_api(schema)
            _document_failures(schema)
            self._body = msgspec.json.encode(schema)
            self._etag = etag_of(self._body)
        return self._body, self._etag


def _keep_the_api(schema: dict[str, Any]) -> None:
    """Pages for people are routes as well, but no part of the API."""
    schema["paths"] = {path: item for path, item in schema["paths"].items() if path.startswith("/api/")}


def _document_failures(schema: dict[str, Any]) -> None:
    """Every operation may answer with the error envelope; say so once, in place of Litestar's own shape."""
    (failure,), parts = msgspec.json.schema_components([Failure], ref_template="#/components/schemas/{name}")
    schema.setdefault("components", {}).setdefault("schemas", {}).update(parts)
    content = {"application/json": {"schema": failure}}
    for path in schema.get("paths", {}).values():
        for operation in path.values():
            if isinstance(operation, dict) and "responses" in operation:
                _document_failures_of(operation["responses"], content)


def _document_failures_of(responses: dict[str, Any], content: dict[str, Any]) -> None:
    for status, response in responses.items():
        if status.startswith(("4", "5")):
            response["content"] = content
        elif status == "204":
            response.pop("content", None)  # Litestar gives it one, of null
    responses.setdefault("default", {"description": "Refused: the error says why.", "content": content})
