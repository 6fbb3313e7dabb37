"""What is held when it is written, and what is not; and what the moderators' decisions teach."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from msgspec.structs import replace

from tests.cast import Visit, sign_up_many
from tests.modules.moderation.acts import (
    ORDINARY,
    SPAM,
    at,
    held_case,
    look,
    publish,
    reported_case,
    rule,
    subject_of,
    undo,
)
from tests.modules.moderation.conftest import RunJobs
from threadly import wiring
from threadly.modules import identity, media, moderation
from threadly.modules.moderation.rules.holds import (
    NEW_ENTRIES,
    NEW_LINKS,
    SAME_HOSTS,
    SAME_LINKS,
    SAME_SHORT,
    SAME_TEXTS,
    SAME_TEXTS_OF_MANY,
)
from threadly.modules.moderation.rules.spam import examples
from threadly.platform.db import sql
from threadly.platform.work import Tenant, Work, Works

assert wiring.MODULES, "it names who is asked about a profile"

LESSONS = sql(
    "moderation.test_lessons",
    "SELECT sum(spam) * 1000 + sum(ham) AS n FROM moderation.lessons WHERE feature = ''",
    into=int,
)


async def lessons(visit: Visit) -> int:
    """A thousand for each text learned as spam, one for each that was not."""
    return await visit.read(lambda work: work.one(LESSONS), fresh=True) or 0


async def test_spam_is_held_with_its_reasons_and_ordinary_posts_and_moderators_are_not(
    bob: Visit, mona: Visit
) -> None:
    assert await publish(bob, ORDINARY) == moderation.Verdict(held=False)
    assert (await publish(mona, SPAM)).held is False
    subject, case_id = await held_case(bob)
    hold = await bob.read(partial(moderation.explain_hold, kind="post", subject_id=subject.id))
    assert hold
    assert (hold.case_id, hold.by_itself) == (case_id, True)
    assert hold.reasons[0].startswith("It reads like spam, mostly because of ")
    # Edited into something nice, it still waits for the moderator who was called.
    edited = await publish(bob, ORDINARY, subject=subject)
    assert edited == moderation.Verdict(held=True, case_id=case_id)
    # Who lets it pass reads what will be seen.
    await publish(bob, ORDINARY, subject=replace(subject, excerpt=ORDINARY))
    assert (await look(mona, case_id)).case.excerpt == ORDINARY
    await rule(mona, case_id, "dismiss")
    assert (await publish(bob, ORDINARY, subject=subject)).held is False


async def test_what_is_shown_beside_a_text_is_judged_with_it_and_makes_no_other_text_of_it(
    bob: Visit,
) -> None:
    async def post(beside: str) -> bool:
        act = partial(moderation.screen, subject=subject_of(bob), text=ORDINARY, beside=beside)
        return (await bob.write(act)).held

    assert await post(SPAM)
    assert [await post(beside) for beside in ("A kiln.", "Another kiln.")] == [False, True]


async def test_a_profile_that_reads_like_spam_is_refused_and_says_why(
    bob: Visit, sarah: Visit, mona: Visit
) -> None:
    spam = SPAM.partition("https")[0]
    with pytest.raises(moderation.ReadsLikeSpam, match="mostly because of"):
        await bob.write(partial(identity.edit_profile, bio=spam))
    await mona.write(partial(identity.edit_profile, bio=spam))
    for line in examples("ham"):
        await bob.read(partial(moderation.refuse_spam, text=line[:80]), fresh=True)
    await bob.write(partial(identity.edit_profile, name="Bob", bio="I bake bread and repair bicycles."))


async def test_a_muted_member_neither_changes_their_profile_nor_invites(
    bob: Visit, sarah: Visit, mona: Visit
) -> None:
    _, case_id = await reported_case(bob, sarah)
    await rule(mona, case_id, "mute", hours=1)
    for act in (
        partial(identity.edit_profile, bio="Me again."),
        partial(media.set_avatar, media_id=None),
        identity.create_invite,
    ):
        with pytest.raises(moderation.Muted):
            await bob.write(act)


async def test_the_same_again_and_again_is_held_and_after_an_hour_it_may_come_again(bob: Visit) -> None:
    assert [(await publish(bob, f"{ORDINARY} {number}")).held for number in range(3)] == [False, False, True]
    subject = subject_of(bob)

    later = datetime.now(UTC) + timedelta(hours=2)
    act = partial(moderation.screen, subject=subject, text=ORDINARY)
    assert not (await at(bob, later, act)).held
    link = "Have a look at https://seeds.example/list"
    said = [f"{link} {word}" for word in ("please", "again", "today", "now")]
    assert [(await publish(bob, text)).held for text in said] == [False, False, False, True]


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("Buy it at Marys", SAME_SHORT),
        ("今天在我们的商店购买所有商品都可以获得非常优惠的价格快来看看吧", SAME_TEXTS),
        ("Seeds are at seeds.example/list", SAME_LINKS),
    ],
)
async def test_what_is_short_or_written_without_spaces_or_a_scheme_is_a_flood_too(
    bob: Visit, text: str, most: int
) -> None:
    said = [text] * most if "/" not in text else [f"{text} {word}" for word in ("a", "bb", "cc", "dd")]
    assert [(await publish(bob, each)).held for each in said] == [False] * (most - 1) + [True]


async def test_short_thanks_under_comments_and_what_others_say_too_are_no_flood(
    bob: Visit, strict: Works, tenant: Tenant
) -> None:
    for _ in range(SAME_SHORT):
        assert not (await publish(bob, "Thank you!", subject=subject_of(bob, kind="comment"))).held
    actors = await sign_up_many(strict, tenant, [f"kind{number}" for number in range(SAME_TEXTS_OF_MANY + 1)])
    for actor in actors:
        assert not (await publish(Visit(strict, tenant, actor), "Good morning!")).held


async def test_links_to_many_pages_of_one_site_are_a_flood_of_that_site(bob: Visit) -> None:
    since = datetime.now(UTC) + timedelta(days=2)  # no account's first day

    async def post(number: int) -> bool:
        text = f"Read https://evil.example/p{number} {'abcdefghijklmnop'[number] * 3}"
        act = partial(moderation.screen, subject=subject_of(bob, text), text=text)
        return (await at(bob, since, act)).held

    held = [await post(number) for number in range(SAME_HOSTS)]
    assert held == [False] * (SAME_HOSTS - 1) + [True]


async def test_many_new_accounts_that_say_the_same_are_a_flood(strict: Works, tenant: Tenant) -> None:
    actors = await sign_up_many(strict, tenant, [f"flood{number}" for number in range(SAME_TEXTS_OF_MANY)])
    held = [(await publish(Visit(strict, tenant, actor), ORDINARY)).held for actor in actors]
    assert held == [False] * (SAME_TEXTS_OF_MANY - 1) + [True]


async def test_a_flood_is_one_however_large_it_is(bob: Visit) -> None:
    async def flood(work: Work) -> bool:
        for _ in range(130):
            verdict = await moderation.screen(work, subject=subject_of(bob), text=ORDINARY)
        return verdict.held

    assert await bob.write(flood)


async def test_on_its_first_day_an_account_writes_so_much_an_hour(bob: Visit, sarah: Visit) -> None:
    for number in range(NEW_ENTRIES):
        assert not (await publish(bob, f"Note {'abcdefghijklmnopqrstuvwxyz'[number]}")).held
    assert (await publish(bob, "One more")).held
    # Conversations go on.
    chat = subject_of(bob, kind="message")
    assert not (await publish(bob, "Are you there?", subject=chat)).held
    places = " ".join(f"https://place{number}.example" for number in range(NEW_LINKS + 1))
    assert (await publish(sarah, f"My favourite gardens: {places}")).held


async def test_it_learns_from_decisions_once_and_unlearns_what_is_undone(
    bob: Visit, sarah: Visit, mona: Visit, run_jobs: RunJobs
) -> None:
    _, held = await held_case(bob)
    await rule(mona, held, "hide")
    assert await run_jobs() == 1
    assert await lessons(mona) == 1000
    await undo(mona, held)
    await run_jobs()
    assert await lessons(mona) == 0
    await rule(mona, held, "dismiss")
    await run_jobs()
    assert await lessons(mona) == 1
    # What was hidden for another reason than spam says nothing of spam.
    _, reported = await reported_case(bob, sarah)
    await rule(mona, reported, "hide")
    await run_jobs()
    assert await lessons(mona) == 1


async def test_a_community_teaches_the_score_its_own_taste(
    bob: Visit, mona: Visit, run_jobs: RunJobs
) -> None:
    """What moderators let pass often enough is not held any more."""
    offer = "Daily betting tips in our telegram group, join now"
    words = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett"]
    held = 0
    for word in words:
        verdict = await publish(bob, f"{offer} {word}")
        if not verdict.held or verdict.case_id is None:
            break
        held += 1
        await rule(mona, verdict.case_id, "dismiss")
        await run_jobs()
    assert 0 < held < len(words)
