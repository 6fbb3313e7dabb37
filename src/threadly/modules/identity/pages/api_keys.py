"""Settings: the API keys of a member."""

from functools import partial

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.identity.errors import ApiKeyMissing
from threadly.modules.identity.pages.forms import Page, form_of
from threadly.modules.identity.types import ApiKey, KeyScope, NewApiKey
from threadly.modules.identity.verbs import api_keys
from threadly.platform.errors import Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.ids import id_of
from threadly.platform.work import Work
from threadly.web import Flash, Form, moment
from threadly.web.forms import fields_of
from threadly.web.pages import Pages

__all__ = ["routes"]

HERE = "/settings/keys"
EMPTY = Form({"scope": "read", "days": "90"})


@get("/settings/keys", include_in_schema=False)
async def show_keys(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    return await _keys(edge, pages)


@post("/settings/keys", include_in_schema=False)
async def create_key(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    """Answers with the key, which no address ever shows again."""
    fields = await fields_of(edge)
    scope: KeyScope = "write" if fields.get("scope") == "write" else "read"
    days = fields.get("days", "")
    try:
        make = partial(
            api_keys.create_api_key,
            name=fields.get("name", ""),
            scope=scope,
            days=int(days) if days.isdecimal() and len(days) <= 3 else None,
        )
        made = await edge.write(make)
    except Refusal as refusal:
        return await _keys(edge, pages, form=form_of(refusal, fields))
    return await _keys(edge, pages, made=made)


@post("/settings/keys/{key_id:str}/revoke", include_in_schema=False)
async def revoke_key(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], key_id: FromPath[str]
) -> Page:
    wanted = id_of(key_id, ApiKeyMissing)
    await edge.write(partial(api_keys.revoke_api_key, key_id=wanted))
    return pages.redirect(
        edge, HERE, flash=Flash("success", "The key is revoked: it opens nothing any more.")
    )


routes: list[ControllerRouterHandler] = [show_keys, create_key, revoke_key]


async def _keys(edge: Edge, pages: Pages, *, form: Form | None = None, made: NewApiKey | None = None) -> Page:
    """The page; with a form it says what is wrong, with a new key it shows it."""

    async def read(work: Work) -> list[dict[str, object]]:
        return [_shown(each, work) for each in await api_keys.list_api_keys(work)]

    answer = await pages.show(
        edge,
        "identity/settings_keys.html",
        status=400 if form else 200,
        keys=await edge.read(read, fresh=True),
        form=form or EMPTY,
        made={"key": made.key, "name": made.described.name} if made else None,
        most=api_keys.MOST_KEYS,
    )
    if made:
        answer.headers["Cache-Control"] = "no-store"
    return answer


def _shown(key: ApiKey, work: Work) -> dict[str, object]:
    return {
        "id": str(key.id),
        "name": key.name,
        "writes": key.scope == "write",
        "hint": key.hint,
        "made": moment(key.created_at, now=work.now),
        "used": moment(key.last_used_at, now=work.now) if key.last_used_at else None,
        "ends": moment(key.expires_at, now=work.now) if key.expires_at else None,
        "over": key.expires_at is not None and key.expires_at <= work.now,
    }
