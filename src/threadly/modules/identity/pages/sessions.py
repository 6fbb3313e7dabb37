"""Settings: where a member is signed in."""

from functools import partial

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.identity.errors import SessionMissing
from threadly.modules.identity.pages.forms import Page, let_out
from threadly.modules.identity.rules import device_name
from threadly.modules.identity.types import Session
from threadly.modules.identity.verbs import sessions
from threadly.platform.http.edge import Edge
from threadly.platform.ids import id_of
from threadly.platform.work import Work
from threadly.web import Flash, moment
from threadly.web.pages import Pages

__all__ = ["routes"]

HERE = "/settings/sessions"


@get("/settings/sessions", include_in_schema=False)
async def show_sessions(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    async def read(work: Work) -> list[dict[str, object]]:
        return [_shown(each, work) for each in await sessions.list_sessions(work)]

    shown = await edge.read(read, fresh=True)
    # This device first: it is what people look for to know that the list is theirs.
    shown.sort(key=lambda each: not each["current"])
    return await pages.show(edge, "identity/settings_sessions.html", sessions=shown)


@post("/settings/sessions/end", include_in_schema=False)
async def end_all(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    await edge.write(sessions.sign_out_everywhere)
    return let_out(pages.redirect(edge, "/login", flash=Flash("success", "You are signed out everywhere.")))


@post("/settings/sessions/others/end", include_in_schema=False)
async def end_others(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    count = await edge.write(sessions.end_other_sessions)
    text = "There were no other sign-ins." if not count else "You are signed out everywhere but here."
    return pages.redirect(edge, HERE, flash=Flash("success", text))


@post("/settings/sessions/{session_id:str}/end", include_in_schema=False)
async def end_one(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], session_id: FromPath[str]
) -> Page:
    wanted = id_of(session_id, SessionMissing)
    await edge.write(partial(sessions.end_session, session_id=wanted))
    if wanted == edge.actor.session_id:
        return let_out(pages.redirect(edge, "/login", flash=Flash("success", "You are signed out.")))
    return pages.redirect(edge, HERE, flash=Flash("success", "That device is signed out."))


routes: list[ControllerRouterHandler] = [show_sessions, end_all, end_others, end_one]


def _shown(session: Session, work: Work) -> dict[str, object]:
    return {
        "id": str(session.id),
        "name": device_name(session.device),
        "device": session.device,
        "is_program": session.kind == "api",
        "current": session.id == work.actor.session_id,
        "since": moment(session.created_at, now=work.now),
        "seen": moment(session.last_seen_at, now=work.now),
    }
