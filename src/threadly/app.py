"""The composition root of a web process: settings in, ASGI application out. Everything is wired here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from litestar import Litestar, Router
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.static_files import create_static_files_router

from threadly.modules import feed, identity
from threadly.modules.feed import pages as feed_pages
from threadly.modules.feed import rest as feed_rest
from threadly.modules.identity import pages as identity_pages
from threadly.modules.identity import rest as identity_rest
from threadly.platform.garbage import settle_garbage_collector
from threadly.platform.http.application import make_application
from threadly.platform.http.edge import EdgeKit, edge_of
from threadly.platform.http.front import Front
from threadly.platform.http.stopping import before_stopping
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry import configure_logging, configure_tracing, metrics, stop_tracing
from threadly.platform.work import Work
from threadly.settings import read_settings
from threadly.web import STATIC, avatar_of
from threadly.web.pages import Pages, Viewer

__all__ = ["create_app", "make_app"]

ONE_YEAR_S = 31_536_000
TEMPLATE_ROOTS = [Path(str(module.__file__)).with_name("templates") for module in (identity, feed)]


def create_app() -> Front:
    """What the server processes call: the settings come from the environment."""
    settings = read_settings()
    configure_logging(settings)
    return make_app(Runtime(settings))


def make_app(runtime: Runtime) -> Front:
    """The settings of `runtime`, which starts and stops with the application, must name the secret key."""
    settings = runtime.settings
    assert settings.secret_key, "the edge names the secret key"
    kit = EdgeKit(runtime, authenticate=identity.authenticate, secret=settings.secret_key)
    pages = Pages(TEMPLATE_ROOTS, settings, find_viewer=find_viewer)

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        configure_tracing(settings, "threadly-web")
        await runtime.start()
        metrics.watch(
            "threadly_db_connections",
            "Connections to PostgreSQL by pool and state.",
            runtime.database.count_connections,
            label="state",
        )
        settle_garbage_collector()
        with before_stopping(lambda: asyncio.ensure_future(runtime.pubsub.stop())):  # which ends the streams
            yield
        await runtime.stop()
        stop_tracing()

    return make_application(
        [
            Router("/api/v1", route_handlers=[*identity_rest.routes, *feed_rest.routes]),
            *identity_pages.routes,
            *feed_pages.routes,
            static_files(),
        ],
        settings=settings,
        secret=settings.secret_key,
        render_error_page=pages.error,
        needed={"database": runtime.database.ping},
        helpful={"valkey": runtime.valkey.ping},
        admit=kit.admit,
        dependencies={
            "edge": Provide(edge_of, sync_to_thread=False),
            "pages": Provide(lambda: pages, sync_to_thread=False),
        },
        lifespan=[lifespan],
    )


def static_files() -> Router:
    """Files of the shell; their addresses carry a hash, so they never change."""
    return create_static_files_router(
        path="/static",
        directories=[STATIC],
        cache_control=CacheControlHeader(public=True, max_age=ONE_YEAR_S, immutable=True),
        include_in_schema=False,
        opt={"admit": False},
    )


async def find_viewer(work: Work) -> Viewer | None:
    """Who looks at a page."""
    account = await identity.find_account(work)
    if account is None:
        return None
    return Viewer(
        id=str(account.id),
        username=account.username,
        name=account.name,
        avatar=avatar_of(account.name, seed=str(account.id), url=account.avatar_url),
        may_moderate=work.actor.may("feed.moderate"),
        verified=account.email_verified,
    )
