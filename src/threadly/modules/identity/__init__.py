"""identity: who people are, how they sign in, and what they may do.

Verbs take a Work first. Those that hash a password (`sign_up`, `sign_in`, `change_password`,
`reset_password`, `prove_password`) and `refresh` take what opens Works, such as an Edge: see `entering.py`.
Other modules may join the view `identity.profiles`.
"""

from threadly.modules.identity.authentication import authenticate
from threadly.modules.identity.entering import (
    Units,
    change_email,
    change_password,
    hash_password,
    prepare_sign_in,
    prepare_sign_up,
    prove_password,
    refresh,
    reset_password,
    set_up,
    sign_in,
    sign_up,
)
from threadly.modules.identity.errors import (
    AccountMissing,
    AccountSuspended,
    CommunityOwned,
    EmailTaken,
    HashingBusy,
    InviteMissing,
    InviteOver,
    InviteRequired,
    LastAdmin,
    LinkExpired,
    LinkInvalid,
    RefreshTokenInvalid,
    RefreshTokenReused,
    RoleUnknown,
    SetupLinkExpired,
    SetupLinkUnknown,
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
from threadly.modules.identity.rules import device_name
from threadly.modules.identity.types import Account, Addressee, BrowserSession, Profile, Session, SignedIn
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
    veil_profile,
)
from threadly.modules.identity.verbs.addressees import list_addressees
from threadly.modules.identity.verbs.community import (
    describe_community,
    get_community,
    make_setup_link,
)
from threadly.modules.identity.verbs.emails import confirm_email
from threadly.modules.identity.verbs.exports import request_export
from threadly.modules.identity.verbs.invites import create_invite, get_invitation, list_invites, revoke_invite
from threadly.modules.identity.verbs.links import request_password_reset, send_verification, verify_email
from threadly.modules.identity.verbs.returned_mail import doubt_email, find_owner_of_email
from threadly.modules.identity.verbs.roles import get_role, list_members, set_role
from threadly.modules.identity.verbs.second_factor import remove_second_factor
from threadly.modules.identity.verbs.sessions import (
    end_other_sessions,
    end_session,
    list_sessions,
    open_api_session,
    open_browser_session,
    sign_out,
    sign_out_everywhere,
)
from threadly.modules.identity.verbs.signing import rotate_signing_key
from threadly.modules.identity.verbs.suspension import (
    find_suspension,
    is_permitted_to_others,
    list_permitted,
    reinstate_member,
    suspend_member,
)
from threadly.modules.identity.vetting import ask_before_showing

__all__ = [
    "EVENTS",
    "Account",
    "AccountDeleted",
    "AccountMissing",
    "AccountSuspended",
    "Addressee",
    "BrowserSession",
    "CommunityOwned",
    "EmailTaken",
    "EmailVerified",
    "HashingBusy",
    "InviteMissing",
    "InviteOver",
    "InviteRequired",
    "LastAdmin",
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
    "SetupLinkExpired",
    "SetupLinkUnknown",
    "SignedIn",
    "TokenExpired",
    "TokenInvalid",
    "Units",
    "UserSignedUp",
    "UsernameTaken",
    "WrongCredentials",
    "WrongPassword",
    "ask_before_showing",
    "authenticate",
    "change_email",
    "change_password",
    "confirm_email",
    "create_invite",
    "delete_account",
    "describe_community",
    "device_name",
    "doubt_email",
    "edit_profile",
    "end_other_sessions",
    "end_session",
    "find_account",
    "find_owner_of_email",
    "find_profile",
    "find_suspension",
    "get_account",
    "get_community",
    "get_invitation",
    "get_profile",
    "get_role",
    "hash_password",
    "import_members",
    "is_permitted_to_others",
    "list_addressees",
    "list_invites",
    "list_members",
    "list_permitted",
    "list_profiles_by_username",
    "list_sessions",
    "make_setup_link",
    "open_api_session",
    "open_browser_session",
    "passwords",
    "prepare_sign_in",
    "prepare_sign_up",
    "prove_password",
    "refresh",
    "reinstate_member",
    "remove_second_factor",
    "request_export",
    "request_password_reset",
    "reset_password",
    "revoke_invite",
    "rotate_signing_key",
    "send_verification",
    "set_role",
    "set_up",
    "sign_in",
    "sign_out",
    "sign_out_everywhere",
    "sign_up",
    "suspend_member",
    "veil_profile",
    "verify_email",
]
