"""Second factors, and the codes for who has lost theirs."""

from datetime import datetime
from types import NoneType

import msgspec

from threadly.platform.db import sql


class SecondFactorRow(msgspec.Struct, frozen=True):
    sealed_key: bytes
    confirmed: bool
    last_step: int
    failures: int
    locked_until: datetime | None


# One that was confirmed is not replaced.
SAVE_SECOND_FACTOR = sql(
    "identity.save_second_factor",
    """
    INSERT INTO identity.second_factors AS f (user_id, sealed_key, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (user_id) DO UPDATE SET sealed_key = EXCLUDED.sealed_key, created_at = EXCLUDED.created_at
    WHERE f.confirmed_at IS NULL
    """,
    into=NoneType,
)
# Of two who try at the same instant the second waits, and finds what the first left.
LOCK_SECOND_FACTOR = sql(
    "identity.lock_second_factor",
    """
    SELECT sealed_key, confirmed_at IS NOT NULL AS confirmed, last_step, failures, locked_until
    FROM identity.second_factors WHERE user_id = $1 FOR UPDATE
    """,
    into=SecondFactorRow,
)
FIND_SECOND_FACTOR = sql(
    "identity.find_second_factor",
    """
    SELECT sealed_key, confirmed_at IS NOT NULL AS confirmed, last_step, failures, locked_until
    FROM identity.second_factors WHERE user_id = $1
    """,
    into=SecondFactorRow,
)
CONFIRM_SECOND_FACTOR = sql(
    "identity.confirm_second_factor",
    "UPDATE identity.second_factors SET confirmed_at = $2, last_step = $3, failures = 0 WHERE user_id = $1",
    into=NoneType,
)
PASS_SECOND_FACTOR = sql(
    "identity.pass_second_factor",
    """
    UPDATE identity.second_factors SET last_step = greatest(last_step, $2), failures = 0, locked_until = NULL
    WHERE user_id = $1
    """,
    into=NoneType,
)
FAIL_SECOND_FACTOR = sql(
    "identity.fail_second_factor",
    "UPDATE identity.second_factors SET failures = $2, locked_until = $3 WHERE user_id = $1",
    into=NoneType,
)
DELETE_SECOND_FACTOR = sql(
    "identity.delete_second_factor", "DELETE FROM identity.second_factors WHERE user_id = $1", into=NoneType
)
INSERT_RECOVERY_CODES = sql(
    "identity.insert_recovery_codes",
    "INSERT INTO identity.recovery_codes (user_id, code_hash) SELECT $1, unnest($2::bytea[])",
    into=NoneType,
)
USE_RECOVERY_CODE = sql(
    "identity.use_recovery_code",
    "DELETE FROM identity.recovery_codes WHERE user_id = $1 AND code_hash = $2",
    into=NoneType,
)
COUNT_RECOVERY_CODES = sql(
    "identity.count_recovery_codes",
    "SELECT count(*) FROM identity.recovery_codes WHERE user_id = $1",
    into=int,
)
