"""messaging: what is written, numbered, changed and taken back"""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest

from tests.cast import Visit, sign_up
from tests.modules.messaging.acts import begin, changes, history, say, seen
from tests.modules.messaging.conftest import Drain
from threadly.modules import identity, messaging, moderation
from threadly.modules.messaging.rules import MOST_CHARACTERS, clean_content, ice_servers
from threadly.platform.ids import UUID
from threadly.platform.work import Work, Works
from threadly.settings import Settings


def later(who: Visit, by: timedelta) -> Visit:
    """The same person, so much later."""
    works = who._works
    return Visit(
        Works(works.database, works.settings, clock=lambda: datetime.now(UTC) + by), who.tenant, who.actor
    )


async def edit(who: Visit, message_id: UUID, content: str) -> messaging.Message:
    return await who.write(lambda work: messaging.edit_message(work, message_id=message_id, content=content))


async def delete(who: Visit, message_id: UUID) -> None:
    await who.write(lambda work: messaging.delete_message(work, message_id=message_id))


async def test_messages_sent_at_once_have_numbers_without_gaps_and_nobody_misses_one(
    alex: Visit, bob: Visit
) -> None:
    where = (await begin(alex, "bob")).id
    heard: list[messaging.Message] = []

    async def listen() -> None:
        """As a socket does: what is above the last change seen, again and again, while others write."""
        known = 0
        while known < 24:
            for message in await changes(bob, where, known):
                heard.append(message)
                known = message.change

    await asyncio.gather(listen(), *[say(who, where, f"{n}") for n in range(12) for who in (alex, bob)])
    assert [each.seq for each in heard] == list(range(1, 25))
    assert len({each.id for each in heard}) == 24


async def test_a_client_that_repeats_itself_has_said_it_once(alex: Visit, bob: Visit) -> None:
    where = (await begin(alex, "bob")).id
    sent = await asyncio.gather(*[say(alex, where, "Once", client_id="a1") for _ in range(4)])
    assert len({each.id for each in sent}) == 1
    assert sent[0].client_id == "a1"
    assert await history(bob, where) == ["Once"]
    (to_bob,) = await changes(bob, where, 0)
    assert to_bob.client_id is None, "what Alex's program calls it is nobody's business"
    other = await say(bob, where, "Mine", client_id="a1")
    assert other.id != sent[0].id


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        ("  \n ", messaging.MessageEmpty),
        ("\u200b", messaging.MessageEmpty),
        ("x" * (MOST_CHARACTERS + 1), messaging.MessageTooLong),
        ("x" * 100_000, messaging.MessageTooLong),
        ("bell \x07", messaging.MessageUnreadable),
    ],
)
async def test_what_is_no_message_is_refused(
    alex: Visit, bob: Visit, content: str, refusal: type[Exception]
) -> None:
    where = (await begin(alex, "bob")).id
    with pytest.raises(refusal):
        await say(alex, where, content)
    assert clean_content(" é\r\n" + "y" * (MOST_CHARACTERS - 2)) == "é\n" + "y" * (MOST_CHARACTERS - 2)


async def test_an_edit_and_a_deletion_reach_who_was_away_once_each(alex: Visit, bob: Visit) -> None:
    where = (await begin(alex, "bob")).id
    first, second = await say(alex, where, "Frist"), await say(alex, where, "Second")
    known = (await changes(bob, where, 0))[-1].change
    assert (await edit(alex, first.id, "First")).edited_at
    await edit(alex, first.id, "First!")
    await delete(alex, second.id)
    await delete(alex, second.id)
    missed = await changes(bob, where, known)
    assert [(each.id, each.content, each.state) for each in missed] == [
        (first.id, "First!", "sent"),
        (second.id, "", "deleted"),
    ]
    assert [each.seq for each in missed] == [1, 2], "a change keeps its place"
    assert await changes(bob, where, missed[-1].change) == []
    assert await history(bob, where) == ["First!", "[deleted]"]
    with pytest.raises(messaging.MessageMissing):
        await edit(alex, second.id, "Back")


async def test_only_its_sender_changes_a_message_and_not_for_ever(
    alex: Visit, bob: Visit, sarah: Visit
) -> None:
    sent = await say(alex, (await begin(alex, "bob")).id)
    for act in (lambda who: edit(who, sent.id, "Mine"), lambda who: delete(who, sent.id)):
        with pytest.raises(messaging.NotYours):
            await act(bob)
        with pytest.raises(messaging.MessageMissing):
            await act(sarah)
    with pytest.raises(messaging.ChangedTooLate):
        await edit(later(alex, timedelta(minutes=61)), sent.id, "Late")
    with pytest.raises(messaging.ChangedTooLate):
        await delete(later(alex, timedelta(hours=25)), sent.id)
    await delete(later(alex, timedelta(hours=23)), sent.id)


async def case_of(work: Work, event: type[msgspec.Struct], message: messaging.Message) -> None:
    """What moderation says of a message."""
    work.emit(
        event(  # type: ignore[arg-type]  # one of three events of one shape
            case_id=message.id, kind="message", subject_id=message.id, author_id=message.sender_id
        )
    )


