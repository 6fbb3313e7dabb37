"""Members: accounts, passwords, roles."""

# ruff: noqa: S608  # what is put into the texts are this file's own constants

from types import NoneType

import msgspec

from threadly.modules.identity.types import Account, Member, Profile
from threadly.platform.db import sql
from threadly.platform.ids import UUID

PROFILE = "id, username, name, bio, website, avatar_url, created_at"


ACCOUNT = f"{PROFILE}, email, email_verified_at IS NOT NULL AS email_verified"


CREDENTIALS = """
    u.id AS user_id, u.password_hash, EXISTS (
        SELECT FROM identity.second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL
    ) AS second_factor
"""


class Credentials(msgspec.Struct, frozen=True):
    """`second_factor`: whether a code is asked for, too."""

    user_id: UUID
    password_hash: str
    second_factor: bool


class Taken(msgspec.Struct, frozen=True):
    email: bool
    username: bool


INSERT_USER = sql(
    "identity.insert_user",
    f"""
    INSERT INTO identity.users (id, username, email, password_hash, name, created_at, email_verified_at, bio)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {ACCOUNT}
    """,
    into=Account,
)
# In one statement for all, for `import_members`.
INSERT_USERS = sql(
    "identity.insert_users",
    """
    INSERT INTO identity.users (id, username, email, name, bio, created_at, email_verified_at, password_hash)
    SELECT id, username, email, name, bio, created_at, created_at, $7
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
        AS member (id, username, email, name, bio, created_at)
    ON CONFLICT DO NOTHING
    """,
    into=NoneType,
)
FIND_TAKEN = sql(
    "identity.find_taken",
    """
    SELECT EXISTS (SELECT FROM identity.users WHERE email_key = lower($1)) AS email,
           EXISTS (SELECT FROM identity.users WHERE username = $2) AS username
    """,
    into=Taken,
)
GET_ACCOUNT = sql("identity.get_account", f"SELECT {ACCOUNT} FROM identity.users WHERE id = $1", into=Account)
# As others see it.
GET_PROFILE = sql(
    "identity.get_profile", f"SELECT {PROFILE} FROM identity.profiles WHERE id = $1", into=Profile
)
GET_PROFILE_BY_USERNAME = sql(
    "identity.get_profile_by_username",
    f"SELECT {PROFILE} FROM identity.profiles WHERE username = $1",
    into=Profile,
)
LIST_PROFILES_BY_USERNAME = sql(
    "identity.list_profiles_by_username",
    f"SELECT {PROFILE} FROM identity.profiles WHERE username = ANY($1::text[]) ORDER BY username",
    into=Profile,
)
# A NULL leaves a column as it is; an empty website is none, and so is an empty picture.
UPDATE_PROFILE = sql(
    "identity.update_profile",
    f"""
    UPDATE identity.users SET name = coalesce($2, name), bio = coalesce($3, bio),
        website = CASE WHEN $4::text IS NULL THEN website ELSE nullif($4, '') END,
        avatar_url = CASE WHEN $5::text IS NULL THEN avatar_url ELSE nullif($5, '') END
    WHERE id = $1 RETURNING {PROFILE}
    """,
    into=Profile,
)
VEIL = sql(
    "identity.veil", "UPDATE identity.users SET veiled = $2 WHERE id = $1 AND veiled <> $2", into=NoneType
)
DELETE_USER = sql(
    "identity.delete_user", "DELETE FROM identity.users WHERE id = $1 RETURNING email", into=str
)
ERASE_AUDIT = sql("identity.erase_audit", "SELECT platform.erase_audit($1)", into=NoneType)
VERIFY_EMAIL = sql(
    "identity.verify_email",
    "UPDATE identity.users SET email_verified_at = $2 WHERE id = $1 AND email_verified_at IS NULL",
    into=NoneType,
)
FIND_CREDENTIALS = sql(
    "identity.find_credentials",
    f"SELECT {CREDENTIALS} FROM identity.users u WHERE email_key = lower($1)",
    into=Credentials,
)
GET_CREDENTIALS = sql(
    "identity.get_credentials",
    f"SELECT {CREDENTIALS} FROM identity.users u WHERE id = $1",
    into=Credentials,
)
# Takes the row's lock: who changes the password meanwhile waits, or was first and this finds nothing.
LOCK_PROVEN = sql(
    "identity.lock_proven",
    f"SELECT {ACCOUNT} FROM identity.users WHERE id = $1 AND password_hash = $2 FOR NO KEY UPDATE",
    into=Account,
)
SET_PASSWORD = sql(
    "identity.set_password", "UPDATE identity.users SET password_hash = $2 WHERE id = $1", into=NoneType
)
# Whatever gives the member a session was committed before this, or waits until we are.
LOCK_MEMBER = sql("identity.lock_member", "SELECT id FROM identity.users WHERE id = $1 FOR UPDATE", into=UUID)
SET_ROLE = sql(
    "identity.set_role",
    """
    WITH withdrawn AS (DELETE FROM identity.role_grants WHERE user_id = $1 AND role <> $2)
    INSERT INTO identity.role_grants (user_id, role, granted_at)
    SELECT $1, $2, $3 WHERE $2 <> 'user' ON CONFLICT DO NOTHING
    """,
    into=NoneType,
)
LIST_ROLES = sql(
    "identity.list_roles",
    "SELECT role FROM identity.role_grants WHERE user_id = $1 ORDER BY role",
    into=str,
)
# Whoever withdraws the role of another of them at the same instant waits, and then finds one less.
LOCK_ADMINS = sql(
    "identity.lock_admins",
    "SELECT user_id FROM identity.role_grants WHERE role = 'admin' ORDER BY user_id FOR UPDATE",
    into=UUID,
)
FIND_OTHER_MEMBER = sql(
    "identity.find_other_member", "SELECT id FROM identity.users WHERE id <> $1 LIMIT 1", into=UUID
)
MEMBER = """
    u.id, u.username, u.name, u.avatar_url, u.email, u.email_verified_at IS NOT NULL AS email_verified,
    coalesce(g.role, 'user') AS role, u.created_at, inviter.username AS invited_by
    FROM identity.users u LEFT JOIN identity.role_grants g ON g.user_id = u.id
    LEFT JOIN identity.arrivals a ON a.user_id = u.id
    LEFT JOIN identity.users inviter ON inviter.id = a.inviter_id
"""
GET_MEMBER = sql("identity.get_member", f"SELECT {MEMBER} WHERE u.id = $1", into=Member)
# A scan of the community's members: `LIKE` is not leakproof, so behind row level security no index serves it.
LIST_MEMBERS = sql(
    "identity.list_members",
    f"""
    SELECT {MEMBER}
    WHERE u.id < $1 AND ($2::text IS NULL OR coalesce(g.role, 'user') = $2)
      AND ($3::text IS NULL OR u.name ILIKE $3 OR u.username ILIKE $3 OR u.email ILIKE $3)
    ORDER BY u.id DESC LIMIT $4
    """,
    into=Member,
)
