"""Calls and what their two browsers tell each other."""

from types import NoneType

from threadly.modules.messaging.repository.fragments import CALL, CALL_FROM
from threadly.modules.messaging.repository.rows import CallRow
from threadly.modules.messaging.types import Signal
from threadly.platform.db import sql

# One after the other, so that of two who call each other at the same moment one finds the line busy.
LOCK_LINES = sql(
    "messaging.lock_lines",
    """
    SELECT pg_advisory_xact_lock(hashtextextended('call ' || line, 0))
    FROM unnest(ARRAY[least($1::uuid, $2::uuid), greatest($1::uuid, $2::uuid)]) line
    """,
    into=NoneType,
)
INSERT_CALL = sql(
    "messaging.insert_call",
    """
    INSERT INTO messaging.calls
        (id, conversation_id, caller_id, callee_id, media, state, started_at, caller_seen_at, callee_seen_at)
    VALUES ($1, $2, $3, $4, $5, 'ringing', $6, $6, $6)
    """,
    into=NoneType,
)
FIND_CALL = sql(
    "messaging.find_call",
    f"SELECT {CALL} {CALL_FROM} WHERE k.id = $2 AND $1 IN (k.caller_id, k.callee_id)",
    into=CallRow,
)
LOCK_CALL = sql(
    "messaging.lock_call",
    f"SELECT {CALL} {CALL_FROM} WHERE k.id = $2 AND $1 IN (k.caller_id, k.callee_id) FOR UPDATE OF k",
    into=CallRow,
)
LIVE_CALLS_OF = sql(
    "messaging.live_calls_of",
    f"""
    SELECT {CALL} {CALL_FROM}
    WHERE k.state IN ('ringing', 'answered')
      AND (k.caller_id = ANY($1::uuid[]) OR k.callee_id = ANY($1::uuid[]))
    ORDER BY k.started_at
    """,
    into=CallRow,
)
# Rung too long, or nobody is there any more.
LOST_CALLS = sql(
    "messaging.lost_calls",
    f"""
    SELECT {CALL} {CALL_FROM}
    WHERE k.tenant_id = platform.tenant_id() AND k.state IN ('ringing', 'answered') AND (
        k.state = 'ringing' AND k.started_at < $1
        OR k.state = 'answered' AND least(k.caller_seen_at, k.callee_seen_at) < $2
    )
    ORDER BY k.started_at LIMIT $3 FOR UPDATE OF k SKIP LOCKED
    """,
    into=CallRow,
)
COUNT_UNTAKEN = sql(
    "messaging.count_untaken_calls",
    """
    SELECT count(*)::int FROM messaging.calls
    WHERE conversation_id = $1 AND caller_id = $2 AND started_at > $3 AND answered_at IS NULL
    """,
    into=int,
)
SET_STATE = sql(
    "messaging.set_call_state",
    """
    UPDATE messaging.calls SET state = $2,
        answered_at = CASE WHEN $2 = 'answered' THEN $3 ELSE answered_at END,
        ended_at = CASE WHEN $2 = 'answered' THEN NULL ELSE $3 END,
        caller_seen_at = $3, callee_seen_at = $3
    WHERE id = $1
    """,
    into=NoneType,
)
SEE_CALL = sql(
    "messaging.see_call",
    """
    UPDATE messaging.calls SET
        caller_seen_at = CASE WHEN caller_id = $2 THEN $3 ELSE caller_seen_at END,
        callee_seen_at = CASE WHEN callee_id = $2 THEN $3 ELSE callee_seen_at END
    WHERE id = $1 AND $2 IN (caller_id, callee_id)
    """,
    into=NoneType,
)
INSERT_SIGNAL = sql(
    "messaging.insert_signal",
    """
    WITH line AS (
        UPDATE messaging.calls SET last_signal = last_signal + 1 WHERE id = $1 RETURNING last_signal
    )
    INSERT INTO messaging.signals (call_id, number, sender_id, kind, body)
    SELECT $1, last_signal, $2, $3, $4 FROM line WHERE last_signal <= $5 RETURNING number
    """,
    into=int,
)
LIST_SIGNALS = sql(
    "messaging.list_signals",
    """
    SELECT call_id, number, sender_id, kind, body FROM messaging.signals
    WHERE call_id = $1 AND number > $2 ORDER BY number LIMIT $3
    """,
    into=Signal,
)
DROP_SIGNALS = sql(
    "messaging.drop_signals", "DELETE FROM messaging.signals WHERE call_id = $1", into=NoneType
)
