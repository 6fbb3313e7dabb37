"""The page of one post, and what can be done to it by forms. Every form works without a script; htmx gets the
fragment that takes the form's place."""

from collections.abc import Sequence
from typing import cast, get_args

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules import feed, media, moderation
from threadly.modules.feed.pages.lists import home_page
from threadly.modules.feed.pages.shared import (
    by_htmx,
    field_of,
    form_with,
    ids_of,
    more_url,
    next_of,
    rail_for,
    wants_more,
)
from threadly.modules.feed.pages.view import Eyes, PostView, VersionView
from threadly.modules.feed.rules import post_id_of
from threadly.modules.feed.types import Visibility
from threadly.platform.errors import InvalidInput, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import UUID
from threadly.platform.work import Denied, Work
from threadly.web import EMPTY_FORM, Flash, Form
from threadly.web.pages import Pages

__all__ = ["routes"]

MOST_VERSIONS = 100
# More than fit on a post, so that whoever chose too many sees which.
MOST_SHOWN_AGAIN = 50


class Thread(msgspec.Struct, frozen=True):
    """A post with one page of its comments; `reply_to` if it is a comment itself."""

    post: PostView
    comments: list[PostView]
    more_url: str | None
    reply_to: UUID | None
    hold: moderation.Hold | None


@get("/posts/{post_id:str}/why", include_in_schema=False)
async def why(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], post_id: FromPath[str]
) -> Response[str]:
    """To the case that says why something of one's own is hidden, and takes an appeal."""
    wanted = post_id_of(post_id)
    hold = await edge.read(lambda work: feed.get_hold(work, post_id=wanted))
    return pages.redirect(edge, f"/cases/{hold.case_id}")


@get("/posts/{post_id:str}", include_in_schema=False)
async def show_post(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    post_id: FromPath[str],
    cursor: CursorParameter = None,
) -> Response[str]:
    thread = await _thread(edge, post_id_of(post_id), cursor)
    if thread.reply_to:
        return pages.redirect(edge, f"/posts/{thread.reply_to}#comment-{thread.post.id}")
    if wants_more(edge, cursor):
        return await pages.fragment(
            edge,
            "feed/_more_comments.html",
            post=thread.post,
            comments=thread.comments,
            more_url=thread.more_url,
        )
    return await _thread_page(edge, pages, thread, comment_form=EMPTY_FORM)


@get("/posts/{post_id:str}/history", include_in_schema=False)
async def show_history(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], post_id: FromPath[str]
) -> Response[str]:
    wanted = post_id_of(post_id)

    async def look(work: Work) -> tuple[PostView, list[VersionView]]:
        eyes = Eyes(work.actor, work.now)
        found = await feed.get_post(work, post_id=wanted)
        revisions = await feed.list_revisions(work, post_id=wanted, limit=MOST_VERSIONS)
        versions = [eyes.version(revision) for revision in revisions.items] if found.edited else []
        return eyes.post(found), versions

    found, versions = await edge.read(look)
    return await pages.show(edge, "feed/history.html", post=found, versions=versions)


@get("/posts/{post_id:str}/edit", include_in_schema=False)
async def edit_form(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], post_id: FromPath[str]
) -> Response[str]:
    found = await _post_to_edit(edge, post_id_of(post_id))
    form = Form({"content": found.content, "visibility": found.visibility})
    return await pages.show(edge, "feed/edit.html", post=found, form=form)


@post("/posts/{post_id:str}/edit", include_in_schema=False)
async def edit(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], post_id: FromPath[str]
) -> Response[str]:
    wanted = post_id_of(post_id)
    content, visibility = await field_of(edge, "content"), await field_of(edge, "visibility")
    try:
        chosen = _visibility(visibility) if visibility else None
        await edge.write(
            lambda work: feed.edit_post(work, post_id=wanted, content=content, visibility=chosen)
        )
    except Refusal as refusal:
        form = form_with(refusal, content=content, visibility=visibility)
        found = await _post_to_edit(edge, wanted)
        return await pages.show(edge, "feed/edit.html", status=400, post=found, form=form)
    return pages.redirect(edge, f"/posts/{wanted}", flash=Flash("success", "Your changes are saved."))