async def test_a_reported_message_is_hidden_shown_again_and_removed_as_moderators_decide(
    alex: Visit, bob: Visit, drain: Drain
) -> None:
    where = (await begin(alex, "bob")).id
    sent = await say(alex, where, "Rude")
    await say(bob, where, "Oh")
    report = await bob.write(
        lambda work: messaging.report_message(work, message_id=sent.id, reason="harassment")
    )
    assert report.reason == "harassment"
    for event, to_bob, to_alex in (
        (moderation.ContentHidden, "[hidden]", "[hidden]Rude"),
        (moderation.ContentReleased, "Rude", "Rude"),
        (moderation.ContentRemoved, "[deleted]", "[deleted]"),
    ):
        before = (await changes(bob, where, 0))[-1].change
        await alex.write(lambda work, event=event: case_of(work, event, sent))  # type: ignore[misc]
        await drain()
        assert (await history(bob, where))[0] == to_bob
        assert (await history(alex, where))[0] == to_alex
        assert [each.id for each in await changes(bob, where, before)] == [sent.id]


async def test_a_held_message_arrives_when_it_is_released_and_as_new(
    alex: Visit, bob: Visit, drain: Drain, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    where = (await begin(alex, "bob")).id
    sent = await say(alex, where, "Buy now")
    # As `send_message` leaves it when moderation holds it.
    await owner.execute("UPDATE messaging.messages SET hidden = true, shown = false WHERE id = $1", sent.id)
    assert await history(alex, where) == ["[held]Buy now"]
    assert await history(bob, where) == []
    assert await bob.read(messaging.count_unread) == 0
    await say(bob, where, "Hm")
    await alex.write(lambda work: case_of(work, moderation.ContentReleased, sent))
    await drain()
    assert await history(bob, where) == ["Hm", "Buy now"]
    assert await bob.read(messaging.count_unread) == 1


async def test_what_a_stranger_makes_of_a_message_afterwards_is_looked_at_too(
    alex: Visit, bob: Visit
) -> None:
    where = (await begin(alex, "bob")).id
    sent = await say(alex, where, "Hello, we met at the market.")
    spam = "CHEAP viagra pills, FREE MONEY, click now http://pills.example http://money.example"
    assert (await edit(alex, sent.id, spam)).state == "hidden"
    assert await history(bob, where) == ["[hidden]"]


async def test_a_deleted_account_leaves_places_and_no_words(
    alex: Visit, bob: Visit, sarah: Visit, drain: Drain, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    where = (await begin(alex, "bob")).id
    group = (await begin(alex, "bob", "sarahj", title="Three")).id
    await say(alex, where, "Secret")
    await say(bob, where, "Kept")
    await say(alex, group, "Secret too")
    await alex.write(lambda work: messaging.start_call(work, conversation_id=where))
    known = (await changes(bob, where, 0))[-1].change
    await alex.write(lambda work: identity.delete_account(work, user_id=alex.actor.me))
    await drain()
    assert await history(bob, where) == ["[deleted]", "Kept"]
    assert [each.sender for each in await changes(bob, where, known)] == [None]
    assert [each.people for each in await seen(sarah)] == [
        [messaging.Person(bob.actor.me, "bob", "Bob", None)]
    ]
    for table, column in (
        ("messages", "content"),
        ("messages", "client_id"),
        ("conversations", "direct_key"),
    ):
        found = await owner.fetch(
            f"SELECT {column} FROM messaging.{table} WHERE tenant_id = $1",  # from the line above
            alex.tenant.id,
        )
        assert not [each[0] for each in found if each[0] and "Secret" in each[0]]
        assert not [each[0] for each in found if each[0] and str(alex.actor.me) in each[0]]
    assert not await owner.fetchval(
        "SELECT count(*) FROM messaging.members WHERE user_id = $1", alex.actor.me
    )
    assert not await owner.fetchval(
        "SELECT count(*) FROM messaging.calls WHERE caller_id = $1", alex.actor.me
    )
    # Somebody new by that name is nobody they know.
    await sign_up(alex._works, alex.tenant, "alexsmith")
    assert (await begin(bob, "alexsmith")).id != where


def test_a_relay_takes_names_that_end_and_are_signed() -> None:
    settings = Settings(
        stun_urls=("stun:turn.example:3478",), turn_urls=("turn:turn.example:3478",), turn_secret="a secret"
    )
    now = datetime(2026, 1, 1, tzinfo=UTC)
    stun, turn = ice_servers(settings, user_id=UUID(int=7), now=now)
    assert stun.urls == ["stun:turn.example:3478"]
    assert turn.username == f"{int(now.timestamp()) + 6 * 3_600}:{UUID(int=7)}"
    # What `openssl dgst -sha1 -hmac` says of that name and secret.
    assert turn.credential == "+8Fu0WT7sV0pnyPOuaA0H1uAUM0="
