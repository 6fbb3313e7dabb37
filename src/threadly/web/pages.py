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
from threadly.platform.http.following import last_trace_of
from threadly.platform.telemetry.spans import span
from threadly.platform.work import Work
from threadly.settings import Settings
from threadly.web import TEMPLATES
from threadly.web.assets import asset
from threadly.web.sites import site_of
from threadly.web.view import FILTERS, Avatar, Flash

__all__ = ["FindShell", "FindViewer", "Pages", "Shell", "Viewer", "local_path"]

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
    may_manage: bool = False
    may_observe: bool = False
    may_govern: bool = False
    may_rebuild_search: bool = False


class Shell(msgspec.Struct, frozen=True):
    """What every full page shows around its own: who looks, how many units are in their cart, and how much
    they have not read."""

    viewer: Viewer | None = None
    cart_count: int = 0
    unread_notifications: int = 0
    unread_conversations: int = 0


FindViewer = Callable[[Work], Awaitable[Viewer | None]]
FindShell = Callable[[Edge], Awaitable[Shell]]


class Pages:
    """`roots` are the template folders of the modules. `find_shell` is asked once per full page,
    `find_viewer` once per fragment."""

    def __init__(
        self, roots: Sequence[Path], settings: Settings, *, find_viewer: FindViewer, find_shell: FindShell
    ) -> None:
        self._settings = settings
        self._find_viewer = find_viewer
        self._find_shell = find_shell
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
        shell = await self._find_shell(edge)
        flash = _read_flash(edge.request)
        around = {
            "viewer": shell.viewer,
            "cart_count": shell.cart_count,
            "unread_notifications": shell.unread_notifications,
            "unread_conversations": shell.unread_conversations,
            "site_name": edge.tenant.name,
            "site_url": site_of(edge),
        }
        answer = self._answer(edge.request, template, status, {**around, "flash": flash, **context})
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
        exchange = exchange_of(request.scope)
        common = {
            "site": {
                "name": context.get("site_name", "Threadly"),
                "url": context.get("site_url", self._settings.public_url),
            },
            "path": request.scope["path"],
            "csrf_token": csrf_token(request),
            "csp_nonce": csp_nonce(request),
            "trace_id": exchange.trail.trace_id,
            "may_follow": exchange.may_follow,
            "followed": exchange.follower is not None,
            "last_trace": last_trace_of(exchange.headers) if exchange.follower else None,
            "production": self._settings.env == "production",
        }
        with span(template, kind="render"):
            html = self._engine.render_template(template, **{**common, **context})
        headers = {"Cache-Control": "private, no-store", "Vary": "HX-Request"}
        return Response(html, status_code=status, media_type="text/html", headers=headers)

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
