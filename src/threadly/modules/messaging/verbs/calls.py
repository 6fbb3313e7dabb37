"""Calls between two members: the state of the call, and the signals with which two browsers find each
other."""

from datetime import timedelta

from threadly.modules import moderation
from threadly.modules.messaging.errors import (
    CallIsForTwo,
    CallMissing,
    CallOver,
    ConversationMissing,
    LineBusy,
    NotInTouch,
    TooManyCalls,
)
from threadly.modules.messaging.live import tell
from threadly.modules.messaging.repository.calls import (
    COUNT_UNTAKEN,
    DROP_SIGNALS,
    FIND_CALL,
    INSERT_CALL,
    INSERT_SIGNAL,
    LIST_SIGNALS,
    LIVE_CALLS_OF,
    LOCK_CALL,
    LOCK_LINES,
    LOST_CALLS,
    SEE_CALL,
    SET_STATE,
)
from threadly.modules.messaging.repository.conversations import OPEN_DESK
from threadly.modules.messaging.repository.rows import CallRow
from threadly.modules.messaging.rules import ANSWER_WITHIN, CALL_LOST_AFTER, ice_servers, others
from threadly.modules.messaging.types import Call, CallMedia, CallState, IceServer, Signal, SignalKind
from threadly.modules.messaging.verbs.rows import call_of, seconds_between
from threadly.modules.messaging.verbs.writing import write_call
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import Work

__all__ = [
    "answer_call",
    "end_call",
    "end_call_between",
    "end_lost_calls",
    "find_ringing",
    "get_call",
    "list_ice_servers",
    "list_signals",
    "see_call",
    "send_signal",
    "start_call",
]

MOST_SIGNALS = 200
# Of one member at another who has never written back.
MOST_UNTAKEN = 3
UNTAKEN_WINDOW = timedelta(hours=1)
LOST_AT_ONCE = 100


async def start_call(work: Work, *, conversation_id: UUID, media: CallMedia = "audio") -> Call:
    """Ring at the other member of a conversation of two; at who has never written back, not on and on.

    Raises SignInRequired, moderation.Muted, ConversationMissing, DirectIsForTwo, NotInTouch, LineBusy,
    TooManyCalls.
    """
    me = work.actor.me
    await moderation.require_voice(work)
    desk = await work.one(OPEN_DESK, me, conversation_id)
    if desk is None:
        raise ConversationMissing
    if desk.kind != "direct":
        raise CallIsForTwo
    callees = others(desk.member_ids, me)
    if desk.blocked or not callees:
        raise NotInTouch("You cannot call this member.")
    callee = callees[0]
    await work.run(LOCK_LINES, me, callee)
    for live in await work.all(LIVE_CALLS_OF, [me, callee]):
        if not _is_lost(work, live):
            raise LineBusy
        await _finish(work, live)
    if not desk.answered:
        since = work.now - UNTAKEN_WINDOW
        if (await work.one(COUNT_UNTAKEN, conversation_id, me, since) or 0) >= MOST_UNTAKEN:
            raise TooManyCalls
    call_id = new_id()
    await work.run(INSERT_CALL, call_id, conversation_id, me, callee, media, work.now)
    tell(work, [me, callee], "call", call_id=str(call_id))
    return await get_call(work, call_id=call_id)


async def get_call(work: Work, *, call_id: UUID) -> Call:
    """Raises SignInRequired, CallMissing, also for a call of others."""
    row = await work.one(FIND_CALL, work.actor.me, call_id)
    if row is None:
        raise CallMissing
    return call_of(row)


async def find_ringing(work: Work) -> Call | None:
    """The call that rings at the actor, if one does."""
    me = work.actor.me
    for row in await work.all(LIVE_CALLS_OF, [me]):
        if row.callee_id == me and row.state == "ringing" and not _is_lost(work, row):
            return call_of(row)
    return None


async def answer_call(work: Work, *, call_id: UUID) -> Call:
    """The actor, who is called, takes it. Raises SignInRequired, CallMissing, CallOver."""
    row = await _lock(work, call_id)
    if row.callee_id != work.actor.me or row.state != "ringing" or _is_lost(work, row):
        raise CallOver
    await _set_state(work, row, "answered")
    return await get_call(work, call_id=call_id)


