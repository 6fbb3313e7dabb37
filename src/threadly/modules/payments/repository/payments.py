"""What is to be paid, and the attempts to get it."""

# ruff: noqa: S608  # only this module's own constants are put into SQL

from types import NoneType

from threadly.modules.payments.repository.rows import AttemptedRow, PaymentRow, StandingRow
from threadly.modules.payments.types import Attempt
from threadly.platform.db import sql
from threadly.platform.durable.due import Due

PAYMENT = """
    id, reference, payer_id, amount_minor, currency, methods, split, description, state, provider, label,
    decline_code, refunded_minor, tries, expires_at, traceparent, created_at
"""
ATTEMPT = """
    id, payment_id, method, provider, state, provider_ref, fee_minor, decline_code, started_at, ended_at
"""


def _of(table: str, columns: str) -> str:
    return ", ".join(f"{table}.{column.strip()}" for column in columns.split(","))


# With its first attempt: $13 its id, $14 the provider.
BEGIN_PAYMENT = sql(
    "payments.begin_payment",
    """
    WITH opened AS (
        INSERT INTO payments.payments
            (id, reference, payer_id, amount_minor, currency, methods, split, description, state, due_at,
             expires_at, traceparent, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'processing', $9, $10, $11, $12, $12)
    )
    INSERT INTO payments.attempts (id, payment_id, method, provider, state, started_at)
    VALUES ($13, $1, 0, $14, 'calling', $12)
    """,
    into=NoneType,
)
GET_PAYMENT = sql(
    "payments.get_payment",
    f"""
    SELECT {PAYMENT}
    FROM payments.payments WHERE id = $1
    """,
    into=PaymentRow,
)
GET_PAYMENT_FOR = sql(
    "payments.get_payment_for",
    f"""
    SELECT {PAYMENT}
    FROM payments.payments WHERE tenant_id = platform.tenant_id() AND reference = $1
    """,
    into=PaymentRow,
)
# Of several who drive one payment or record what became of it, each waits for the one before.
LOCK_PAYMENT = sql(
    "payments.lock_payment",
    f"""
    SELECT {PAYMENT}
    FROM payments.payments WHERE id = $1 FOR NO KEY UPDATE
    """,
    into=PaymentRow,
)
LOCK_PAYMENT_FOR = sql(
    "payments.lock_payment_for",
    f"""
    SELECT {PAYMENT}
    FROM payments.payments WHERE tenant_id = platform.tenant_id() AND reference = $1 FOR NO KEY UPDATE
    """,
    into=PaymentRow,
)
# The payment's lock first, as everywhere; the attempt's own, so that it too is read as it is once this one's
# turn has come.
LOCK_ATTEMPTED = sql(
    "payments.lock_attempted",
    f"""
    SELECT {_of("p", PAYMENT)}, a.id AS attempt_id, a.provider AS attempt_provider, a.state AS attempt_state
    FROM payments.attempts a JOIN payments.payments p ON p.id = a.payment_id
    WHERE a.id = $1 FOR NO KEY UPDATE OF p, a
    """,
    into=AttemptedRow,
)
# Until its lease lapses nobody else need to drive a payment. $2 is the present.
ATTEMPT_STANDING = sql(
    "payments.get_attempt_standing",
    """
    SELECT a.provider, a.state, p.state = 'processing' AND p.due_at > $2 AS driven
    FROM payments.attempts a JOIN payments.payments p ON p.id = a.payment_id WHERE a.id = $1
    """,
    into=StandingRow,
)
LIST_SUCCEEDED = sql(
    "payments.list_succeeded",
    f"""
    SELECT {PAYMENT}
    FROM payments.payments WHERE state = 'succeeded' AND created_at >= $1 AND created_at < $2 AND id > $3
    ORDER BY id LIMIT $4
    """,
    into=PaymentRow,
)
EXTEND_LEASE = sql(
    "payments.extend_lease",
    "UPDATE payments.payments SET due_at = $2 WHERE id = $1 AND due_at IS NOT NULL",
    into=NoneType,
)
# `tries` names the turn: whoever comes second for the same turn finds another number.
CLAIM_PAYMENT = sql(
    "payments.claim_payment",
    """
    UPDATE payments.payments SET tries = tries + 1, due_at = $3
    WHERE id = $1 AND tries = $2 AND due_at IS NOT NULL
    """,
    into=NoneType,
)
SET_UNDECIDED = sql(
    "payments.set_undecided",
    "UPDATE payments.payments SET state = $2, due_at = $3 WHERE id = $1",
    into=NoneType,
)
ADD_REFUNDED = sql(
    "payments.add_refunded",
    "UPDATE payments.payments SET refunded_minor = refunded_minor + $2 WHERE id = $1",
    into=NoneType,
)
LIST_ATTEMPTS = sql(
    "payments.list_attempts",
    f"""
    SELECT {ATTEMPT}
    FROM payments.attempts WHERE payment_id = $1 ORDER BY id
    """,
    into=Attempt,
)
GET_ATTEMPT = sql(
    "payments.get_attempt",
    f"""
    SELECT {ATTEMPT}
    FROM payments.attempts WHERE id = $1
    """,
    into=Attempt,
)
LIST_OPEN_ATTEMPTS = sql(
    "payments.list_open_attempts",
    f"""
    SELECT {ATTEMPT}
    FROM payments.attempts
    WHERE state IN ('calling', 'unknown') AND provider = $1 AND started_at < $2 ORDER BY id LIMIT $3
    """,
    into=Attempt,
)
START_ATTEMPT = sql(
    "payments.start_attempt",
    """
    INSERT INTO payments.attempts (id, payment_id, method, provider, state, started_at)
    VALUES ($1, $2, $3, $4, 'calling', $5)
    ON CONFLICT (id) DO UPDATE SET state = 'calling', ended_at = NULL
    """,
    into=NoneType,
)
DOUBT_ATTEMPT = sql(
    "payments.doubt_attempt",
    "UPDATE payments.attempts SET state = 'unknown' WHERE id = $1 AND state = 'calling'",
    into=NoneType,
)
# Not when somebody else has taken the attempt over meanwhile: then it is in doubt.
MARK_UNREACHED = sql(
    "payments.mark_unreached",
    "UPDATE payments.attempts SET state = 'unreached', ended_at = $2 WHERE id = $1 AND state = 'calling'",
    into=NoneType,
)
# Nothing is changed where the provider's charge, $3, is another attempt's already.
_END_ATTEMPT = """
    UPDATE payments.attempts SET state = $2, provider_ref = coalesce(nullif($3, ''), provider_ref),
        fee_minor = coalesce($4, fee_minor), decline_code = $5, ended_at = $6
    WHERE id = $1 AND ($3 = '' OR NOT payments.is_taken(id, provider, $3))
"""
END_ATTEMPT = sql("payments.end_attempt", _END_ATTEMPT, into=NoneType)
SET_ABANDONED = sql(
    "payments.set_abandoned",
    "UPDATE payments.payments SET state = 'abandoned', due_at = NULL WHERE id = $1",
    into=NoneType,
)
# The attempt that decides its payment, and the payment, $7, which ends in the attempt's state; $8 is the
# provider, $9 the label.
DECIDE = sql(
    "payments.decide",
    f"""
    WITH ended AS ({_END_ATTEMPT} RETURNING 1)
    UPDATE payments.payments p SET state = $2, provider = $8, label = $9, decline_code = $5, due_at = NULL
    FROM ended WHERE p.id = $7
    """,
    into=NoneType,
)
COUNT_OPEN_ATTEMPTS = sql(
    "payments.count_open_attempts",
    "SELECT count(*) FROM payments.attempts WHERE payment_id = $1 AND state IN ('calling', 'unknown')",
    into=int,
)
LIST_DUE = sql(
    "payments.list_due",
    "SELECT tenant_id, payment_id AS subject_id, tries FROM payments.list_due($1)",
    into=Due,
)
