"""What can be done in a conversation by forms: every one of them works without a script."""

from typing import cast, get_args

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules import media, messaging, moderation
from threadly.modules.messaging.pages.chat import chat_page
from threadly.modules.messaging.pages.view import Eyes, MessageView
from threadly.modules.messaging.rules import conversation_id_of, message_id_of
from threadly.platform.errors import InvalidInput, Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.ids import UUID
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Flash, Form
from threadly.web.forms import field_of
from threadly.web.pages import Pages

__all__ = ["routes"]


@post(
    "/messages/{conversation_id:str}",
    include_in_schema=False,
    request_max_body_size=media.MOST_FORM_BYTES,
)
async def send(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], conversation_id: FromPath[str]
) -> Response[str]:
    wanted = conversation_id_of(conversation_id)
    edge.actor.me  # noqa: B018  # raises for who is not signed in, before anything is uploaded
    content = await field_of(edge, "content")
    try:
        media_ids = await media.collect(edge, any_kind=True)
        await edge.write(
            lambda work: messaging.send_message(
                work, conversation_id=wanted, content=content, media_ids=media_ids
            )
        )
    except Refusal as refusal:
        return await chat_page(edge, pages, wanted, form=_form_with(refusal, content), status=400)
    return pages.redirect(edge, f"/messages/{wanted}#end")


@post("/messages/{conversation_id:str}/texts/{message_id:str}/edit", include_in_schema=False)
async def edit(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    conversation_id: FromPath[str],
    message_id: FromPath[str],
) -> Response[str]:
    wanted, where = message_id_of(message_id), conversation_id_of(conversation_id)
    content = await field_of(edge, "content")
    try:
        await edge.write(lambda work: messaging.edit_message(work, message_id=wanted, content=content))
    except Refusal as refusal:
        return await chat_page(
            edge, pages, where, editing=str(wanted), form=_form_with(refusal, content), status=400
        )
    return pages.redirect(edge, f"/messages/{where}#message-{wanted}")


@post("/messages/{conversation_id:str}/texts/{message_id:str}/delete", include_in_schema=False)
async def delete(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    conversation_id: FromPath[str],
    message_id: FromPath[str],
) -> Response[str]:
    wanted, where = message_id_of(message_id), conversation_id_of(conversation_id)
    await edge.write(lambda work: messaging.delete_message(work, message_id=wanted))
    return pages.redirect(edge, f"/messages/{where}#message-{wanted}")


@get("/messages/{conversation_id:str}/texts/{message_id:str}/why", include_in_schema=False)
async def why(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    conversation_id: FromPath[str],
    message_id: FromPath[str],
) -> Response[str]:
    """To the case that says why a message is hidden, and takes an appeal."""
    where, wanted = conversation_id_of(conversation_id), message_id_of(message_id)
    try:
        hold = await edge.read(lambda work: messaging.get_hold(work, message_id=wanted))
    except messaging.MessageNotHeld:
        return pages.redirect(edge, f"/messages/{where}#message-{wanted}")
    return pages.redirect(edge, f"/cases/{hold.case_id}")


@get("/messages/{conversation_id:str}/texts/{message_id:str}/report", include_in_schema=False)
async def report_form(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    conversation_id: FromPath[str],
    message_id: FromPath[str],
) -> Response[str]:
    return await _report_page(
        edge, pages, conversation_id_of(conversation_id), message_id_of(message_id), EMPTY_FORM
    )


@post("/messages/{conversation_id:str}/texts/{message_id:str}/report", include_in_schema=False)
async def report(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    conversation_id: FromPath[str],
    message_id: FromPath[str],
) -> Response[str]:
    wanted, where = message_id_of(message_id), conversation_id_of(conversation_id)
    reason, note = await field_of(edge, "reason"), await field_of(edge, "note")
    try:
        chosen = _reason(reason)
        await edge.write(
            lambda work: messaging.report_message(work, message_id=wanted, reason=chosen, note=note)
        )
    except Refusal as refusal:
        if refusal.kind is not Kind.INVALID:
            raise
        values = {"reason": reason, "note": note}
        problem = {refusal.field: refusal.message} if refusal.field in values else {}
        form = Form(values, problem, None if problem else refusal.message)
        return await _report_page(edge, pages, where, wanted, form, status=400)
    thanks = Flash("success", "Thank you. A moderator will look at it.")
    return pages.redirect(edge, f"/messages/{where}", flash=thanks)


async def _report_page(
    edge: Edge, pages: Pages, conversation_id: UUID, message_id: UUID, form: Form, *, status: int = 200
) -> Response[str]:
    async def look(work: Work) -> MessageView:
        found = await messaging.get_message(work, message_id=message_id)
        return Eyes(work.actor, work.now).message(found)

    message = await edge.read(look)
    return await pages.show(
        edge,
        "messaging/report.html",
        status=status,
        message=message,
        back=f"/messages/{conversation_id}",
        form=form,
    )


def _reason(text: str) -> moderation.ReportReason:
    if text not in get_args(moderation.ReportReason):
        raise InvalidInput("Choose what is wrong with it.", field="reason")
    return cast("moderation.ReportReason", text)


def _form_with(refusal: Refusal, content: str) -> Form:
    """Raises what no form can mend."""
    if refusal.kind not in (Kind.INVALID, Kind.CONFLICT, Kind.DENIED):
        raise refusal
    if refusal.field == "content":
        return Form({"content": content}, {"content": refusal.message})
    return Form({"content": content}, {}, refusal.message)


routes: list[ControllerRouterHandler] = [send, edit, delete, why, report_form, report]
