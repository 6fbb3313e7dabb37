"""One open socket of a member: commands become verbs, hints become what is read from the database.

Of each conversation it knows the last change that it told. Hints may come late, twice, in another order or
not at all; what is told is always what the database has above that number, in order.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from secrets import token_hex
from typing import Any, Final, TypeVar

import msgspec

from threadly.modules import messaging
from threadly.modules.messaging.live import channel_for, tell_now
from threadly.modules.messaging.socket import frames
from threadly.platform.errors import Refusal
from threadly.platform.http.socket_line import Line
from threadly.platform.http.sockets import BEAT_S, Guest
from threadly.platform.ids import UUID
from threadly.platform.pubsub import Hint, Marker, News
from threadly.platform.telemetry.tracing import continue_trace, span
from threadly.platform.work import Work

__all__ = ["open_talk"]

T = TypeVar("T")

# Of how many conversations a socket knows where it stands; of others it is told what is new only.
MOST_KNOWN: Final = 2_000
# Messages that are read at once for a client that was away: they must fit into what may wait to be sent.
MOST_AT_ONCE: Final = 10
# Whom to tell of typing is remembered for this many conversations.
MOST_REMEMBERED: Final = 50

_decode = msgspec.json.Decoder(frames.Command).decode


def open_talk(guest: Guest, line: Line) -> "_Talk":
    return _Talk(guest, line)


class _Talk:
    def __init__(self, guest: Guest, line: Line) -> None:
        self._guest = guest
        self._line = line
        self._me = guest.actor.me
        self._holder = token_hex(8)
        self._known: dict[UUID, int] = {}
        self._knows_all = True
        # A hint could not be followed up.
        self._behind = False
        self._others: dict[UUID, list[UUID]] = {}
        self._watched: list[UUID] = []
        self._online: list[UUID] | None = None
        self._call: UUID | None = None
        self._signal = 0
        self._acts: Mapping[type, Callable[[Any], Awaitable[object]]] = {
            frames.SendMessage: self._send,
            frames.EditMessage: self._edit,
            frames.DeleteMessage: self._delete,
            frames.MarkConversation: self._mark,
            frames.Typing: self._tell_typing,
            frames.Resume: self._resume,
            frames.WatchPresence: self._watch,
            frames.StartCall: self._start_call,
            frames.JoinCall: self._join,
            frames.AnswerCall: self._answer_call,
            frames.EndCall: self._end_call,
            frames.SendSignal: self._send_signal,
        }

    @property
    def channels(self) -> Sequence[str]:
        return [channel_for(self._guest.tenant.id, self._me)]

    @property
    def commands(self) -> Collection[str]:
        return frames.COMMANDS

    async def begin(self) -> None:
        self._known = await self._read(lambda work: messaging.list_known(work, limit=MOST_KNOWN))
        self._knows_all = len(self._known) < MOST_KNOWN
        self._line.say(frames.Hello(self._me, BEAT_S))
        if ringing := await self._read(messaging.find_ringing):
            self._line.say(frames.CallNews(ringing))
        await self._be_here()

    async def beat(self) -> None:
        await self._be_here()
        if self._call:
            call_id = self._call
            await self._write(lambda work: messaging.see_call(work, call_id=call_id))
        await self._look_around()
        if self._behind or not self._guest.runtime.pubsub.connected:
            await self._catch_up()
            self._behind = False

    async def end(self) -> None:
        await self._guest.runtime.presence.gone(self._guest.tenant.id, self._me, self._holder)

    # Commands

    async def obey(self, name: str, raw: bytes) -> object:
        if name not in frames.COMMANDS:
            raise msgspec.ValidationError(f"There is no command “{name[:32]}”")
        command = _decode(raw)
        return await self._acts[type(command)](command)

    async def _edit(self, it: frames.EditMessage) -> messaging.Message:
        return await self._write(
            lambda work: messaging.edit_message(work, message_id=it.message_id, content=it.content)
        )

    async def _delete(self, it: frames.DeleteMessage) -> None:
        await self._write(lambda work: messaging.delete_message(work, message_id=it.message_id))

    async def _mark(self, it: frames.MarkConversation) -> messaging.Marks:
        return await self._write(
            lambda work: messaging.mark(
                work,
                conversation_id=it.conversation_id,
                read=it.read_seq,
                delivered=it.delivered_seq,
            )
        )

    async def _start_call(self, it: frames.StartCall) -> frames.CallStarted:
        call = await self._write(
            lambda work: messaging.start_call(work, conversation_id=it.conversation_id, media=it.media)
        )
        return await self._join(frames.JoinCall(call.id))

    async def _answer_call(self, it: frames.AnswerCall) -> messaging.Call:
        return await self._write(lambda work: messaging.answer_call(work, call_id=it.call_id))

    async def _end_call(self, it: frames.EndCall) -> messaging.Call:
        return await self._write(lambda work: messaging.end_call(work, call_id=it.call_id))

    async def _send_signal(self, it: frames.SendSignal) -> messaging.Signal:
        return await self._write(
            lambda work: messaging.send_signal(work, call_id=it.call_id, kind=it.kind, body=it.body)
        )

    async def _send(self, it: frames.SendMessage) -> messaging.Message:
        sent = await self._write(
            lambda work: messaging.send_message(
                work,
                conversation_id=it.conversation_id,
                content=it.content,
                media_ids=it.media_ids,
                client_id=it.client_id,
            )
        )
        # Nothing was missed before it: its own hint has nothing to add to the answer.
        if self._known.get(it.conversation_id) == sent.change - 1:
            self._known[it.conversation_id] = sent.change
        return sent

    async def _tell_typing(self, it: frames.Typing) -> None:
        conversation_id = it.conversation_id
        if conversation_id not in self._others:
            if len(self._others) >= MOST_REMEMBERED:
                self._others.clear()
            self._others[conversation_id] = await self._read(
                lambda work: messaging.list_others(work, conversation_id=conversation_id)
            )
        await tell_now(
            self._guest.runtime.pubsub,
            self._guest.tenant.id,
            self._others[conversation_id],
            "typing",
            conversation_id=str(conversation_id),
            user_id=str(self._me),
        )

    async def _resume(self, it: frames.Resume) -> frames.Resumed:
        told, conversations = 0, it.conversations
        for conversation_id, change in conversations.items():
            self._known[conversation_id] = change
        for conversation_id in await self._read(
            lambda work: messaging.list_behind(work, known=dict(conversations))
        ):
            if conversation_id in conversations:
                told += await self._tell_changes(conversation_id)
        return frames.Resumed(told)

    async def _watch(self, it: frames.WatchPresence) -> frames.PresenceNews:
        self._watched = await self._read(lambda work: messaging.list_in_touch(work, user_ids=it.user_ids))
        self._online = await self._who_is_online()
        return frames.PresenceNews(self._online)

    async def _join(self, it: frames.JoinCall) -> frames.CallStarted:
        call_id, since = it.call_id, it.since

        async def look(work: Work) -> frames.CallStarted:
            signals = await messaging.list_signals(work, call_id=call_id, since=since)
            return frames.CallStarted(
                await messaging.get_call(work, call_id=call_id),
                await messaging.list_ice_servers(work),
                signals,
            )

        found = await self._read(look)
        self._call = call_id
        self._signal = max([since, *[each.number for each in found.signals]])
        theirs = [each for each in found.signals if each.sender_id != self._me]
        return msgspec.structs.replace(found, signals=theirs)

    # Hints

    async def hear(self, item: News) -> None:
        try:
            if isinstance(item, Marker):
                await self._catch_up()
            else:
                await self._hear_hint(item)
        except (messaging.ConversationMissing, messaging.CallMissing):
            return  # one is not in it any more
        except Refusal:
            self._behind = True  # the database is away: looked for at the next beat

    async def _hear_hint(self, hint: Hint) -> None:
        payload = hint.payload
        traceparent = str(payload.get("traceparent") or "")
        if not traceparent:
            await self._act_on(payload)
            return
        tenant = self._guest.tenant
        with (
            continue_trace(traceparent, tenant=tenant.slug, tenant_id=tenant.id),
            span(f"socket {payload.get('what')}"),
        ):
            await self._act_on(payload)

    async def _act_on(self, payload: Mapping[str, object]) -> None:
        conversation = str(payload.get("conversation_id"))
        match payload.get("what"):
            case "change":
                await self._hear_change(UUID(conversation), payload.get("change"))
            case "marks":
                self._line.say(msgspec.convert(payload, frames.MarksNews, strict=False))
            case "typing" if payload.get("user_id") != str(self._me):
                self._line.say(frames.TypingNews(conversation, str(payload.get("user_id"))))
            case "conversation":
                self._others.pop(UUID(conversation), None)
                self._line.say(frames.ConversationNews(conversation))
            case "left":
                self._known.pop(UUID(conversation), None)
                self._others.pop(UUID(conversation), None)
                self._line.say(frames.Left(conversation))
            case "call":
                await self._hear_call(UUID(str(payload.get("call_id"))))
            case "signal" if str(self._call) == payload.get("call_id"):
                await self._tell_signals()

    async def _hear_change(self, conversation_id: UUID, change: object) -> None:
        number = change if isinstance(change, int) else None
        if conversation_id not in self._known:
            self._known[conversation_id] = 0 if self._knows_all or number is None else number - 1
        if number is None or number > self._known[conversation_id]:
            await self._tell_changes(conversation_id)

    async def _tell_changes(self, conversation_id: UUID) -> int:
        told = 0
        while True:
            await self._line.room()
            since = self._known.get(conversation_id, 0)
            found = await self._read(
                lambda work, since=since: messaging.list_changes(  # type: ignore[misc]
                    work, conversation_id=conversation_id, since=since, limit=MOST_AT_ONCE
                )
            )
            for message in found.messages:
                self._line.say(frames.MessageNews(message))
                self._known[conversation_id] = message.change
                if message.kind == "notice":
                    self._others.pop(conversation_id, None)
            told += len(found.messages)
            if not found.more or self._line.closing:
                return told

    async def _hear_call(self, call_id: UUID) -> None:
        call = await self._read(lambda work: messaging.get_call(work, call_id=call_id))
        self._line.say(frames.CallNews(call))
        if call_id == self._call and call.state not in ("ringing", "answered"):
            self._call = None

    async def _tell_signals(self) -> None:
        call_id, since = self._call, self._signal
        if call_id is None:
            return
        for signal in await self._read(
            lambda work: messaging.list_signals(work, call_id=call_id, since=since)
        ):
            self._signal = max(self._signal, signal.number)
            if signal.sender_id != self._me:
                self._line.say(frames.SignalNews(signal))

    async def _catch_up(self) -> None:
        """Whatever the hints would have said."""
        behind = await self._read(lambda work: messaging.list_behind(work, known=self._known))
        for conversation_id in behind:
            if conversation_id in self._known or self._knows_all:
                await self._tell_changes(conversation_id)
        if self._call:
            await self._hear_call(self._call)
            await self._tell_signals()
        elif ringing := await self._read(messaging.find_ringing):
            self._line.say(frames.CallNews(ringing))

    # Presence

    async def _be_here(self) -> None:
        await self._guest.runtime.presence.here(self._guest.tenant.id, self._me, self._holder)

    async def _look_around(self) -> None:
        if self._watched and (online := await self._who_is_online()) != self._online:
            self._online = online
            self._line.say(frames.PresenceNews(online))

    async def _who_is_online(self) -> list[UUID]:
        return await self._guest.runtime.presence.list_online(self._guest.tenant.id, self._watched)

    # Works

    async def _read(self, act: Callable[[Work], Awaitable[T]]) -> T:
        """From the primary: what a hint speaks of may not have reached a replica."""
        async with self._guest.runtime.works.read(self._guest.tenant, self._guest.actor, fresh=True) as work:
            return await act(work)

    async def _write(self, act: Callable[[Work], Awaitable[T]]) -> T:
        return await self._guest.runtime.works.attempt(self._guest.tenant, self._guest.actor, act)
