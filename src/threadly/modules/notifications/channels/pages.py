"""Unsubscribing by a link in a mail: a page for people, and the same address for mail programs."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules.notifications.channels.letters import TOPIC_WORDS
from threadly.modules.notifications.channels.unsubscribing import (
    Subscription,
    read_token,
    resubscribe,
    unsubscribe,
    unsubscribe_token,
)
from threadly.platform.http.edge import Edge
from threadly.web.pages import Pages

__all__ = ["routes"]

PATH = "/unsubscribe"
# The link itself is the proof, and mail programs have no form of ours to post.
BY_LINK = {"csrf": False}


@get(PATH, include_in_schema=False)
async def ask_to_unsubscribe(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    """For people; only looking at it changes nothing, since many look ahead for them."""
    return await _show(edge, pages, _read(edge), state="asked")


@post(PATH, include_in_schema=False, opt=BY_LINK, status_code=200)
async def unsubscribe_by_link(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    """By the button of the page, or by a mail program (RFC 8058)."""
    subscription = _read(edge)
    await edge.write(lambda work: unsubscribe(work, subscription=subscription))
    return await _show(edge, pages, subscription, state="stopped")


@post(f"{PATH}/undo", include_in_schema=False, opt=BY_LINK, status_code=200)
async def resubscribe_by_link(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    subscription = _read(edge)
    await edge.write(lambda work: resubscribe(work, subscription=subscription))
    return await _show(edge, pages, subscription, state="started")


def _read(edge: Edge) -> Subscription:
    # In the query, which no log has, for whoever has the link may use it.
    return read_token(edge.runtime.settings, _token(edge), tenant_id=edge.tenant.id)


def _token(edge: Edge) -> str:
    return edge.request.query_params.get("token", "")


async def _show(edge: Edge, pages: Pages, subscription: Subscription, *, state: str) -> Response[Any]:
    settings, user_id = edge.runtime.settings, subscription.user_id
    everything = unsubscribe_token(settings, tenant_id=edge.tenant.id, user_id=user_id, topic="all")
    return await pages.show(
        edge,
        "notifications/unsubscribe.html",
        state=state,
        token=_token(edge),
        topic=TOPIC_WORDS[subscription.topic],
        everything=None if subscription.topic == "all" else everything,
    )


routes: list[ControllerRouterHandler] = [ask_to_unsubscribe, unsubscribe_by_link, resubscribe_by_link]
