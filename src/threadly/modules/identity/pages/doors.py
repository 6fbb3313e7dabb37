"""The doors: joining, signing in and out, confirming an address, a new password."""

from functools import partial
from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules.identity import entering
from threadly.modules.identity.errors import (
    AccountSuspended,
    LinkExpired,
    LinkInvalid,
    SecondFactorRequired,
    TicketOver,
    WrongSecondFactor,
)
from threadly.modules.identity.pages.forms import Fields, Page, browser_session, form_of, let_in, let_out
from threadly.modules.identity.verbs import accounts, community, links, sessions
from threadly.platform.errors import Refusal
from threadly.platform.http.admission import DOOR
from threadly.platform.http.edge import Edge
from threadly.web import EMPTY_FORM, Flash, Form
from threadly.web.forms import fields_of
from threadly.web.pages import Pages, local_path

__all__ = ["routes"]

SIGN_UP = "identity/signup.html"
SIGN_IN = "identity/login.html"


@get("/signup", include_in_schema=False)
async def show_signup(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    going = edge.request.query_params.get("next")
    if edge.actor.user_id:
        return pages.redirect(edge, local_path(going))
    here = await edge.read(community.get_community)
    return await pages.show(edge, SIGN_UP, form=EMPTY_FORM, next=local_path(going), community=here)


@post("/signup", include_in_schema=False)
async def sign_up(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await fields_of(edge)
    try:
        session = await entering.sign_up(
            edge,
            name=fields.get("name", ""),
            username=fields.get("username", ""),
            email=fields.get("email", ""),
            password=fields.get("password", ""),
            opening=browser_session(edge),
        )
    except Refusal as refusal:
        here = await edge.read(community.get_community)
        return await _again(edge, pages, SIGN_UP, fields, refusal, community=here)
    flash = Flash(
        "success", f"Welcome, {session.user.name}! We have sent you a mail to confirm your address."
    )
    return let_in(edge, pages, session, local_path(fields.get("next")), flash)


@get("/login", include_in_schema=False, opt={DOOR: True})
async def show_login(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    going = edge.request.query_params.get("next")
    if edge.actor.user_id:
        return pages.redirect(edge, local_path(going))
    return await pages.show(edge, SIGN_IN, form=EMPTY_FORM, next=local_path(going))


@post("/login", include_in_schema=False, opt={DOOR: True})
async def log_in(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await fields_of(edge)
    try:
        session = await entering.sign_in(
            edge,
            email=fields.get("email", ""),
            password=fields.get("password", ""),
            opening=browser_session(edge),
        )
    except AccountSuspended as refusal:
        # The page that says until when and why, and takes an appeal.
        return pages.redirect(edge, refusal.appeal_path)
    except SecondFactorRequired as needed:
        return await _ask_for_code(edge, pages, needed.ticket, fields)
    except Refusal as refusal:
        return await _again(edge, pages, SIGN_IN, fields, refusal)
    return let_in(edge, pages, session, local_path(fields.get("next")), None)


@post("/login/code", include_in_schema=False, opt={DOOR: True})
async def log_in_by_code(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    """The second step, for accounts with a second factor."""
    fields = await fields_of(edge)
    ticket = fields.get("ticket", "")
    try:
        session = await entering.sign_in_by_ticket(
            edge, ticket=ticket, totp=fields.get("code", ""), opening=browser_session(edge)
        )
    except AccountSuspended as refusal:
        return pages.redirect(edge, refusal.appeal_path)
    except WrongSecondFactor as refusal:
        form = Form(errors={"code": refusal.message})
        return await _ask_for_code(edge, pages, ticket, fields, form=form)
    except TicketOver as refusal:
        return pages.redirect(edge, "/login", flash=Flash("info", refusal.message))
    return let_in(edge, pages, session, local_path(fields.get("next")), None)


@post("/logout", include_in_schema=False, opt={DOOR: True})
async def log_out(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    # Whoever is signed out already wanted just that.
    if edge.actor.user_id:
        await edge.write(sessions.sign_out)
    return let_out(pages.redirect(edge, "/"))


@get("/verify", include_in_schema=False)
async def show_verify(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    """Asks for a click: programs that scan mail open its links too, and must not confirm anything."""
    token = edge.request.query_params.get("token", "")
    return await pages.show(edge, "identity/verify.html", state="asked", token=token)


@post("/verify", include_in_schema=False)
async def verify(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    token = (await fields_of(edge)).get("token", "")
    try:
        await edge.write(partial(links.verify_email, token=token))
        state = "verified"
    except LinkInvalid as refusal:
        account = await edge.read(accounts.find_account, fresh=True)
        done = account is not None and account.email_verified
        # The second click on a link that did its work is no reason for alarm.
        state = "verified" if done else "expired" if isinstance(refusal, LinkExpired) else "invalid"
    status = 200 if state == "verified" else 400
    return await pages.show(edge, "identity/verify.html", status=status, state=state)


@post("/verify/resend", include_in_schema=False)
async def send_verification_again(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await fields_of(edge)
    await edge.write(partial(links.send_verification, user_id=edge.actor.me))
    flash = Flash("success", "A new link is on its way, unless we sent one a minute ago.")
    return pages.redirect(edge, local_path(fields.get("next"), default="/settings/account"), flash=flash)


@get("/password/forgot", include_in_schema=False)
async def show_forgot(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    return await pages.show(edge, "identity/password_forgot.html", form=EMPTY_FORM, sent=False)


@post("/password/forgot", include_in_schema=False)
async def forgot(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await fields_of(edge)
    await edge.write(partial(links.request_password_reset, email=fields.get("email", "")))
    return await pages.show(edge, "identity/password_forgot.html", form=EMPTY_FORM, sent=True)


@get("/password/reset", include_in_schema=False)
async def show_reset(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    token = edge.request.query_params.get("token", "")
    try:
        await edge.read(partial(links.get_reset_link, token=token), fresh=True)
    except LinkInvalid:
        return await _reset_page(edge, pages, token="", valid=False, status=400)
    return await _reset_page(edge, pages, token=token, valid=True)


@post("/password/reset", include_in_schema=False)
async def reset(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await fields_of(edge)
    token = fields.get("token", "")
    try:
        await entering.reset_password(edge, token=token, password=fields.get("password", ""))
    except LinkInvalid:
        return await _reset_page(edge, pages, token="", valid=False, status=400)
    except Refusal as refusal:
        form = form_of(refusal, fields)
        return await _reset_page(edge, pages, token=token, valid=True, form=form, status=400)
    flash = Flash("success", "Your new password is set. Please sign in with it.")
    return let_out(pages.redirect(edge, "/login", flash=flash))


routes: list[ControllerRouterHandler] = [
    show_signup,
    sign_up,
    show_login,
    log_in,
    log_in_by_code,
    log_out,
    show_verify,
    verify,
    send_verification_again,
    show_forgot,
    forgot,
    show_reset,
    reset,
]


async def _again(
    edge: Edge, pages: Pages, template: str, fields: Fields, refusal: Refusal, **context: Any
) -> Page:
    form, to = form_of(refusal, fields), local_path(fields.get("next"))
    return await pages.show(edge, template, status=400, form=form, next=to, **context)


async def _ask_for_code(
    edge: Edge, pages: Pages, ticket: str, fields: Fields, *, form: Form | None = None
) -> Page:
    return await pages.show(
        edge,
        "identity/login_code.html",
        status=400 if form else 200,
        form=form or EMPTY_FORM,
        ticket=ticket,
        next=local_path(fields.get("next")),
    )


async def _reset_page(
    edge: Edge, pages: Pages, *, token: str, valid: bool, form: Form = EMPTY_FORM, status: int = 200
) -> Page:
    return await pages.show(
        edge, "identity/password_reset.html", status=status, form=form, token=token, valid=valid
    )
