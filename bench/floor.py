"""The floor: the home feed's own SQL behind a bare ASGI application.

The same server with the same options, the same pool and the same JSON as the real endpoint; no framework, no
sign-in, no limits, no telemetry, and the tenant fixed for every connection. `GET /<user id>` is that user's
first page. Started by the benchmark as `python -m bench.floor`, which sets the environment.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from threadly.modules.feed import Author, Post
from threadly.modules.feed.repository.reading import HOME_FEED
from threadly.platform.db import Database
from threadly.platform.http.envelope import Listing, Pagination
from threadly.platform.ids import FIRST_ID, LAST_ID
from threadly.settings import read_settings

__all__ = ["ROW_SECURITY", "create_app"]

PAGE = 20
# Whether the floor's connections are under row level security, as the application's are.
ROW_SECURITY = "BENCH_FLOOR_ROW_SECURITY"

Message: TypeAlias = MutableMapping[str, Any]  # ASGI's own definition
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]


def create_app() -> App:
    settings = read_settings()
    url = settings.database_url if os.environ[ROW_SECURITY] == "on" else settings.owner_database_url
    # What asyncpg does not know in an address it sends as a session setting: the pool stays the real one.
    database = Database(f"{url}&app.tenant=1", pool_size=settings.db_pool_size)

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(database, receive, send)
            return
        user_id = UUID(scope["path"][1:])
        rows = await database.primary.fetch(HOME_FEED.text, user_id, LAST_ID, FIRST_ID, PAGE + 1)
        body = msgspec.json.encode(_page(rows))
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


async def _live(database: Database, receive: Receive, send: Send) -> None:
    await receive()
    await database.start()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await database.stop()
    await send({"type": "lifespan.shutdown.complete"})


def _page(rows: Sequence[asyncpg.Record]) -> Listing[Post]:
    posts = [_post(row) for row in rows[:PAGE]]
    more = len(rows) > PAGE
    pagination = Pagination(
        per_page=PAGE, has_next=more, next_cursor=str(posts[-1].id) if more else None, total=msgspec.UNSET
    )
    return Listing(data=posts, pagination=pagination)


def _post(row: asyncpg.Record) -> Post:
    """A record's columns are PostRow's fields, in their order."""
    return Post(
        *(row[0], row[1], row[2], row[3], row[4]),
        Author(row[5], row[6], row[7], row[8]),
        *(row[9], row[10], row[11], row[12], row[13], row[14]),
    )


def _serve() -> None:
    """As `threadly web` does (processes.py)."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops

    from threadly.platform.telemetry import SERVER_LOG_CONFIG

    settings = read_settings()
    Granian(
        "bench.floor:create_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        log_dictconfig=dict(SERVER_LOG_CONFIG),
    ).serve()


if __name__ == "__main__":
    _serve()
