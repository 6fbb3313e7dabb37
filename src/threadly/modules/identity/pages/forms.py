"""What the forms of identity have in common: what they show again, and the cookie that a sign-in sets."""

from functools import partial
from typing import Any

from litestar import Response

from threadly.modules.identity.entering import Opening
from threadly.modules.identity.errors import WrongCredentials
from threadly.modules.identity.types import BrowserSession
from threadly.modules.identity.verbs import sessions
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.csrf import SESSION_COOKIE
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import FOLLOW_COOKIE
from threadly.web import Flash, Form
from threadly.web.pages import Pages

__all__ = ["Fields", "Page", "browser_session", "form_of", "let_in", "let_out"]

Fields = dict[str, str]
Page = Response[Any]

SECRET_FIELDS = frozenset(
    {"password", "current_password", "new_password", "token", "ticket", "code", "_csrf"}
)


def form_of(refusal: Refusal, fields: Fields) -> Form:
    """What a form shows again. Raises a refusal that is not about what was typed."""
    if refusal.kind not in (Kind.INVALID, Kind.CONFLICT) and not isinstance(refusal, WrongCredentials):
        raise refusal
    errors = {each.field: each.message for each in refusal.details}
    if not errors and refusal.field:
        errors = {refusal.field: refusal.message}
    values = {name: text for name, text in fields.items() if name not in SECRET_FIELDS}
    return Form(values, errors, error=None if errors else refusal.message)


def browser_session(edge: Edge) -> Opening[BrowserSession]:
    """How a sign-in by a form goes on."""
    return partial(sessions.open_browser_session, device=edge.request.headers.get("user-agent", ""))


def let_in(edge: Edge, pages: Pages, session: BrowserSession, to: str, flash: Flash | None) -> Page:
    """Sets the session's cookie, and leads to a path of this site."""
    answer = pages.redirect(edge, to, flash=flash)
    answer.set_cookie(
        key=SESSION_COOKIE,
        value=session.token,
        max_age=session.max_age_s,
        httponly=True,
        samesite="lax",
        secure=edge.runtime.settings.secure_cookies,
    )
    return answer


def let_out(answer: Page) -> Page:
    """Takes the session's cookie back."""
    answer.delete_cookie(SESSION_COOKIE)
    answer.delete_cookie(FOLLOW_COOKIE)  # whoever sits down next follows nobody else's clicks
    return answer
