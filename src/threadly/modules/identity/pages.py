"""The pages to join, sign in and keep an account, and the development mailbox."""

import re
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.identity import entering, well_known
from threadly.modules.identity.errors import LinkExpired, LinkInvalid, WrongCredentials
from threadly.modules.identity.types import Account, BrowserSession
from threadly.modules.identity.verbs import accounts, links, sessions
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.csrf import SESSION_COOKIE
from threadly.platform.http.edge import Edge
from threadly.platform.http.refusals import NotFound
from threadly.platform.ids import parse_id
from threadly.platform.loopback import is_loopback
from threadly.platform.mail import KeptLetter, find_letter, list_letters
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Flash, Form, moment
from threadly.web.pages import Pages, local_path

__all__ = ["routes"]

Fields = dict[str, str]
Page = Response[Any]

PREVIEW_LENGTH = 160
SECRET_FIELDS = frozenset({"password", "current_password", "new_password", "token", "_csrf"})
URL = re.compile(r"https?://\S+")


@get("/signup", include_in_schema=False)
async def show_signup(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    return await _door(edge, pages, "identity/signup.html")


@post("/signup", include_in_schema=False)
async def sign_up(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await _fields(edge)
    try:
        session = await entering.sign_up(
            edge,
            name=fields.get("name", ""),
            username=fields.get("username", ""),
            email=fields.get("email", ""),
            password=fields.get("password", ""),
            opening=_browser_session(edge),
        )
    except Refusal as refusal:
        return await _door_again(edge, pages, "identity/signup.html", fields, refusal)
    flash = Flash(
        "success", f"Welcome, {session.user.name}! We have sent you a mail to confirm your address."
    )
    return _let_in(edge, pages, session, fields, flash)


@get("/login", include_in_schema=False)
async def show_login(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    return await _door(edge, pages, "identity/login.html")


@post("/login", include_in_schema=False)
async def log_in(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await _fields(edge)
    try:
        session = await entering.sign_in(
            edge,
            email=fields.get("email", ""),
            password=fields.get("password", ""),
            opening=_browser_session(edge),
        )
    except Refusal as refusal:
        return await _door_again(edge, pages, "identity/login.html", fields, refusal)
    return _let_in(edge, pages, session, fields, None)


@post("/logout", include_in_schema=False)
async def log_out(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    # Whoever is signed out already wanted just that.
    if edge.actor.user_id:
        await edge.write(sessions.sign_out)
    return _let_out(pages.redirect(edge, "/"))


@get("/verify", include_in_schema=False)
async def show_verify(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    """Asks for a click: programs that scan mail open its links too, and must not confirm anything."""
    token = edge.request.query_params.get("token", "")
    return await pages.show(edge, "identity/verify.html", state="asked", token=token)


@post("/verify", include_in_schema=False)
async def verify(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    token = (await _fields(edge)).get("token", "")
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
    fields = await _fields(edge)
    await edge.write(partial(links.send_verification, user_id=edge.actor.me))
    flash = Flash("success", "A new link is on its way, unless we sent one a minute ago.")
    return pages.redirect(edge, local_path(fields.get("next"), default="/settings"), flash=flash)


@get("/password/forgot", include_in_schema=False)
async def show_forgot(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    return await pages.show(edge, "identity/password_forgot.html", form=EMPTY_FORM, sent=False)


@post("/password/forgot", include_in_schema=False)
async def forgot(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await _fields(edge)
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
    fields = await _fields(edge)
    token = fields.get("token", "")
    try:
        await entering.reset_password(edge, token=token, password=fields.get("password", ""))
    except LinkInvalid:
        return await _reset_page(edge, pages, token="", valid=False, status=400)
    except Refusal as refusal:
        form = _form_of(refusal, fields)
        return await _reset_page(edge, pages, token=token, valid=True, form=form, status=400)
    flash = Flash("success", "Your new password is set. Please sign in with it.")
    return _let_out(pages.redirect(edge, "/login", flash=flash))


@get("/settings", include_in_schema=False)
async def show_settings(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    return await _settings(edge, pages)


@post("/settings/profile", include_in_schema=False)
async def save_profile(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await _fields(edge)
    change = partial(
        accounts.edit_profile,
        name=fields.get("name"),
        bio=fields.get("bio"),
        website=fields.get("website"),
    )
    try:
        await edge.write(change)
    except Refusal as refusal:
        return await _settings(edge, pages, profile_form=_form_of(refusal, fields))
    return pages.redirect(edge, "/settings", flash=Flash("success", "Your profile is saved."))


@post("/settings/password", include_in_schema=False)
async def save_password(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await _fields(edge)
    try:
        await entering.change_password(
            edge,
            current_password=fields.get("current_password", ""),
            new_password=fields.get("new_password", ""),
        )
    except Refusal as refusal:
        return await _settings(edge, pages, password_form=_form_of(refusal, fields))
    flash = Flash("success", "Your password is changed. Other devices were signed out.")
    return pages.redirect(edge, "/settings", flash=flash)


@post("/settings/sessions/end", include_in_schema=False)
async def log_out_everywhere(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    await edge.write(sessions.sign_out_everywhere)
    return _let_out(pages.redirect(edge, "/login", flash=Flash("success", "You are signed out everywhere.")))


@post("/settings/delete", include_in_schema=False)
async def delete_account(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await _fields(edge)
    account = await edge.read(accounts.get_account, fresh=True)
    if fields.get("username", "").strip().lower() != account.username:
        wrong = Form(fields, {"username": "That is not your username."})
        return await _settings(edge, pages, delete_form=wrong)
    try:
        await entering.prove_password(edge, password=fields.get("password", ""))
    except Refusal as refusal:
        return await _settings(edge, pages, delete_form=_form_of(refusal, fields))
    await edge.write(partial(accounts.delete_account, user_id=account.id))
    flash = Flash("info", "Your account is deleted. We are sorry to see you go.")
    return _let_out(pages.redirect(edge, "/", flash=flash))


@get("/dev/mailbox", include_in_schema=False)
async def show_mailbox(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    _require_mailbox(edge)

    async def act(work: Work) -> list[dict[str, object]]:
        return [_mail_of(each, edge, work) for each in await list_letters(work)]

    return await pages.show(edge, "dev/mailbox.html", mails=await edge.read(act))


@get("/dev/mailbox/{letter_id:str}", include_in_schema=False)
async def show_mail(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], letter_id: FromPath[str]
) -> Page:
    _require_mailbox(edge)
    wanted = parse_id(letter_id)

    async def act(work: Work) -> dict[str, object]:
        letter = await find_letter(work, letter_id=wanted) if wanted else None
        if letter is None:
            raise NotFound
        return _mail_of(letter, edge, work)

    return await pages.show(edge, "dev/mail.html", mail=await edge.read(act))


routes: list[ControllerRouterHandler] = [
    show_signup,
    sign_up,
    show_login,
    log_in,
    log_out,
    show_verify,
    verify,
    send_verification_again,
    show_forgot,
    forgot,
    show_reset,
    reset,
    show_settings,
    save_profile,
    save_password,
    log_out_everywhere,
    delete_account,
    show_mailbox,
    show_mail,
    *well_known.routes,
]


async def _door(edge: Edge, pages: Pages, template: str) -> Page:
    going = edge.request.query_params.get("next")
    if edge.actor.user_id:
        return pages.redirect(edge, local_path(going))
    return await pages.show(edge, template, form=EMPTY_FORM, next=local_path(going))


async def _door_again(edge: Edge, pages: Pages, template: str, fields: Fields, refusal: Refusal) -> Page:
    form = _form_of(refusal, fields)
    return await pages.show(edge, template, status=400, form=form, next=local_path(fields.get("next")))


async def _reset_page(
    edge: Edge, pages: Pages, *, token: str, valid: bool, form: Form = EMPTY_FORM, status: int = 200
) -> Page:
    return await pages.show(
        edge, "identity/password_reset.html", status=status, form=form, token=token, valid=valid
    )


async def _settings(
    edge: Edge,
    pages: Pages,
    *,
    profile_form: Form | None = None,
    password_form: Form | None = None,
    delete_form: Form | None = None,
) -> Page:
    """The page; with one of the forms filled it says what is wrong."""
    account = await edge.read(accounts.get_account, fresh=True)
    again = profile_form or password_form or delete_form
    return await pages.show(
        edge,
        "identity/settings.html",
        status=400 if again else 200,
        account={"email": account.email, "verified": account.email_verified},
        profile_form=profile_form or _profile_form(account),
        password_form=password_form or EMPTY_FORM,
        delete_form=delete_form or EMPTY_FORM,
    )


def _profile_form(account: Account) -> Form:
    return Form({"name": account.name, "bio": account.bio, "website": account.website or ""})


def _form_of(refusal: Refusal, fields: Fields) -> Form:
    """What a form shows again. Raises a refusal that is not about what was typed."""
    if refusal.kind not in (Kind.INVALID, Kind.CONFLICT) and not isinstance(refusal, WrongCredentials):
        raise refusal
    errors = {each.field: each.message for each in refusal.details}
    if not errors and refusal.field:
        errors = {refusal.field: refusal.message}
    values = {name: text for name, text in fields.items() if name not in SECRET_FIELDS}
    return Form(values, errors, error=None if errors else refusal.message)


async def _fields(edge: Edge) -> Fields:
    """The form's text fields; of several with one name the last."""
    form = await edge.request.form()
    return {name: text for name, text in form.multi_items() if isinstance(text, str)}


def _browser_session(edge: Edge) -> entering.Opening[BrowserSession]:
    return partial(sessions.open_browser_session, device=edge.request.headers.get("user-agent", ""))


def _let_in(edge: Edge, pages: Pages, session: BrowserSession, fields: Fields, flash: Flash | None) -> Page:
    answer = pages.redirect(edge, local_path(fields.get("next")), flash=flash)
    answer.set_cookie(
        key=SESSION_COOKIE,
        value=session.token,
        max_age=session.max_age_s,
        httponly=True,
        samesite="lax",
        secure=edge.runtime.settings.secure_cookies,
    )
    return answer


def _let_out(answer: Page) -> Page:
    answer.delete_cookie(SESSION_COOKIE)
    return answer


def _require_mailbox(edge: Edge) -> None:
    """It shows everybody's letters, links to new passwords included: for this machine's own people only."""
    settings = edge.runtime.settings
    if settings.env != "development" or settings.smtp_url is not None or not is_loopback(settings.host):
        raise NotFound


def _mail_of(letter: KeptLetter, edge: Edge, work: Work) -> dict[str, object]:
    return {
        "id": str(letter.id),
        "to": letter.recipient,
        "sender": edge.runtime.settings.mail_from,
        "subject": letter.subject,
        "time": moment(letter.created_at, now=work.now),
        "preview": " ".join(letter.text.split())[:PREVIEW_LENGTH],
        "text": letter.text,
        "links": URL.findall(letter.text),
    }
