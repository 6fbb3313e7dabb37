"""Settings: the profile, and the account with its e-mail, its password and its end."""

from functools import partial

from litestar import get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules.identity import entering
from threadly.modules.identity.errors import EmailTaken, LinkExpired, LinkInvalid, WrongCode
from threadly.modules.identity.pages.forms import Page, form_of, let_out
from threadly.modules.identity.qr import draw_qr
from threadly.modules.identity.types import Account
from threadly.modules.identity.verbs import accounts, emails, second_factor
from threadly.modules.identity.verbs.second_factor import NewKey, SecondFactor
from threadly.platform.errors import Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Flash, Form
from threadly.web.forms import fields_of
from threadly.web.pages import Pages

__all__ = ["routes"]


@get("/settings", include_in_schema=False)
async def show_profile(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    return await _profile(edge, pages)


@post("/settings/profile", include_in_schema=False)
async def save_profile(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await fields_of(edge)
    change = partial(
        accounts.edit_profile,
        name=fields.get("name"),
        bio=fields.get("bio"),
        website=fields.get("website"),
    )
    try:
        await edge.write(change)
    except Refusal as refusal:
        return await _profile(edge, pages, form=form_of(refusal, fields))
    return pages.redirect(edge, "/settings", flash=Flash("success", "Your profile is saved."))


@get("/settings/account", include_in_schema=False)
async def show_account(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    return await _account(edge, pages)


@post("/settings/email", include_in_schema=False)
async def change_email(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await fields_of(edge)
    try:
        await entering.change_email(
            edge,
            email=fields.get("email", ""),
            current_password=fields.get("current_password", ""),
        )
    except Refusal as refusal:
        return await _account(edge, pages, email_form=form_of(refusal, fields))
    flash = Flash("success", "We sent a link to the new address. It is yours once you open it.")
    return pages.redirect(edge, "/settings/account", flash=flash)


@get("/settings/email/confirm", include_in_schema=False)
async def show_confirm_email(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    """Asks for a click, as the page that confirms a first address does."""
    token = edge.request.query_params.get("token", "")
    return await pages.show(edge, "identity/email_confirm.html", state="asked", token=token)


@post("/settings/email/confirm", include_in_schema=False)
async def confirm_email(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    token = (await fields_of(edge)).get("token", "")
    try:
        await edge.write(partial(emails.confirm_email, token=token))
        state = "confirmed"
    except LinkInvalid as refusal:
        state = "expired" if isinstance(refusal, LinkExpired) else "invalid"
    except EmailTaken:
        state = "taken"
    status = 200 if state == "confirmed" else 400
    return await pages.show(edge, "identity/email_confirm.html", status=status, state=state)


@post("/settings/password", include_in_schema=False)
async def save_password(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await fields_of(edge)
    try:
        await entering.change_password(
            edge,
            current_password=fields.get("current_password", ""),
            new_password=fields.get("new_password", ""),
        )
    except Refusal as refusal:
        return await _account(edge, pages, password_form=form_of(refusal, fields))
    flash = Flash("success", "Your password is changed. Other devices were signed out.")
    return pages.redirect(edge, "/settings/account", flash=flash)


@post("/settings/second-factor", include_in_schema=False)
async def begin_second_factor(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await fields_of(edge)
    try:
        key = await entering.begin_second_factor(edge, current_password=fields.get("current_password", ""))
    except Refusal as refusal:
        return await _account(edge, pages, factor_form=form_of(refusal, fields))
    return await _key_page(edge, pages, key)


@post("/settings/second-factor/confirm", include_in_schema=False)
async def confirm_second_factor(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await fields_of(edge)
    try:
        codes = await edge.write(partial(second_factor.confirm_second_factor, code=fields.get("code", "")))
    except WrongCode as refusal:
        form = form_of(refusal, {})

        async def again(work: Work) -> NewKey:
            return await second_factor.show_key(work, account=await accounts.get_account(work))

        return await _key_page(edge, pages, await edge.read(again, fresh=True), form=form)
    return await pages.show(edge, "identity/second_factor.html", codes=codes)


@post("/settings/second-factor/remove", include_in_schema=False)
async def remove_second_factor(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await fields_of(edge)
    try:
        await entering.remove_second_factor(edge, current_password=fields.get("current_password", ""))
    except Refusal as refusal:
        return await _account(edge, pages, factor_form=form_of(refusal, fields))
    flash = Flash("success", "Your password alone signs you in again.")
    return pages.redirect(edge, "/settings/account", flash=flash)


@post("/settings/delete", include_in_schema=False)
async def delete_account(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await fields_of(edge)
    account = await edge.read(accounts.get_account, fresh=True)
    if fields.get("username", "").strip().lower() != account.username:
        wrong = Form(fields, {"username": "That is not your username."})
        return await _account(edge, pages, delete_form=wrong)
    try:
        await entering.prove_password(edge, password=fields.get("password", ""))
        await edge.write(partial(accounts.delete_account, user_id=account.id))
    except Refusal as refusal:
        return await _account(edge, pages, delete_form=form_of(refusal, fields))
    flash = Flash("info", "Your account is deleted. We are sorry to see you go.")
    return let_out(pages.redirect(edge, "/", flash=flash))


routes: list[ControllerRouterHandler] = [
    show_profile,
    save_profile,
    show_account,
    change_email,
    show_confirm_email,
    confirm_email,
    save_password,
    begin_second_factor,
    confirm_second_factor,
    remove_second_factor,
    delete_account,
]


async def _profile(edge: Edge, pages: Pages, *, form: Form | None = None) -> Page:
    """The page; with a form it says what is wrong."""
    account = await edge.read(accounts.get_account, fresh=True)
    return await pages.show(
        edge,
        "identity/settings_profile.html",
        status=400 if form else 200,
        form=form or Form({"name": account.name, "bio": account.bio, "website": account.website or ""}),
        verified=account.email_verified,
    )


async def _account(
    edge: Edge,
    pages: Pages,
    *,
    email_form: Form | None = None,
    password_form: Form | None = None,
    delete_form: Form | None = None,
    factor_form: Form | None = None,
) -> Page:
    """The page; with one of the forms filled it says what is wrong."""

    async def read(work: Work) -> tuple[Account, str | None, SecondFactor | None]:
        return (
            await accounts.get_account(work),
            await emails.find_pending_email(work),
            await second_factor.find_second_factor(work),
        )

    account, pending, factor = await edge.read(read, fresh=True)
    return await pages.show(
        edge,
        "identity/settings_account.html",
        status=400 if email_form or password_form or delete_form or factor_form else 200,
        account={"email": account.email, "verified": account.email_verified, "pending": pending},
        email_form=email_form or EMPTY_FORM,
        password_form=password_form or EMPTY_FORM,
        delete_form=delete_form or EMPTY_FORM,
        factor=factor,
        factor_form=factor_form or EMPTY_FORM,
    )


async def _key_page(edge: Edge, pages: Pages, key: NewKey, *, form: Form | None = None) -> Page:
    return await pages.show(
        edge,
        "identity/second_factor.html",
        status=400 if form else 200,
        key=key,
        qr=draw_qr(key.url),
        form=form or EMPTY_FORM,
        codes=[],
    )
