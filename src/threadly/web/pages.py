"""Pages: renders templates with what every page shows, and redirects with a sentence for the next one."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from string import punctuation
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from litestar import Response
from litestar.datastructures import Cookie
from minijinja import Environment

from threadly.platform.http.csrf import SESSION_COOKIE, csrf_token
from threadly.platform.http.edge import AnyRequest, Edge
from threadly.platform.http.exchange import csp_nonce, exchange_of
from threadly.platform.work import Work
from threadly.settings import Settings
from threadly.web import TEMPLATES
from threadly.web.assets import asset
from threadly.web.view import FILTERS, Avatar, Flash

__all__ = ["FindViewer", "Pages", "Viewer", "local_path"]

FLASH_COOKIE = "threadly_flash"
FLASH_LIFETIME_S = 60


class Viewer(msgspec.Struct, frozen=True):
    """Who looks at the page."""

    id: str
    username: str
    name: str
    avatar: Avatar
    may_moderate: bool
    verified: bool


FindViewer = Callable[[Work], Awaitable[Viewer | None]]


class Pages:
    """`roots` are the template folders of the modules; `find_viewer` is asked once per full page."""

    def __init__(self, roots: Sequence[Path], settings: Settings, *, find_viewer: FindViewer) -> None:
        self._settings = settings
        self._find_viewer = find_viewer
        self._engine = Environment(
            loader=_loader([TEMPLATES, *roots]),
            filters=FILTERS,
            globals={"asset": asset},
            reload_before_render=settings.env == "development",
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def show(
        self, edge: Edge, template: str, /, *, status: int = 200, **context: object
    ) -> Response[str]:
        """A full page."""
        signed_in = edge.actor.user_id is not None
        viewer = await edge.read(self._find_viewer) if signed_in else None
        flash = _read_flash(edge.request)
        answer = self._answer(
            edge.request,
            template,
            status,
            {"viewer": viewer, "flash": flash, "site_name": edge.tenant.name, **context},
        )
        if flash:
            answer.delete_cookie(FLASH_COOKIE)
        return answer

    async def fragment(
        self, edge: Edge, template: str, /, *, status: int = 200, **context: object
    ) -> Response[str]:
        """A part of a page, for htmx."""
        viewer = await edge.read(self._find_viewer) if edge.actor.user_id else None
        path = _path_of(edge.request.headers.get("hx-current-url", "")) or edge.request.scope["path"]
        return self._answer(edge.request, template, status, {"viewer": viewer, "path": path, **context})

    def error(
        self, request: AnyRequest, status: int, code: str, message: str, trace_id: str
    ) -> Response[Any]:
        """The page of a refusal or a bug: shown also when there is no database to ask who looks."""
        context = {
            "viewer": None,
            "may_be_member": SESSION_COOKIE in request.cookies,
            "status": status,
            "code": code,
            "message": message,
            "site_name": "Threadly",
        }
        return self._answer(request, "error.html", status, {**context, "trace_id": trace_id})

    def redirect(self, edge: Edge, to: str, *, flash: Flash | None = None) -> Response[Any]:
        """See other; for htmx, which would follow inside the page, its own header."""
        by_htmx = "hx-request" in edge.request.headers
        to = quote(to, safe=punctuation)  # a header is ASCII, the address of a tag may not be
        headers = {"HX-Redirect": to} if by_htmx else {"Location": to}
        answer: Response[Any] = Response(None, status_code=204 if by_htmx else 303, headers=headers)
        if flash:
            answer.set_cookie(self._flash_cookie(flash))
        return answer

    def _answer(
        self, request: AnyRequest, template: str, status: int, context: Mapping[str, object]
    ) -> Response[str]:
        common = {
            "site": {"name": context.get("site_name", "Threadly"), "url": self._settings.public_url},
            "path": request.scope["path"],
            "csrf_token": csrf_token(request),
            "csp_nonce": csp_nonce(request),
            "trace_id": exchange_of(request.scope).trail.trace_id,
            "production": self._settings.env == "production",
        }
        html = self._engine.render_template(template, **{**common, **context})
        headers = {"Cache-Control": "private, no-store", "Vary": "HX-Request"}
        return Response(html, status_code=status, media_type="text/html; charset=utf-8", headers=headers)

    def _flash_cookie(self, flash: Flash) -> Cookie:
        return Cookie(
            FLASH_COOKIE,
            value=urlsafe_b64encode(msgspec.json.encode(flash)).decode().rstrip("="),
            max_age=FLASH_LIFETIME_S,
            httponly=True,
            samesite="lax",
            secure=self._settings.secure_cookies,
        )


def local_path(text: str | None, *, default: str = "/") -> str:
    """`text` if it is a path on this site, else `default`: no link sends anybody elsewhere."""
    if not text or not text.startswith("/") or text.startswith(("//", "/\\")) or not text.isprintable():
        return default
    return text


def _path_of(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:  # a bracket that no browser leaves open
        return ""


def _read_flash(request: AnyRequest) -> Flash | None:
    raw = request.cookies.get(FLASH_COOKIE)
    if not raw:
        return None
    try:
        return msgspec.json.decode(urlsafe_b64decode(raw + "=" * (-len(raw) % 4)), type=Flash)
    except (ValueError, msgspec.DecodeError):
        return None


def _loader(roots: Sequence[Path]) -> Callable[[str], str | None]:
    def load(name: str) -> str | None:
        for root in roots:
            path = root / name
            if path.is_file():
                return path.read_text()
        return None

    return load
