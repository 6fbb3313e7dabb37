"""/settings/notifications/devices: the browsers and the telephone by which a person is told."""

from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules import identity
from threadly.modules.notifications.channels.browsers import (
    Browser,
    BrowserMissing,
    list_browsers,
    remove_browser,
)
from threadly.modules.notifications.channels.phones import (
    CodeWrong,
    NumberInvalid,
    Phone,
    TooManyCodes,
    confirm_phone,
    find_phone,
    remove_phone,
    set_phone,
)
from threadly.platform.errors import Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.ids import id_of
from threadly.platform.push import push_key
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Form
from threadly.web.forms import fields_of
from threadly.web.pages import Pages
from threadly.web.view import Flash, Moment, moment

__all__ = ["routes"]

PATH: Final = "/settings/notifications/devices"


class BrowserView(msgspec.Struct, frozen=True):
    id: str
    name: str
    since: Moment


@get(PATH, include_in_schema=False)
async def show_devices(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    return await _show(edge, pages, EMPTY_FORM)


@post(f"{PATH}/browsers/{{browser_id:str}}/remove", include_in_schema=False)
async def forget_browser(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], browser_id: FromPath[str]
) -> Response[Any]:
    wanted = id_of(browser_id, BrowserMissing)
    await edge.write(lambda work: remove_browser(work, browser_id=wanted))
    return pages.redirect(edge, PATH, flash=Flash("success", "That browser is silent from now on."))


@post(f"{PATH}/phone", include_in_schema=False)
async def choose_phone(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    typed = await fields_of(edge)
    try:
        await edge.write(lambda work: set_phone(work, number=typed.get("number", "")))
    except (NumberInvalid, TooManyCodes) as refusal:
        return await _refuse(edge, pages, typed, refusal)
    return pages.redirect(edge, PATH, flash=Flash("info", "A code is on its way to that number."))


@post(f"{PATH}/phone/confirm", include_in_schema=False)
async def try_code(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    typed = await fields_of(edge)
    try:
        phone = await edge.write(lambda work: confirm_phone(work, code=typed.get("code", "")))
    except CodeWrong as refusal:
        return await _refuse(edge, pages, typed, refusal)
    if phone is None:
        return await _refuse(edge, pages, typed, CodeWrong())
    return pages.redirect(edge, PATH, flash=Flash("success", "The number is yours. Choose what comes there."))


@post(f"{PATH}/phone/remove", include_in_schema=False)
async def forget_phone(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    await edge.write(remove_phone)
    return pages.redirect(edge, PATH, flash=Flash("success", "No more text messages."))


async def _refuse(edge: Edge, pages: Pages, typed: dict[str, str], refusal: Refusal) -> Response[str]:
    form = (
        Form(typed, {refusal.field: refusal.message}) if refusal.field else Form(typed, {}, refusal.message)
    )
    return await _show(edge, pages, form, status=400)


async def _show(edge: Edge, pages: Pages, form: Form, *, status: int = 200) -> Response[str]:
    async def read(work: Work) -> tuple[list[Browser], Phone | None]:
        return await list_browsers(work), await find_phone(work)

    browsers, phone = await edge.read(read, fresh=True)
    now = edge.runtime.works.clock()
    return await pages.show(
        edge,
        "notifications/devices.html",
        status=status,
        browsers=[
            BrowserView(str(each.id), identity.device_name(each.device), moment(each.created_at, now=now))
            for each in browsers
        ],
        phone=phone,
        form=form,
        push_key=push_key(edge.runtime.settings),
    )


routes: list[ControllerRouterHandler] = [
    show_devices,
    forget_browser,
    choose_phone,
    try_code,
    forget_phone,
]
