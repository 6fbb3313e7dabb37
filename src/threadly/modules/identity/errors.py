"""What identity refuses."""

from datetime import datetime

from threadly.platform.errors import Kind, Refusal

__all__ = [
    "AccountMissing",
    "AccountSuspended",
    "ApiKeyInvalid",
    "ApiKeyMissing",
    "ApiKeysExhausted",
    "CommunityOwned",
    "EmailSentJustNow",
    "EmailTaken",
    "ExportMissing",
    "ExportOver",
    "HashingBusy",
    "InviteMissing",
    "InviteOver",
    "InviteRequired",
    "InvitesExhausted",
    "LastAdmin",
    "LinkExpired",
    "LinkInvalid",
    "RefreshTokenInvalid",
    "RefreshTokenReused",
    "RoleUnknown",
    "SecondFactorLocked",
    "SecondFactorMissing",
    "SecondFactorRequired",
    "SecondFactorSet",
    "SessionMissing",
    "SetupLinkExpired",
    "SetupLinkUnknown",
    "TicketOver",
    "TokenExpired",
    "TokenInvalid",
    "TooManyExports",
    "UsernameTaken",
    "WrongCode",
    "WrongCredentials",
    "WrongPassword",
    "WrongSecondFactor",
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


class AccountSuspended(Refusal):
    """The message of an instance ends with the address of the page that says why and takes an appeal."""

    code = "identity.account_suspended"
    kind = Kind.UNAUTHENTICATED
    message = "Your account is suspended."

    def __init__(
        self, message: str | None = None, *, appeal_path: str = "/", until: datetime | None = None
    ) -> None:
        super().__init__(message)
        self.appeal_path = appeal_path
        self.until = until


class RoleUnknown(Refusal):
    code = "identity.role_unknown"
    kind = Kind.INVALID
    message = "A role is one of: user, moderator, seller, admin."
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


class ApiKeyInvalid(TokenInvalid):
    code = "identity.api_key_invalid"
    message = "This API key is not valid here: it is over, was revoked, or is another community's."


class ApiKeyMissing(Refusal):
    code = "identity.api_key_missing"
    kind = Kind.MISSING
    message = "You have no such API key."


class ApiKeysExhausted(Refusal):
    code = "identity.api_keys_exhausted"
    kind = Kind.CONFLICT
    message = "You have as many API keys as one member may have. Revoke one that you do not need."


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


class EmailSentJustNow(Refusal):
    code = "identity.email_sent_just_now"
    kind = Kind.LIMITED
    message = "We sent a link a moment ago. Please wait a minute, then ask again."
    retry_after_s = 60


class SessionMissing(Refusal):
    code = "identity.session_missing"
    kind = Kind.MISSING
    message = "There is no such sign-in of yours; it may have ended already."


class LastAdmin(Refusal):
    code = "identity.last_admin"
    kind = Kind.CONFLICT
    message = "This is the community’s only admin. Make somebody else an admin first."
    field = "role"


class InviteRequired(Refusal):
    code = "identity.invite_required"
    kind = Kind.DENIED
    message = "This community is by invitation. Ask a member for a link."
    field = "invite"


class InviteMissing(Refusal):
    code = "identity.invite_missing"
    kind = Kind.MISSING
    message = "There is no such invitation. Check that the link is complete."
    field = "invite"


class InviteOver(Refusal):
    code = "identity.invite_over"
    kind = Kind.GONE
    message = "This invitation is over: it expired, was withdrawn or was used up. Ask for a new link."
    field = "invite"


class InvitesExhausted(Refusal):
    code = "identity.invites_exhausted"
    kind = Kind.CONFLICT
    message = "You have as many open invitations as there can be. Withdraw one, then make another."


class SetupLinkUnknown(Refusal):
    code = "identity.setup_link_unknown"
    kind = Kind.MISSING
    message = "This set-up link is not known here. `threadly setup-link` prints a new one."


class SetupLinkExpired(Refusal):
    code = "identity.setup_link_expired"
    kind = Kind.GONE
    message = "This set-up link has expired. `threadly setup-link` prints a new one."


class CommunityOwned(Refusal):
    code = "identity.community_owned"
    kind = Kind.GONE
    message = "This community has its owner already. Sign in, or ask one of its admins."


class ExportMissing(Refusal):
    code = "identity.export_missing"
    kind = Kind.MISSING
    message = "There is no such copy of your data; they are kept for a week."


class ExportOver(Refusal):
    code = "identity.export_over"
    kind = Kind.GONE
    message = "This download link has expired. Ask for a new copy in your settings."


class TooManyExports(Refusal):
    code = "identity.too_many_exports"
    kind = Kind.LIMITED
    message = "You asked for several copies within a day. Please use one of them, or come back tomorrow."
    retry_after_s = 3_600


class SecondFactorRequired(Refusal):
    """The password was right. `ticket` lets whoever has it go on with the code alone, for a few minutes."""

    code = "identity.second_factor_required"
    kind = Kind.UNAUTHENTICATED
    message = "This account asks for a code, too: send the one that your authenticator app shows as `totp`."
    field = "totp"

    def __init__(self, message: str | None = None, *, ticket: str = "") -> None:
        super().__init__(message)
        self.ticket = ticket


class WrongSecondFactor(Refusal):
    code = "identity.wrong_second_factor"
    kind = Kind.UNAUTHENTICATED
    message = "That code does not work, or not any more. Use the one that your app shows now."
    field = "totp"


class SecondFactorLocked(Refusal):
    code = "identity.second_factor_locked"
    kind = Kind.LIMITED
    message = "There were too many wrong codes. Please try again in a quarter of an hour."
    retry_after_s = 900


class WrongCode(Refusal):
    code = "identity.wrong_code"
    kind = Kind.INVALID
    message = "That is not the code that your app should show. Check the key, and the clock of the device."
    field = "code"


class SecondFactorSet(Refusal):
    code = "identity.second_factor_set"
    kind = Kind.CONFLICT
    message = "There is a second factor already. Remove it before you set up another."


class SecondFactorMissing(Refusal):
    code = "identity.second_factor_missing"
    kind = Kind.CONFLICT
    message = "There is no second factor to confirm. Begin to set one up first."


class TicketOver(Refusal):
    code = "identity.ticket_over"
    kind = Kind.UNAUTHENTICATED
    message = "That took too long. Please sign in again."
