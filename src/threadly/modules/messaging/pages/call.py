"""The page of a call. It is live by nature: without script it says so."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from threadly.modules import messaging
from threadly.modules.messaging.errors import CallIsForTwo
from threadly.modules.messaging.pages.view import ConversationView, Eyes
from threadly.modules.messaging.rules import conversation_id_of
from threadly.platform.http.edge import Edge
from threadly.platform.ids import parse_id
from threadly.platform.work import Work
from threadly.web.pages import Pages

__all__ = ["routes"]

# Everywhere else scripts may use neither.
POLICY = "camera=(self), geolocation=(), microphone=(self), payment=(), usb=()"


@get("/messages/{conversation_id:str}/call", include_in_schema=False)
async def call_page(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    conversation_id: FromPath[str],
    call: FromQuery[str] = "",
    video: FromQuery[str] = "",
) -> Response[str]:
    """With `call`, the one that rings at who opens it; else it will ring at the other, with a picture if
    `video` is not empty."""
    wanted = conversation_id_of(conversation_id)

    async def look(work: Work) -> ConversationView:
        found = await messaging.get_conversation(work, conversation_id=wanted)
        if found.kind != "direct":
            raise CallIsForTwo
        return Eyes(work.actor, work.now).conversation(found)

    conversation = await edge.read(look)
    answer = await pages.show(
        edge,
        "messaging/call.html",
        conversation=conversation,
        call_id=str(parse_id(call) or ""),
        video=bool(video),
    )
    answer.headers["Permissions-Policy"] = POLICY
    return answer


routes: list[ControllerRouterHandler] = [call_page]
