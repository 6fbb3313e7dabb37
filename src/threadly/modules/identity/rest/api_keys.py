"""API keys."""

# ruff: noqa: ARG001  # `fields` is declared for the document and the gate; the edge reads it

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from threadly.modules.identity.errors import ApiKeyMissing
from threadly.modules.identity.types import ApiKey, KeyScope
from threadly.modules.identity.verbs import api_keys
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import UUID, id_of
from threadly.platform.paging import Page
from threadly.platform.work import Work

__all__ = ["routes"]

KEYS = ["API keys"]


class KeyToMake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`days` is for how long it is good; without it, until it is revoked."""

    name: str
    scope: KeyScope = "read"
    days: Annotated[int, msgspec.Meta(ge=1, le=api_keys.MOST_DAYS)] | None = None


class Key(msgspec.Struct, frozen=True):
    """`hint` is how it begins; `last_used_at` is right to a minute."""

    id: UUID
    name: str
    scope: KeyScope
    hint: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class MadeKey(msgspec.Struct, frozen=True):
    """`key` is what to send as `Authorization: Bearer …`; it is shown this once."""

    id: UUID
    name: str
    scope: KeyScope
    hint: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    key: str


@post(
    "/api-keys",
    operation_id="create_api_key",
    summary="Make a key for a program",
    description="It acts for you, except on your account, your sign-ins and your keys; one whose scope is "
    "`read` changes nothing. The answer has the key itself, this once.",
    tags=KEYS,
)
async def create_api_key(
    edge: NamedDependency[Edge], data: JSONBody[KeyToMake]
) -> Response[Success[MadeKey]]:
    async def act(work: Work) -> MadeKey:
        made = await api_keys.create_api_key(work, name=data.name, scope=data.scope, days=data.days)
        return MadeKey(**msgspec.structs.asdict(_shown(made.described)), key=made.key)

    return await edge.create(act, location=lambda made: f"/api/v1/api-keys/{made.id}")


@get(
    "/api-keys",
    operation_id="list_api_keys",
    summary="Your API keys, newest first",
    description=f"At most {api_keys.MOST_KEYS}, on one page.",
    tags=KEYS,
)
async def list_api_keys(
    edge: NamedDependency[Edge], fields: FieldsParameter = None
) -> Response[Listing[Key]]:
    async def read(work: Work) -> list[Key]:
        return [_shown(each) for each in await api_keys.list_api_keys(work)]

    return edge.listing(Page(await edge.read(read), None), name="identity.api_keys")


@get("/api-keys/{key_id:str}", operation_id="get_api_key", summary="An API key of yours", tags=KEYS)
async def get_api_key(
    edge: NamedDependency[Edge], key_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[Key]]:
    wanted = id_of(key_id, ApiKeyMissing)
    return edge.resource(_shown(await edge.read(lambda work: api_keys.get_api_key(work, key_id=wanted))))


@delete(
    "/api-keys/{key_id:str}",
    operation_id="revoke_api_key",
    summary="Revoke an API key",
    description="It ends at once.",
    tags=KEYS,
    status_code=204,
)
async def revoke_api_key(edge: NamedDependency[Edge], key_id: FromPath[str]) -> Response[None]:
    wanted = id_of(key_id, ApiKeyMissing)
    return await edge.remove(lambda work: api_keys.revoke_api_key(work, key_id=wanted))


routes: list[ControllerRouterHandler] = [create_api_key, list_api_keys, get_api_key, revoke_api_key]


def _shown(key: ApiKey) -> Key:
    return Key(
        id=key.id,
        name=key.name,
        scope=key.scope,
        hint=key.hint,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
    )
