"""The Auth part of the API, and the end of an account, under /api/v1."""

from functools import partial

import msgspec
from litestar import Response, delete, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from threadly.modules.identity import entering
from threadly.modules.identity.types import SignedIn
from threadly.modules.identity.verbs import accounts, links, sessions
from threadly.platform.http.edge import DOOR, Edge
from threadly.platform.http.envelope import Success
from threadly.platform.work import Work

__all__ = ["routes"]

AUTH = ["Auth"]
USERS = ["Users"]
# RFC 6749, section 5.1: nobody between us and the client keeps tokens.
NO_STORE = {"Cache-Control": "no-store"}


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    username: str
    email: str
    password: str


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`totp` is for accounts with a second factor; others ignore it."""

    email: str
    password: str
    totp: str | None = None


class Refresh(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    refresh_token: str


class Logout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without a `refresh_token` the session of the access token ends."""

    refresh_token: str | None = None


class LinkToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: str


class Forgotten(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: str


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: str
    password: str


class Notice(msgspec.Struct, frozen=True):
    message: str


@post(
    "/auth/signup",
    operation_id="sign_up",
    summary="Create an account and sign in",
    tags=AUTH,
    opt={DOOR: True},
)
async def sign_up(edge: NamedDependency[Edge], data: JSONBody[NewAccount]) -> Response[Success[SignedIn]]:
    act = await entering.prepare_sign_up(
        name=data.name,
        username=data.username,
        email=data.email,
        password=data.password,
        opening=_api_session(edge),
    )
    answer = await edge.create(act, location=lambda signed: f"/api/v1/users/{signed.user.id}")
    return _private(answer)


@post("/auth/login", operation_id="log_in", summary="Sign in", tags=AUTH, opt={DOOR: True}, status_code=200)
async def log_in(edge: NamedDependency[Edge], data: JSONBody[Login]) -> Response[Success[SignedIn]]:
    act = await entering.prepare_sign_in(
        edge, email=data.email, password=data.password, opening=_api_session(edge)
    )
    return _private(await edge.post(act))


@post(
    "/auth/refresh",
    operation_id="refresh",
    summary="Exchange a refresh token for the next pair of tokens",
    description="A refresh token works once. If a used one comes back, its session ends for whoever has it;"
    " to repeat a request whose answer was lost, send the same Idempotency-Key with both.",
    tags=AUTH,
    opt={DOOR: True},
    status_code=200,
)
async def refresh(edge: NamedDependency[Edge], data: JSONBody[Refresh]) -> Response[Success[SignedIn]]:
    act = partial(sessions.use_refresh_token, refresh_token=data.refresh_token)
    async with entering.ending_reuse(edge, refresh_token=data.refresh_token):
        return _private(await edge.post(act))


@post(
    "/auth/logout",
    operation_id="log_out",
    summary="End this session",
    tags=AUTH,
    opt={DOOR: True},
    status_code=204,
)
async def log_out(edge: NamedDependency[Edge], data: JSONBody[Logout | None] = None) -> None:
    token = data.refresh_token if data else None
    await edge.write(partial(sessions.sign_out, refresh_token=token))


@post(
    "/auth/logout-everywhere",
    operation_id="log_out_everywhere",
    summary="End all your sessions",
    tags=AUTH,
    status_code=204,
)
async def log_out_everywhere(edge: NamedDependency[Edge]) -> None:
    await edge.write(sessions.sign_out_everywhere)


@post(
    "/auth/verify",
    operation_id="verify_email",
    summary="Confirm an e-mail",
    tags=AUTH,
    opt={DOOR: True},
    status_code=204,
)
async def verify_email(edge: NamedDependency[Edge], data: JSONBody[LinkToken]) -> None:
    await edge.write(partial(links.verify_email, token=data.token))


@post(
    "/auth/password/forgot",
    operation_id="forget_password",
    summary="Ask for a mail to choose a new password",
    description="The answer is the same whether or not the address belongs to a member.",
    tags=AUTH,
    opt={DOOR: True},
    status_code=202,
)
async def forget_password(edge: NamedDependency[Edge], data: JSONBody[Forgotten]) -> Success[Notice]:
    await edge.write(partial(links.request_password_reset, email=data.email))
    return Success(data=Notice("If that address belongs to a member, a mail is on its way."))


@post(
    "/auth/password/reset",
    operation_id="reset_password",
    summary="Choose a new password with the token of a mail",
    description="All sessions of the account end.",
    tags=AUTH,
    opt={DOOR: True},
    status_code=204,
)
async def reset_password(edge: NamedDependency[Edge], data: JSONBody[NewPassword]) -> None:
    await entering.reset_password(edge, token=data.token, password=data.password)


@delete(
    "/users/{user_id:str}",
    operation_id="delete_user",
    summary="Delete an account for good",
    description="Your own, or anybody's as an admin. `user_id` is a UUID, a username or `me`.",
    tags=USERS,
    status_code=204,
)
async def delete_user(edge: NamedDependency[Edge], user_id: FromPath[str]) -> None:
    async def act(work: Work) -> None:
        _ = work.actor.me
        profile = await accounts.get_profile(work, id_or_username=user_id)
        await accounts.delete_account(work, user_id=profile.id)

    await edge.write(act)


routes: list[ControllerRouterHandler] = [
    sign_up,
    log_in,
    refresh,
    log_out,
    log_out_everywhere,
    verify_email,
    forget_password,
    reset_password,
    delete_user,
]


def _api_session(edge: Edge) -> entering.Opening[SignedIn]:
    return partial(sessions.open_api_session, device=edge.request.headers.get("user-agent", ""))


def _private(answer: Response[Success[SignedIn]]) -> Response[Success[SignedIn]]:
    answer.headers.update(NO_STORE)
    return answer
