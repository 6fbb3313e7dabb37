"""identity: who people are, how they sign in, and what they may do.

Verbs take a Work first. Those that hash a password (`sign_up`, `sign_in`, `change_password`,
`reset_password`, `prove_password`) and `refresh` take what opens Works, such as an Edge: see `entering.py`.
Other modules may join the view `identity.profiles`.
"""

from threadly.modules.identity.authentication import authenticate
from threadly.modules.identity.entering import (
    Units,
    change_password,
    hash_password,
    prepare_sign_in,
    prepare_sign_up,
    prove_password,
    refresh,
    reset_password,
    sign_in,
    sign_up,
)
from threadly.modules.identity.errors import (
    AccountMissing,
    EmailTaken,
    HashingBusy,
    LinkExpired,
    LinkInvalid,
    RefreshTokenInvalid,
    RefreshTokenReused,
    RoleUnknown,
    TokenExpired,
    TokenInvalid,
    UsernameTaken,
    WrongCredentials,
    WrongPassword,
)
from threadly.modules.identity.events import (
    EVENTS,
    AccountDeleted,
    EmailVerified,
    ProfileEdited,
    UserSignedUp,
)
from threadly.modules.identity.passwords import passwords
from threadly.modules.identity.permissions import Role
from threadly.modules.identity.types import Account, BrowserSession, Profile, Session, SignedIn
from threadly.modules.identity.verbs.accounts import (
    NewMember,
    delete_account,
    edit_profile,
    find_account,
    find_profile,
    get_account,
    get_profile,
    import_members,
    list_profiles_by_username,
)
from threadly.modules.identity.verbs.links import request_password_reset, send_verification, verify_email
from threadly.modules.identity.verbs.roles import get_role, set_role
from threadly.modules.identity.verbs.sessions import (
    list_sessions,
    open_api_session,
    open_browser_session,
    sign_out,
    sign_out_everywhere,
)
from threadly.modules.identity.verbs.signing import rotate_signing_key

__all__ = [
    "EVENTS",
    "Account",
    "AccountDeleted",
    "AccountMissing",
    "BrowserSession",
    "EmailTaken",
    "EmailVerified",
    "HashingBusy",
    "LinkExpired",
    "LinkInvalid",
    "NewMember",
    "Profile",
    "ProfileEdited",
    "RefreshTokenInvalid",
    "RefreshTokenReused",
    "Role",
    "RoleUnknown",
    "Session",
    "SignedIn",
    "TokenExpired",
    "TokenInvalid",
    "Units",
    "UserSignedUp",
    "UsernameTaken",
    "WrongCredentials",
    "WrongPassword",
    "authenticate",
    "change_password",
    "delete_account",
    "edit_profile",
    "find_account",
    "find_profile",
    "get_account",
    "get_profile",
    "get_role",
    "hash_password",
    "import_members",
    "list_profiles_by_username",
    "list_sessions",
    "open_api_session",
    "open_browser_session",
    "passwords",
    "prepare_sign_in",
    "prepare_sign_up",
    "prove_password",
    "refresh",
    "request_password_reset",
    "reset_password",
    "rotate_signing_key",
    "send_verification",
    "set_role",
    "sign_in",
    "sign_out",
    "sign_out_everywhere",
    "sign_up",
    "verify_email",
]