@post("/posts", include_in_schema=False, request_max_body_size=media.MOST_FORM_BYTES)
async def publish(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    content, visibility = await field_of(edge, "content"), await field_of(edge, "visibility")
    edge.actor.me  # noqa: B018  # raises for who is not signed in, before anything is uploaded

    async def act(work: Work) -> PostView:
        chosen = _visibility(visibility or "public")
        made = await feed.publish_post(work, content=content, visibility=chosen, media_ids=media_ids)
        return Eyes(work.actor, work.now).post(made)

    media_ids: list[UUID] = []
    try:
        media_ids = await media.collect(edge)
        made = await edge.write(act)
    except Refusal as refusal:
        form = form_with(refusal, content=content, visibility=visibility)
        kept = await _chosen(edge, media_ids)
        if by_htmx(edge):
            return await pages.fragment(
                edge, "feed/_composer.html", status=400, composer=form, kept_media=kept
            )
        return await home_page(edge, pages, composer=form, kept_media=kept, status=400)
    if by_htmx(edge):
        return await pages.fragment(edge, "feed/_posted.html", post=made, composer=EMPTY_FORM)
    return pages.redirect(edge, await next_of(edge))


@post("/posts/{post_id:str}/comments", include_in_schema=False)
async def comment(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], post_id: FromPath[str]
) -> Response[str]:
    wanted = post_id_of(post_id)
    content = await field_of(edge, "content")

    async def act(work: Work) -> tuple[PostView, PostView]:
        eyes = Eyes(work.actor, work.now)
        made = await feed.comment_on_post(work, post_id=wanted, content=content)
        return eyes.post(await feed.get_post(work, post_id=wanted)), eyes.post(made)

    try:
        found, made = await edge.write(act)
    except Refusal as refusal:
        form = form_with(refusal, content=content)
        thread = await _thread(edge, wanted, None)
        if by_htmx(edge):
            return await pages.fragment(
                edge, "feed/_comment_form.html", status=400, post=thread.post, comment_form=form
            )
        return await _thread_page(edge, pages, thread, comment_form=form, status=400)
    if by_htmx(edge):
        return await pages.fragment(
            edge, "feed/_commented.html", post=found, comment=made, comment_form=EMPTY_FORM
        )
    return pages.redirect(edge, f"/posts/{wanted}#comment-{made.id}")


@post("/posts/{post_id:str}/like", include_in_schema=False)
async def like(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], post_id: FromPath[str]
) -> Response[str]:
    return await _set_like(edge, pages, post_id_of(post_id), liked=True)


@post("/posts/{post_id:str}/unlike", include_in_schema=False)
async def unlike(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], post_id: FromPath[str]
) -> Response[str]:
    return await _set_like(edge, pages, post_id_of(post_id), liked=False)


@post("/posts/{post_id:str}/delete", include_in_schema=False)
async def delete_post(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], post_id: FromPath[str]
) -> Response[str]:
    wanted = post_id_of(post_id)
    await edge.write(lambda work: feed.delete_post(work, post_id=wanted))
    if by_htmx(edge):
        return _nothing()
    return pages.redirect(edge, await next_of(edge), flash=Flash("success", "The post is deleted."))


@post("/posts/{post_id:str}/comments/{comment_id:str}/delete", include_in_schema=False)
async def delete_comment(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    post_id: FromPath[str],
    comment_id: FromPath[str],
) -> Response[str]:
    thread_id, wanted = post_id_of(post_id), post_id_of(comment_id)

    async def act(work: Work) -> None:
        if (await feed.get_post(work, post_id=wanted)).reply_to != thread_id:
            raise feed.PostMissing
        await feed.delete_post(work, post_id=wanted)

    await edge.write(act)
    if by_htmx(edge):
        return _nothing()
    return pages.redirect(edge, f"/posts/{thread_id}", flash=Flash("success", "The comment is deleted."))


@get("/posts/{post_id:str}/report", include_in_schema=False)
async def report_form(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], post_id: FromPath[str]
) -> Response[str]:
    edge.actor.me  # noqa: B018  # raises for who is not signed in
    return await _report_page(edge, pages, post_id_of(post_id), form=EMPTY_FORM)


