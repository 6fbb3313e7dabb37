"""Puts the layers together: front → compression → Litestar (CORS, routing, gate, handler)."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.plugins import PluginProtocol
from litestar.types import ControllerRouterHandler

from threadly.platform.chores import doing
from threadly.platform.http.compression import Compression
from threadly.platform.http.cors import cors_from
from threadly.platform.http.csrf import Csrf
from threadly.platform.http.docs import docs_routes, openapi_config
from threadly.platform.http.errors import Answers, RenderErrorPage
from threadly.platform.http.forms import FormRequest
from threadly.platform.http.front import Front
from threadly.platform.http.gate import Admit, AdmitSocket, Gate, Receiving
from threadly.platform.http.health import Check, health_routes
from threadly.platform.http.pagination import Cursors
from threadly.platform.http.unrouted import Unrouted
from threadly.platform.telemetry import metrics
from threadly.settings import Settings

__all__ = ["make_application"]

Lifespan: TypeAlias = Callable[[Litestar], AbstractAsyncContextManager[None]]


def make_application(
    route_handlers: Sequence[ControllerRouterHandler],
    *,
    settings: Settings,
    secret: str,
    render_error_page: RenderErrorPage,
    needed: Mapping[str, Check],
    helpful: Mapping[str, Check],
    admit: Admit | None = None,
    admit_socket: AdmitSocket | None = None,
    receiving: Receiving | None = None,
    count_unrouted: Admit | None = None,
    dependencies: Mapping[str, Provide] | None = None,
    lifespan: Sequence[Lifespan] = (),
    plugins: Sequence[PluginProtocol] = (),
    state: Mapping[str, Any] | None = None,
    **options: Any,
) -> Front:
    """The ASGI application.

    `secret` signs cursors and form tokens and must be the same in all processes. `needed` and `helpful` are
    the checks behind /ready. `admit` is awaited before every handler whose `opt` does not say otherwise,
    `admit_socket` before those of sockets; `receiving` is entered before a body of more than a megabyte
    is read, where a route takes one.
    `count_unrouted` is awaited before an answer of the API to what no handler takes.
    `state` and `options` go to Litestar as they are.
    """
    csrf = Csrf(settings, secret)
    answers = Answers(render_error_page)
    litestar = Litestar(
        [*route_handlers, *health_routes(needed=needed, helpful=helpful, settings=settings), *docs_routes()],
        state=State({"csrf": csrf, "cursors": Cursors(secret), **(state or {})}),
        middleware=[
            lambda app: Gate(app, csrf=csrf, admit=admit, admit_socket=admit_socket, receiving=receiving)
        ],
        request_class=FormRequest,
        exception_handlers=answers.handlers,
        cors_config=cors_from(settings),
        openapi_config=openapi_config(),
        request_max_body_size=settings.max_body_bytes,
        dependencies=dict(dependencies or {}),
        lifespan=[_sampling, *lifespan],
        plugins=list(plugins),
        logging_config=None,
        debug=False,
        **options,
    )
    routes = Unrouted(litestar, count_unrouted) if count_unrouted else litestar
    return Front(Compression(routes), litestar=litestar, settings=settings, answers=answers)


@asynccontextmanager
async def _sampling(_app: Litestar) -> AsyncIterator[None]:
    """Keeps the watched gauges of this process fresh for whichever process is scraped."""
    async with doing({"metrics.sample": metrics.keep_sampling}):
        yield
