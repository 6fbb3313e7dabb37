"""The composition root of a web process: settings in, ASGI application out. Everything is wired here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from litestar import Litestar, Router
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.static_files import create_static_files_router

from threadly.migrations import require_schema
from threadly.modules import atlas, identity, media, messaging, notifications, payments, store
from threadly.modules.admin import pages as admin_pages
from threadly.modules.admin import rest as admin_rest
from threadly.modules.atlas import pages as atlas_pages
from threadly.modules.atlas import plan as atlas_plan
from threadly.modules.atlas import rest as atlas_rest
from threadly.modules.feed import pages as feed_pages
from threadly.modules.feed import rest as feed_rest
from threadly.modules.identity import pages as identity_pages
from threadly.modules.identity import rest as identity_rest
from threadly.modules.media import pages as media_pages
from threadly.modules.media import rest as media_rest
from threadly.modules.messaging import pages as messaging_pages
from threadly.modules.messaging import rest as messaging_rest
from threadly.modules.moderation import pages as moderation_pages
from threadly.modules.moderation import rest as moderation_rest
from threadly.modules.notifications import pages as notifications_pages
from threadly.modules.notifications import rest as notifications_rest
from threadly.modules.notifications.channels import bounces as channel_bounces
from threadly.modules.notifications.channels import device_pages
from threadly.modules.notifications.channels import pages as channel_pages
from threadly.modules.notifications.channels import rest as channel_rest
from threadly.modules.payments import rest as payments_rest
from threadly.modules.search import pages as search_pages
from threadly.modules.search import rest as search_rest
from threadly.modules.store import pages as store_pages
from threadly.modules.store import rest as store_rest
from threadly.platform.garbage import settle_garbage_collector
from threadly.platform.http.admission import EdgeKit
from threadly.platform.http.application import make_application
from threadly.platform.http.edge import Edge, edge_of
from threadly.platform.http.front import Front
from threadly.platform.http.stopping import before_stopping
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry import configure_logging
from threadly.platform.telemetry.doors import trace_doors, trace_rules
from threadly.platform.work import Work
from threadly.settings import Settings, read_settings
from threadly.web import STATIC, avatar_of
from threadly.web.pages import Pages, Shell, Viewer
from threadly.wiring import JOBS, MODULES, RULES, SCHEDULES, WATCHES, make_reactions, observed

__all__ = ["create_app", "make_app"]

ONE_YEAR_S = 31_536_000
TEMPLATE_ROOTS = [Path(str(module.__file__)).with_name("templates") for module in MODULES]


def create_app() -> Front:
    """What the server processes call: the settings come from the environment."""
    settings = read_settings()
    configure_logging(settings)
    return make_app(Runtime(settings))


def make_app(runtime: Runtime) -> Front:
    """The settings of `runtime`, which starts and stops with the application, must name the secret key."""
    settings = runtime.settings
    assert settings.secret_key, "the edge names the secret key"
    trace_doors(MODULES)
    trace_rules(RULES)
    kit = EdgeKit(runtime, authenticate=identity.authenticate, secret=settings.secret_key)
    pages = Pages(TEMPLATE_ROOTS, settings, find_viewer=find_viewer, find_shell=find_shell)
    plan = draw_plan(settings)

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        await runtime.start()
        settle_garbage_collector()
        async with observed(runtime, "web"):
            # Stopping pubsub ends the streams.
            with before_stopping(lambda: asyncio.ensure_future(runtime.pubsub.stop())):
                yield
        await payments.close_cashier(runtime.works)
        await runtime.stop()

    return make_application(
        [
            Router(
                "/api/v1",
                route_handlers=[
                    *identity_rest.routes,
                    *feed_rest.routes,
                    *payments_rest.routes,
                    *store_rest.routes,
                    *media_rest.routes,
                    media_rest.upload_route(settings),
                    *moderation_rest.routes,
                    *messaging_rest.routes,
                    *notifications_rest.routes,
                    *channel_rest.routes,
                    *search_rest.routes,
                    *atlas_rest.routes,
                    *admin_rest.routes,
                ],
            ),
            payments_rest.webhook_route(runtime),
            channel_bounces.bounce_route(runtime),
            media_pages.image_route(runtime),
            media_pages.file_route(runtime),
            *identity_pages.routes,
            *feed_pages.routes,
            *store_pages.routes,
            *media_pages.routes,
            *moderation_pages.routes,
            *messaging_pages.routes,
            *notifications_pages.routes,
            *channel_pages.routes,
            *device_pages.routes,
            *search_pages.routes,
            *atlas_pages.routes,
            *admin_pages.routes,
            static_files(),
        ],
        settings=settings,
        secret=settings.secret_key,
        render_error_page=pages.error,
        needed={"database": partial(require_database, runtime)},
        helpful={"valkey": runtime.valkey.ping},
        admit=kit.admit,
        admit_socket=kit.admit_socket,
        count_unrouted=kit.count_unrouted,
        receiving=media.receiving,
        dependencies={
            "edge": Provide(edge_of, sync_to_thread=False),
            "pages": Provide(lambda: pages, sync_to_thread=False),
            "plan": Provide(lambda: plan, sync_to_thread=False),
        },
        lifespan=[lifespan],
    )


async def require_database(runtime: Runtime) -> None:
    """Raises DatabaseUnavailable, NotMigrated, or what the database says to a role that may not read."""
    async with runtime.database.unbound() as connection:
        await require_schema(connection)


def draw_plan(settings: Settings) -> atlas.Plan:
    """What the Map shows of this installation."""
    return atlas_plan.draw_plan(
        settings,
        modules=MODULES,
        reactions=make_reactions(),
        jobs=JOBS,
        schedules=SCHEDULES,
        watches=WATCHES,
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


async def find_shell(edge: Edge) -> Shell:
    """What every page shows. Who has just signed in finds what they had put into a cart before."""
    if edge.actor.user_id is None and store_pages.CART_COOKIE not in edge.request.cookies:
        return Shell()

    async def look(work: Work, guest: str | None) -> Shell:
        viewer = await find_viewer(work) if work.actor.user_id else None
        return Shell(
            viewer,
            await store.count_units(work, guest=guest),
            unread_notifications=await notifications.count_unread(work) if viewer else 0,
            unread_conversations=await messaging.count_unread(work) if viewer else 0,
        )

    return await store_pages.read_cart(edge, look)


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
        may_manage=work.actor.may("store.manage"),
        may_observe=work.actor.may("admin.observe"),
        may_govern=work.actor.may("identity.manage_users"),
        may_rebuild_search=work.actor.may("search.rebuild"),
    )
