"""The Auth part of the API, and the end of an account."""

from functools import partial

import msgspec
from litestar import Response, delete, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from threadly.modules.identity import entering
from threadly.modules.identity.types import SignedIn
from threadly.modules.identity.verbs import accounts, emails, links, second_factor, sessions
from threadly.modules.identity.verbs.second_factor import NewKey
from threadly.platform.http.admission import DOOR
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Success
from threadly.platform.work import Work

__all__ = ["routes"]

AUTH = ["Auth"]
USERS = ["Users"]
# RFC 6749, section 5.1: nobody between us and the client keeps tokens.
NO_STORE = {"Cache-Control": "no-store"}


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`invite` is the code of an invitation; a community that is by invitation takes nobody without."""

    name: str
    username: str
    email: str
    password: str
    invite: str | None = None


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`totp` is the code of an authenticator app, or a recovery code, for accounts with a second factor."""

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


class NewEmail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: str
    current_password: str


class PasswordChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    current_password: str
    new_password: str


class CurrentPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    current_password: str


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str


class RecoveryCodes(msgspec.Struct, frozen=True):
    """Each works once in the place of an app's code. They are told this once."""

    recovery_codes: list[str]


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
        invite=data.invite,
    )
    answer = await edge.create(act, location=lambda signed: f"/api/v1/users/{signed.user.id}")
    return _private(answer)


@post("/auth/login", operation_id="log_in", summary="Sign in", tags=AUTH, opt={DOOR: True}, status_code=200)
async def log_in(edge: NamedDependency[Edge], data: JSONBody[Login]) -> Response[Success[SignedIn]]:
    act = await entering.prepare_sign_in(
        edge, email=data.email, password=data.password, opening=_api_session(edge), totp=data.totp
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


@post(
    "/auth/password/change",
    operation_id="change_password",
    summary="Change your password",
    description="All your other sessions end.",
    tags=AUTH,
    status_code=204,
)
async def change_password(edge: NamedDependency[Edge], data: JSONBody[PasswordChange]) -> None:
    await entering.change_password(
        edge, current_password=data.current_password, new_password=data.new_password
    )


@post(
    "/auth/email",
    operation_id="change_email",
    summary="Ask for another e-mail",
    description="A link goes to the new address. Yours stays what it is until that is confirmed.",
    tags=AUTH,
    status_code=202,
)
async def change_email(edge: NamedDependency[Edge], data: JSONBody[NewEmail]) -> Success[Notice]:
    await entering.change_email(edge, email=data.email, current_password=data.current_password)
    return Success(data=Notice("A link is on its way to the new address."))


@post(
    "/auth/email/confirm",
    operation_id="confirm_email",
    summary="Confirm another e-mail with the token of a mail",
    tags=AUTH,
    opt={DOOR: True},
    status_code=204,
)
async def confirm_email(edge: NamedDependency[Edge], data: JSONBody[LinkToken]) -> None:
    await edge.write(partial(emails.confirm_email, token=data.token))


@post(
    "/auth/second-factor",
    operation_id="begin_second_factor",
    summary="Begin to set up a second factor",
    description="Gives the key for an authenticator app. Nothing changes until a code of it is confirmed.",
    tags=AUTH,
    status_code=200,
)
async def begin_second_factor(
    edge: NamedDependency[Edge], data: JSONBody[CurrentPassword]
) -> Response[Success[NewKey]]:
    made = await entering.begin_second_factor(edge, current_password=data.current_password)
    return Response(Success(data=made), headers=NO_STORE)


@post(
    "/auth/second-factor/confirm",
    operation_id="confirm_second_factor",
    summary="Confirm a second factor with a code of the app",
    description="From then on `POST /auth/login` asks for a code.",
    tags=AUTH,
    status_code=200,
)
async def confirm_second_factor(
    edge: NamedDependency[Edge], data: JSONBody[Code]
) -> Response[Success[RecoveryCodes]]:
    codes = await edge.write(partial(second_factor.confirm_second_factor, code=data.code))
    return Response(Success(data=RecoveryCodes(codes)), headers=NO_STORE)


@post(
    "/auth/second-factor/remove",
    operation_id="remove_second_factor",
    summary="Remove your second factor",
    tags=AUTH,
    status_code=204,
)
async def remove_second_factor(edge: NamedDependency[Edge], data: JSONBody[CurrentPassword]) -> None:
    await entering.remove_second_factor(edge, current_password=data.current_password)


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
    change_password,
    change_email,
    confirm_email,
    begin_second_factor,
    confirm_second_factor,
    remove_second_factor,
    delete_user,
]


def _api_session(edge: Edge) -> entering.Opening[SignedIn]:
    return partial(sessions.open_api_session, device=edge.request.headers.get("user-agent", ""))


def _private(answer: Response[Success[SignedIn]]) -> Response[Success[SignedIn]]:
    answer.headers.update(NO_STORE)
    return answer
