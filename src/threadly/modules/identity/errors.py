"""What identity refuses."""

from threadly.platform.errors import Kind, Refusal

__all__ = [
    "AccountMissing",
    "EmailTaken",
    "HashingBusy",
    "LinkExpired",
    "LinkInvalid",
    "RefreshTokenInvalid",
    "RefreshTokenReused",
    "RoleUnknown",
    "TokenExpired",
    "TokenInvalid",
    "UsernameTaken",
    "WrongCredentials",
    "WrongPassword",
]


class EmailTaken(Refusal):
    code = "identity.email_taken"
    kind = Kind.CONFLICT
    message = "There is an account with this e-mail already. Sign in, or reset its password."
    field = "email"


class UsernameTaken(Refusal):
    code = "identity.username_taken"
    kind = Kind.CONFLICT
    message = "Somebody has this username already. Please choose another one."
    field = "username"


class AccountMissing(Refusal):
    code = "identity.account_missing"
    kind = Kind.MISSING
    message = "There is no such member."


class RoleUnknown(Refusal):
    code = "identity.role_unknown"
    kind = Kind.INVALID
    message = "A role is one of: user, moderator, admin."
    field = "role"


class WrongCredentials(Refusal):
    """One answer for an unknown e-mail and a wrong password, so that nobody learns who is a member."""

    code = "identity.wrong_credentials"
    kind = Kind.UNAUTHENTICATED
    message = "That e-mail and password do not match."


class WrongPassword(Refusal):
    """For somebody who is signed in and must prove it once more."""

    code = "identity.wrong_password"
    kind = Kind.INVALID
    message = "That is not your current password."
    field = "current_password"


class TokenInvalid(Refusal):
    code = "identity.token_invalid"
    kind = Kind.UNAUTHENTICATED
    message = "The access token is not valid here. Please sign in again."


class TokenExpired(TokenInvalid):
    code = "identity.token_expired"
    message = "The access token has expired. Use your refresh token to get a new one."


class RefreshTokenInvalid(Refusal):
    code = "identity.refresh_token_invalid"
    kind = Kind.UNAUTHENTICATED
    message = "The refresh token is not valid any more. Please sign in again."


class RefreshTokenReused(RefreshTokenInvalid):
    code = "identity.refresh_token_reused"
    message = "This refresh token was used before, so its session was ended for safety. Please sign in again."


class LinkInvalid(Refusal):
    code = "identity.link_invalid"
    kind = Kind.INVALID
    message = "This link does not work: it was used already, replaced by a newer one, or cut in two."
    field = "token"


class LinkExpired(LinkInvalid):
    code = "identity.link_expired"
    kind = Kind.GONE
    message = "This link has expired. Please ask for a new one."


class HashingBusy(Refusal):
    code = "identity.busy"
    kind = Kind.UNAVAILABLE
    message = "Many people are signing in at this moment. Please try again in a second."
    retry_after_s = 1
