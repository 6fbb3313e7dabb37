"""A small application on the kit, for its tests: each route shows one behaviour."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, URLEncodedBody
from litestar.response import ServerSentEvent, Stream

from threadly.platform.errors import Kind, Refusal
from threadly.platform.http import (
    CursorParameter,
    FieldsParameter,
    LimitParameter,
    csp_nonce,
    csrf_token,
    etag_of,
    is_unchanged,
    kept_tag,
    make_application,
    pick,
    require_match,
    select_fields,
)
from threadly.platform.http.errors import AnyRequest
from threadly.platform.http.exchange import exchange_of
from threadly.platform.http.front import Front
from threadly.platform.http.gate import Admit, Receiving
from threadly.platform.http.health import Check
from threadly.settings import Settings

SECRET = "only-for-tests-" + "x" * 32
PERSON = {"id": 7, "name": "Kareem"}
ETAG = etag_of(b"kareem")
RELEASED = asyncio.Event()
"""What `/api/v1/held` waits for."""


class Place(msgspec.Struct):
    city: Annotated[str, msgspec.Meta(min_length=1)]
    zip_code: int


class SignUp(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=2, max_length=5)]
    age: Annotated[int, msgspec.Meta(ge=0, le=150)]
    plan: Literal["free", "pro"] = "free"
    place: Place | None = None


class Person(msgspec.Struct):
    id: int
    name: str


class Form(msgspec.Struct):
    name: str


class DatabaseGone(Refusal):
    code = "db.unavailable"
    kind = Kind.UNAVAILABLE
    message = "The database does not answer at this moment."


class PostHidden(Refusal):
    code = "feed.post_missing"
    kind = Kind.MISSING
    message = "There is no such post."


@post("/api/v1/signups")
async def sign_up(data: JSONBody[SignUp]) -> SignUp:
    return data


@get("/api/v1/people")
async def people(
    limit: LimitParameter = 20, cursor: CursorParameter = None, fields: FieldsParameter = None
) -> dict[str, Any]:
    names = select_fields(fields, Person)
    return {"limit": limit, "cursor": cursor, "data": [pick(Person(**PERSON), names)]}  # type: ignore[arg-type]  # a plain dict of the right values


@get("/api/v1/people/{person_id:uuid}")
async def person(person_id: FromPath[UUID]) -> str:
    return str(person_id)


@get("/api/v1/kareem")
async def kareem(request: AnyRequest) -> Response[Any]:
    status = 304 if is_unchanged(request, ETAG) else 200
    tag = kept_tag(request, ETAG) if status == 304 else ETAG
    content = b"" if status == 304 else b'{"name":"' + b"kareem" * 500 + b'"}'
    return Response(content, status_code=status, media_type="application/json", headers={"ETag": tag})


@post("/api/v1/kareem", status_code=200)
async def change_kareem(request: AnyRequest) -> None:
    require_match(request, ETAG, required=True)


@get(["/api/v1/refuse/{what:str}", "/refuse/{what:str}"])
async def refuse(what: FromPath[str]) -> None:
    raise {"missing": PostHidden(), "database": DatabaseGone(), "bug": RuntimeError("secret detail")}[what]


@get("/api/v1/slow")
async def slow(request: AnyRequest) -> str:
    if longer_s := request.headers.get("x-longer-s"):
        exchange_of(request.scope).take_longer(float(longer_s))
    await asyncio.sleep(float(request.headers.get("x-sleep-s", "0")))
    return "done"


@get("/api/v1/held")
async def held() -> str:
    await RELEASED.wait()
    return "done"


@get("/api/v1/text", media_type="text/plain")
async def text(request: AnyRequest) -> str:
    return "threadly " * int(request.headers.get("x-words", "1000"))


@get("/api/v1/lines")
async def lines() -> Stream:
    async def some() -> AsyncIterator[bytes]:
        for number in range(500):
            yield f'{{"line": {number}}}\n'.encode()

    return Stream(some, media_type="application/x-ndjson")


@get("/api/v1/events")
async def events() -> ServerSentEvent:
    async def tick() -> AsyncIterator[str]:
        for number in range(8):
            await asyncio.sleep(0.05)
            yield f"tick {number} " + "x" * 2_000

    return ServerSentEvent(tick())


@get("/page", media_type="text/html")
async def page(request: AnyRequest) -> str:
    return f"{csrf_token(request)} {csp_nonce(request)}"


@post("/form", status_code=200)
async def form(data: URLEncodedBody[Form]) -> str:
    return data.name


@post("/upload", status_code=200)
async def upload(request: Request[Any, Any, Any]) -> str:
    return str((await request.form())["name"])


@post("/gallery", status_code=200, request_max_body_size=50_000_000)
async def gallery(request: Request[Any, Any, Any]) -> dict[str, list[Any]]:
    """What the form has, and which of its files are on the disk."""
    found = list((await request.form()).multi_items())
    return {
        "texts": [each for _, each in found if isinstance(each, str)],
        "on_disk": [each.rolled_to_disk for _, each in found if not isinstance(each, str)],
    }


@post("/hook", status_code=200, opt={"csrf": False})
async def hook() -> str:
    return "taken"


ROUTES: list[HTTPRouteHandler] = [
    sign_up,
    people,
    person,
    kareem,
    change_kareem,
    refuse,
    slow,
    held,
    text,
    lines,
    events,
    page,
    form,
    upload,
    gallery,
    hook,
]


def error_page(_request: AnyRequest, status: int, code: str, message: str, trace_id: str) -> Response[Any]:
    return Response(f"<h1>{status} {code}</h1><p>{message}</p><p>{trace_id}</p>", media_type="text/html")


async def up() -> None:
    return None


async def down() -> None:
    raise ConnectionError("refused")


def make_sample(
    *,
    needed: Check = up,
    helpful: Check = up,
    admit: Admit | None = None,
    receiving: Receiving | None = None,
    **settings: Any,
) -> Front:
    return make_application(
        ROUTES,
        settings=Settings(**settings),
        secret=SECRET,
        render_error_page=error_page,
        needed={"database": needed},
        helpful={"valkey": helpful},
        admit=admit,
        receiving=receiving,
    )
