"""Whom somebody could follow, and why"""

from datetime import UTC, datetime, timedelta

from tests.cast import Visit
from tests.modules.feed.acts import every_page, follow, publish, unfollow
from tests.modules.feed.conftest import Crowd, SignUp
from threadly.modules import feed, identity, moderation
from threadly.platform.runtime import Runtime
from threadly.platform.work import Works


async def suggestions(whom: Visit) -> dict[str, tuple[str, str]]:
    """Kind and sentence of the reason, by username, in their order."""
    page = await whom.read(lambda work: feed.list_people_to_follow(work))
    found: dict[str, tuple[str, str]] = {}
    for person in page.items:
        assert person.reason
        assert person.reason.advice
        found[person.username] = (person.reason.kind, person.reason.sentence)
    return found


async def test_those_closest_come_first_each_with_the_reason(
    alex: Visit, bob: Visit, sarah: Visit, join: SignUp, crowd: Crowd, runtime: Runtime
) -> None:
    ada, kareem, omar, mona = [await join(name) for name in ("ada", "kareem", "omar", "mona")]
    for fan in await crowd(3):
        await follow(fan, omar)
    # Alex follows Bob and Sarah; both follow Ada, and one of them Kareem.
    await follow(alex, bob)
    await follow(alex, sarah)
    for friend, whom in ((bob, ada), (sarah, ada), (bob, kareem), (bob, alex), (sarah, bob)):
        await follow(friend, whom)
    await publish(alex, "More #python")
    await publish(mona, "Some #Python for everybody")
    await publish(mona, "A #secret about #tea", visibility="followers")
    found = await suggestions(alex)
    assert list(found)[:4] == ["ada", "kareem", "mona", "omar"]
    assert found["ada"] == ("friends", "Followed by Sarah Johnson and 1 other you follow")
    assert found["kareem"] == ("friends", "Followed by Bob")
    assert found["mona"] == ("tag", "Posts about #python like you")
    assert found["omar"] == ("popular", "Popular: 3 people follow them")
    assert found["member0"] == ("new", "New here")
    assert not {"alexsmith", "bob", "sarahj"} & set(found)
    later = Works(runtime.database, runtime.settings, clock=lambda: datetime.now(UTC) + timedelta(days=31))
    assert (await suggestions(Visit(later, alex.tenant, alex.actor)))["member0"][0] == "member"
    # Without an account there is nobody close, but somebody popular.
    assert next(iter(await suggestions(Visit(later, alex.tenant)))) == "omar"


async def test_suggestions_are_paged_without_gaps_or_repeats(
    alex: Visit, bob: Visit, crowd: Crowd, join: SignUp
) -> None:
    people = await crowd(9)
    await follow(alex, bob)
    for person in people[:3]:
        await follow(bob, person)
    for person in people[2:6]:
        await follow(person, people[8])
    found = await every_page(alex, lambda work, after: feed.list_people_to_follow(work, after=after, limit=2))
    assert len(found) == len({person.id for person in found}) == 9
    assert {person.id for person in found[:3]} == {person.actor.me for person in people[:3]}
    assert found[3].id == people[8].actor.me


async def suggested(
    whom: Visit, candidates: list[feed.Candidate], *, limit: int = 3
) -> list[tuple[str, str, str]]:
    """Of candidates who were found earlier."""
    people = await whom.read(
        lambda work: feed.list_suggested(work, candidates=candidates, limit=limit), fresh=True
    )
    return [
        (person.username, person.reason.kind, person.reason.sentence) for person in people if person.reason
    ]


async def test_candidates_that_were_found_earlier_are_shown_as_they_are_now(
    alex: Visit, bob: Visit, sarah: Visit, join: SignUp
) -> None:
    ada, kareem, omar, mona, lena = [await join(name) for name in ("ada", "kareem", "omar", "mona", "lena")]
    await follow(alex, bob)
    for whom in (ada, kareem, omar, mona, lena):
        await follow(bob, whom)
    candidates = await alex.read(feed.list_candidates)
    live = await alex.read(lambda work: feed.list_people_to_follow(work, limit=3))
    first = await suggested(alex, candidates)
    assert [each[0] for each in first] == [person.username for person in live.items]
    assert {each[1:] for each in first} == {("friends", "Followed by Bob")}
    # Whoever is followed, muted or gone meanwhile is not suggested, nor is a friend named who is none.
    assert len(candidates) == 6
    await follow(alex, lena)
    await alex.write(lambda work: moderation.mute_member(work, member="mona"))
    await kareem.write(lambda work: identity.delete_account(work, user_id=kareem.actor.me))
    await unfollow(alex, bob)
    found = await suggested(alex, candidates)
    assert [each[0] for each in found] == ["omar", "ada", "sarahj"]
    assert {each[1] for each in found} == {"new"}
    # If they do not fill the place, everybody is asked for.
    everybody = await suggested(alex, candidates[:3], limit=4)
    assert {each[0] for each in everybody} == {"bob", "omar", "ada", "sarahj"}
    assert len(await suggested(alex, [])) == 3


async def test_following_somebody_finds_the_candidates_anew(
    runtime: Runtime, alex: Visit, bob: Visit, sarah: Visit, join: SignUp
) -> None:
    ada = await join("ada")
    await follow(bob, ada)

    async def usernames() -> list[str]:
        async def candidates() -> list[feed.Candidate]:
            return await alex.read(feed.list_candidates, fresh=True)

        found = await runtime.cache.get_or_make(
            "feed.candidates",
            tenant_id=alex.tenant.id,
            ttl_s=60,
            make=candidates,
            into=list[feed.Candidate],
            tags=(feed.candidates_tag(alex.actor.me),),
        )
        return [each[0] for each in await suggested(alex, found, limit=1)]

    assert await usernames() == ["ada"]
    await follow(sarah, bob)
    await follow(ada, bob)
    assert await usernames() == ["ada"]
    await follow(alex, sarah)
    assert await usernames() == ["bob"]
    await unfollow(alex, sarah)
    assert await usernames() == ["bob"]
