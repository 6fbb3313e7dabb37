"""POST /settings/avatar: a member's own picture, or none."""

from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules.media import intake
from threadly.modules.media.rules import MOST_UPLOAD_BYTES
from threadly.modules.media.verbs.avatar import set_avatar
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.web.forms import field_of, next_of
from threadly.web.pages import Pages
from threadly.web.view import Flash

__all__ = ["routes"]

MOST_BODY_BYTES = MOST_UPLOAD_BYTES + 65_536


@post("/settings/avatar", request_max_body_size=MOST_BODY_BYTES, include_in_schema=False)
async def change_avatar(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    back = await next_of(edge, default="/settings")
    edge.actor.me  # noqa: B018  # raises for who is not signed in
    if await field_of(edge, "remove"):
        await edge.write(lambda work: set_avatar(work, media_id=None))
        return pages.redirect(edge, back, flash=Flash("success", "Your picture is gone."))
    try:
        file = await intake.chosen_file(edge, "file")
        image_id = await intake.upload_file(edge, file, alt="")
    except Refusal as refusal:
        if refusal.kind not in (Kind.INVALID, Kind.LIMITED, Kind.DENIED, Kind.UNAVAILABLE):
            raise
        return pages.redirect(edge, back, flash=Flash("error", refusal.message))
    await edge.write(lambda work: set_avatar(work, media_id=image_id))
    return pages.redirect(edge, back, flash=Flash("success", "That is you now."))


routes: list[ControllerRouterHandler] = [change_avatar]
