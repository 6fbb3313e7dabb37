"""What a conversation is: who is in it, its name, whether one is told, how one leaves."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules import messaging
from threadly.modules.messaging.pages.view import ConversationView, Eyes, MemberView
from threadly.modules.messaging.rules import conversation_id_of
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.ids import UUID, parse_id
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Flash, Form
from threadly.web.forms import field_of
from threadly.web.pages import Pages

__all__ = ["routes"]


@get("/messages/{conversation_id:str}/about", include_in_schema=False)
async def about(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], conversation_id: FromPath[str]
) -> Response[str]:
    return await _about(edge, pages, conversation_id_of(conversation_id), EMPTY_FORM)


@post("/messages/{conversation_id:str}/mute", include_in_schema=False)
async def mute(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], conversation_id: FromPath[str]
) -> Response[str]:
    wanted = conversation_id_of(conversation_id)
    muted = await field_of(edge, "muted") == "yes"
    await edge.write(lambda work: messaging.set_muted(work, conversation_id=wanted, muted=muted))
    said = "You are not told of new messages here." if muted else "You are told of new messages again."
    return pages.redirect(edge, f"/messages/{wanted}/about", flash=Flash("success", said))


@post("/messages/{conversation_id:str}/title", include_in_schema=False)
async def rename(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], conversation_id: FromPath[str]
) -> Response[str]:
    wanted, title = conversation_id_of(conversation_id), await field_of(edge, "title")
    try:
        await edge.write(
            lambda work: messaging.rename_conversation(work, conversation_id=wanted, title=title)
        )
    except Refusal as refusal:
        return await _about(edge, pages, wanted, _form_with(refusal, title=title), status=400)
    return pages.redirect(edge, f"/messages/{wanted}/about")


@post("/messages/{conversation_id:str}/members", include_in_schema=False)
async def add(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], conversation_id: FromPath[str]
) -> Response[str]:
    wanted, members = conversation_id_of(conversation_id), await field_of(edge, "members")
    names = members.replace(",", " ").split()
    try:
        await edge.write(lambda work: messaging.add_members(work, conversation_id=wanted, members=names))
    except Refusal as refusal:
        return await _about(edge, pages, wanted, _form_with(refusal, members=members), status=400)
    return pages.redirect(edge, f"/messages/{wanted}/about")


@post("/messages/{conversation_id:str}/leave", include_in_schema=False)
async def leave(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], conversation_id: FromPath[str]
) -> Response[str]:
    """Oneself, or whom the field `user_id` names."""
    wanted = conversation_id_of(conversation_id)
    who = parse_id(await field_of(edge, "user_id")) or edge.actor.me
    await edge.write(lambda work: messaging.remove_member(work, conversation_id=wanted, user_id=who))
    if who != edge.actor.me:
        return pages.redirect(edge, f"/messages/{wanted}/about")
    return pages.redirect(edge, "/messages", flash=Flash("success", "You have left the group."))


async def _about(
    edge: Edge, pages: Pages, conversation_id: UUID, form: Form, *, status: int = 200
) -> Response[str]:
    async def look(work: Work) -> tuple[ConversationView, list[MemberView]]:
        eyes = Eyes(work.actor, work.now)
        found = await messaging.get_conversation(work, conversation_id=conversation_id)
        members = await messaging.list_members(work, conversation_id=conversation_id)
        return eyes.conversation(found), eyes.members(members)

    found, members = await edge.read(look)
    return await pages.show(
        edge, "messaging/about.html", status=status, conversation=found, members=members, form=form
    )


def _form_with(refusal: Refusal, **values: str) -> Form:
    """Raises what no form can mend."""
    if refusal.kind is not Kind.INVALID and refusal.field is None and refusal.kind is not Kind.DENIED:
        raise refusal
    if refusal.field in values:
        return Form(values, {str(refusal.field): refusal.message})
    return Form(values, {}, refusal.message)


routes: list[ControllerRouterHandler] = [about, mute, rename, add, leave]