async def end_call(work: Work, *, call_id: UUID) -> Call:
    """The actor hangs up, or does not take it; twice is the same. Raises SignInRequired, CallMissing."""
    row = await _lock(work, call_id)
    if row.state in ("ringing", "answered"):
        await _finish(work, row)
    return await get_call(work, call_id=call_id)


async def see_call(work: Work, *, call_id: UUID) -> None:
    """The actor's browser is still in it. Raises SignInRequired."""
    await work.run(SEE_CALL, call_id, work.actor.me, work.now)


async def send_signal(work: Work, *, call_id: UUID, kind: SignalKind, body: str) -> Signal:
    """Something for the other browser, in the order in which it was sent. At most 200 per call.

    Raises SignInRequired, CallMissing, CallOver.
    """
    me = work.actor.me
    row = await work.one(FIND_CALL, me, call_id)
    if row is None:
        raise CallMissing
    if row.state not in ("ringing", "answered"):
        raise CallOver
    number = await work.one(INSERT_SIGNAL, call_id, me, kind, body, MOST_SIGNALS)
    if number is None:
        raise CallOver
    tell(work, [row.caller_id, row.callee_id], "signal", call_id=str(call_id))
    return Signal(call_id, number, me, kind, body)


async def list_signals(work: Work, *, call_id: UUID, since: int = 0) -> list[Signal]:
    """What was said above number `since`, by both. Raises SignInRequired, CallMissing."""
    await get_call(work, call_id=call_id)
    return await work.all(LIST_SIGNALS, call_id, since, MOST_SIGNALS)


async def list_ice_servers(work: Work) -> list[IceServer]:
    """Raises SignInRequired."""
    return ice_servers(work.settings, user_id=work.actor.me, now=work.now)


async def end_lost_calls(work: Work) -> int:
    """Those that nobody took, and those whose browsers are gone. Returns how many."""
    lost = await work.all(LOST_CALLS, work.now - ANSWER_WITHIN, work.now - CALL_LOST_AFTER, LOST_AT_ONCE)
    for row in lost:
        await _finish(work, row)
    return len(lost)


async def end_call_between(work: Work, one: UUID, other: UUID) -> None:
    """If the two talk to each other, or one rings at the other, that is over."""
    await work.run(LOCK_LINES, one, other)
    for row in await work.all(LIVE_CALLS_OF, [one]):
        if other in (row.caller_id, row.callee_id):
            await _finish(work, row)


def _is_lost(work: Work, row: CallRow) -> bool:
    if row.state == "ringing":
        return work.now - row.started_at > ANSWER_WITHIN
    return work.now - min(row.caller_seen_at, row.callee_seen_at) > CALL_LOST_AFTER


async def _finish(work: Work, row: CallRow) -> None:
    """By whoever acts, or by itself; it becomes a line in the conversation."""
    if row.state == "answered":
        state: CallState = "ended"
        seen_at = min(row.caller_seen_at, row.callee_seen_at) if _is_lost(work, row) else work.now
        outcome = str(seconds_between(row.answered_at, seen_at))
    elif _is_lost(work, row):
        state = outcome = "missed"
    else:
        state = outcome = "declined" if work.actor.user_id == row.callee_id else "cancelled"
    await _set_state(work, row, state)
    await work.run(DROP_SIGNALS, row.id)
    await write_call(
        work,
        conversation_id=row.conversation_id,
        outcome=outcome,
        about=row.callee_id,
        sender_id=row.caller_id,
    )


async def _set_state(work: Work, row: CallRow, state: CallState) -> None:
    await work.run(SET_STATE, row.id, state, work.now)
    tell(work, [row.caller_id, row.callee_id], "call", call_id=str(row.id))


async def _lock(work: Work, call_id: UUID) -> CallRow:
    row = await work.one(LOCK_CALL, work.actor.me, call_id)
    if row is None:
        raise CallMissing
    return row