@post("/posts/{post_id:str}/report", include_in_schema=False)
async def report(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], post_id: FromPath[str]
) -> Response[str]:
    wanted = post_id_of(post_id)
    reason, note = await field_of(edge, "reason"), await field_of(edge, "note")
    try:
        chosen = _reason(reason)
        await edge.write(lambda work: feed.report_post(work, post_id=wanted, reason=chosen, note=note))
    except Refusal as refusal:
        form = form_with(refusal, reason=reason, note=note)
        return await _report_page(edge, pages, wanted, form=form, status=400)
    thanks = Flash("success", "Thank you. A moderator will look at it.")
    return pages.redirect(edge, await next_of(edge, default=f"/posts/{wanted}"), flash=thanks)


async def _report_page(
    edge: Edge, pages: Pages, post_id: UUID, *, form: Form, status: int = 200
) -> Response[str]:
    async def look(work: Work) -> tuple[PostView, UUID | None]:
        found = await feed.get_post(work, post_id=post_id)
        return Eyes(work.actor, work.now).post(found), found.reply_to

    found, reply_to = await edge.read(look)
    return await pages.show(
        edge,
        "feed/report.html",
        status=status,
        post=found,
        what="comment" if reply_to else "post",
        back=f"/posts/{reply_to}#comment-{found.id}" if reply_to else f"/posts/{found.id}",
        form=form,
    )


async def _chosen(edge: Edge, media_ids: Sequence[UUID]) -> list[media.Upload]:
    """The images of a form that was refused: those that it brought along and those that it had before, also
    if one of them is what was refused."""
    wanted = media_ids or (await ids_of(edge, "media_ids"))[:MOST_SHOWN_AGAIN]
    return await edge.read(lambda work: media.list_chosen(work, media_ids=wanted), fresh=True)


async def _set_like(edge: Edge, pages: Pages, post_id: UUID, *, liked: bool) -> Response[str]:
    async def act(work: Work) -> PostView:
        verb = feed.like_post if liked else feed.unlike_post
        await verb(work, post_id=post_id)
        return Eyes(work.actor, work.now).post(await feed.get_post(work, post_id=post_id))

    found = await edge.write(act)
    if by_htmx(edge):
        return await pages.fragment(edge, "feed/_like.html", post=found)
    return pages.redirect(edge, await next_of(edge))


async def _thread(edge: Edge, post_id: UUID, cursor: str | None) -> Thread:
    name = f"feed.comments:{post_id}"
    after = edge.after(cursor, name=name)

    async def look(work: Work) -> Thread:
        eyes = Eyes(work.actor, work.now)
        found = await feed.get_post(work, post_id=post_id)
        page = await feed.list_comments(work, post_id=post_id, after=after)
        return Thread(
            eyes.post(found),
            eyes.posts(page.items),
            more_url(edge, page.after, name=name),
            found.reply_to,
            await feed.find_hold(work, post_id=post_id) if found.visibility == "hidden" else None,
        )

    return await edge.read(look)


async def _thread_page(
    edge: Edge, pages: Pages, thread: Thread, *, comment_form: Form, status: int = 200
) -> Response[str]:
    return await pages.show(
        edge,
        "feed/post.html",
        status=status,
        post=thread.post,
        hold=thread.hold,
        comments=thread.comments,
        more_url=thread.more_url,
        comment_form=comment_form,
        rail=await rail_for(edge),
    )


async def _post_to_edit(edge: Edge, post_id: UUID) -> PostView:
    """Raises Denied for somebody else's post, so that nobody types in vain."""

    async def look(work: Work) -> PostView:
        found = Eyes(work.actor, work.now).post(await feed.get_post(work, post_id=post_id))
        if work.actor.me and not found.may_edit:
            raise Denied("This is somebody else’s post; you can edit your own only.")
        return found

    return await edge.read(look)


def _visibility(text: str) -> Visibility:
    if text not in ("public", "followers"):
        raise InvalidInput("Choose who may read it: everyone, or your followers.", field="visibility")
    return cast(Visibility, text)


def _reason(text: str) -> moderation.ReportReason:
    if text not in get_args(moderation.ReportReason):
        raise InvalidInput("Choose what is wrong with it.", field="reason")
    return cast(moderation.ReportReason, text)


def _nothing() -> Response[str]:
    """For htmx, which then removes what was deleted."""
    return Response("", status_code=200, media_type="text/html")


routes: list[ControllerRouterHandler] = [
    show_post,
    why,
    show_history,
    edit_form,
    edit,
    publish,
    comment,
    like,
    unlike,
    delete_post,
    delete_comment,
    report_form,
    report,
]
