"""Browsers and the telephone that the channels reach, in the API."""

# ruff: noqa: ARG001  # `fields` is declared for the document and the gate; the edge reads it

from typing import Annotated

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from threadly.modules.notifications.channels.browsers import (
    LONGEST_KEY,
    Browser,
    BrowserMissing,
    add_browser,
    list_browsers,
    remove_browser,
)
from threadly.modules.notifications.channels.phones import (
    CodeWrong,
    Phone,
    confirm_phone,
    get_phone,
    remove_phone,
    set_phone,
)
from threadly.platform.actor import SignInRequired
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import id_of
from threadly.platform.outside import LONGEST_URL
from threadly.platform.paging import Page
from threadly.platform.push import PushSubscription, push_key

__all__ = ["routes"]

TAGS = ["Notifications"]
BROWSERS = "/notifications/browsers"
PHONE = "/notifications/phone"

Key = Annotated[str, Meta(min_length=1, max_length=LONGEST_KEY)]


class PushKey(msgspec.Struct, frozen=True):
    """What a browser subscribes with (`applicationServerKey`), in base64url."""

    key: str


class SubscriptionKeys(msgspec.Struct, frozen=True):
    """The keys of a `PushSubscription`."""

    p256dh: Key
    auth: Key


class NewBrowser(msgspec.Struct, frozen=True):
    """What `PushSubscription.toJSON()` gives; what else it has is not looked at."""

    endpoint: Annotated[str, Meta(min_length=1, max_length=LONGEST_URL)]
    keys: SubscriptionKeys


class NewPhone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number with its country, `+49 151 2345678`."""

    number: Annotated[str, Meta(min_length=1, max_length=40)]


class PhoneCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The six digits that were sent there."""

    code: Annotated[str, Meta(min_length=1, max_length=20)]


@get("/notifications/push-key", operation_id="get_push_key", summary="The key of web push", tags=TAGS)
async def show_push_key(
    edge: NamedDependency[Edge], fields: FieldsParameter = None
) -> Response[Success[PushKey]]:
    return edge.resource(PushKey(push_key(edge.runtime.settings)))


@get(BROWSERS, operation_id="list_browsers", summary="The browsers that tell you", tags=TAGS)
async def show_browsers(
    edge: NamedDependency[Edge], fields: FieldsParameter = None
) -> Response[Listing[Browser]]:
    return edge.listing(Page(await edge.read(list_browsers), None), name="notifications.browsers")


@post(
    BROWSERS,
    operation_id="add_browser",
    summary="Be told by a browser",
    description="The same browser twice is one; of more than ten the oldest goes.",
    tags=TAGS,
)
async def post_browser(edge: NamedDependency[Edge], data: JSONBody[NewBrowser]) -> Response[Success[Browser]]:
    subscription = PushSubscription(data.endpoint, data.keys.p256dh, data.keys.auth)
    device = edge.request.headers.get("user-agent", "")
    return await edge.create(
        lambda work: add_browser(work, subscription=subscription, device=device),
        location=lambda browser: f"/api/v1{BROWSERS}/{browser.id}",
    )


@delete(
    f"{BROWSERS}/{{browser_id:str}}",
    status_code=204,
    operation_id="remove_browser",
    summary="Be told by a browser no more",
    tags=TAGS,
)
async def delete_browser(edge: NamedDependency[Edge], browser_id: FromPath[str]) -> Response[None]:
    if edge.actor.user_id is None:
        raise SignInRequired
    wanted = id_of(browser_id, BrowserMissing)
    return await edge.remove(lambda work: remove_browser(work, browser_id=wanted))


@get(PHONE, operation_id="get_phone", summary="The number for text messages", tags=TAGS)
async def show_phone(edge: NamedDependency[Edge], fields: FieldsParameter = None) -> Response[Success[Phone]]:
    return edge.resource(await edge.read(get_phone, fresh=True))


@put(
    PHONE,
    operation_id="set_phone",
    summary="Choose the number for text messages",
    description="A code is sent there; nothing else is, until you have confirmed it.",
    tags=TAGS,
)
async def put_phone(edge: NamedDependency[Edge], data: JSONBody[NewPhone]) -> Response[Success[Phone]]:
    return await edge.change(lambda work: set_phone(work, number=data.number), current=get_phone)


@post(
    f"{PHONE}/confirmations",
    status_code=200,
    operation_id="confirm_phone",
    summary="Confirm the number with its code",
    tags=TAGS,
)
async def post_confirmation(
    edge: NamedDependency[Edge], data: JSONBody[PhoneCode]
) -> Response[Success[Phone]]:
    # Refused here, once the attempt is committed: undone with it, it would not count.
    phone = await edge.write(lambda work: confirm_phone(work, code=data.code))
    if phone is None:
        raise CodeWrong
    return edge.resource(phone)


@delete(PHONE, status_code=204, operation_id="remove_phone", summary="Have no more text messages", tags=TAGS)
async def delete_phone(edge: NamedDependency[Edge]) -> Response[None]:
    return await edge.remove(remove_phone)


routes: list[ControllerRouterHandler] = [
    show_push_key,
    show_browsers,
    post_browser,
    delete_browser,
    show_phone,
    put_phone,
    post_confirmation,
    delete_phone,
]
