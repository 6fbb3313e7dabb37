"""People: who follows whom, and their numbers."""

from collections.abc import Sequence

from threadly.modules import identity
from threadly.modules.feed.errors import SelfFollow
from threadly.modules.feed.events import FollowEnded, FollowStarted
from threadly.modules.feed.repository.people import (
    FOLLOW,
    FOLLOWERS,
    FOLLOWING,
    IS_APART,
    NUMBERS,
    PEOPLE_TO_FOLLOW,
    STILL_TO_FOLLOW,
    UNFOLLOW,
)
from threadly.modules.feed.repository.rows import SuggestedRow
from threadly.modules.feed.types import Candidate, Member, Person
from threadly.modules.feed.verbs.rows import FEED_MODERATE, page_of_people, suggestion_of
from threadly.platform.ids import LAST_ID, UUID, new_id
from threadly.platform.paging import Keyset, Page, id_before
from threadly.platform.work import Work

# Above every follower count that there can be.
MOST_FOLLOWED = 2**31 - 1
# How many are kept as candidates: so that some are left once the first were followed.
CANDIDATES = 12


async def get_member(work: Work, *, member: str) -> Member:
    """The profile and numbers of `member`: a username, an id, or "me".

    Raises SignInRequired, and identity.AccountMissing, also where one of the two blocks the other.
    """
    profile = await identity.get_profile(work, id_or_username=member)
    numbers = await work.one(NUMBERS, work.actor.user_id, profile.id)
    assert numbers, "the statement always answers"
    if numbers.apart and not work.actor.may(FEED_MODERATE):
        raise identity.AccountMissing
    return Member(
        profile.id,
        profile.username,
        profile.name,
        profile.bio,
        profile.website,
        profile.avatar_url,
        profile.created_at,
        numbers.follower_count,
        numbers.following_count,
        numbers.post_count,
        numbers.followed_by_me,
        numbers.muted_by_me,
    )


async def get_profile(work: Work, *, member: str) -> identity.Profile:
    """Whom a list is about: as `get_member`, without the numbers."""
    profile = await identity.get_profile(work, id_or_username=member)
    if work.actor.user_id is None or work.actor.may(FEED_MODERATE):
        return profile
    if await work.one(IS_APART, work.actor.user_id, profile.id):
        raise identity.AccountMissing
    return profile


async def follow_member(work: Work, *, member: str) -> identity.Profile:
    """The actor follows `member` from now on; twice is the same.

    Raises SignInRequired, SelfFollow, and identity.AccountMissing, also where one blocks the other.
    """
    follower = work.actor.me
    followee = await identity.get_profile(work, id_or_username=member)
    if followee.id == follower:
        raise SelfFollow
    if await work.one(IS_APART, follower, followee.id):
        raise identity.AccountMissing
    if await work.run(FOLLOW, new_id(), follower, followee.id, work.now, work.settings.feed_pull_threshold):
        work.forget(candidates_tag(follower))
        work.emit(FollowStarted(follower_id=follower, followee_id=followee.id))
    return followee


async def unfollow_member(work: Work, *, member: str) -> identity.Profile:
    """The actor does not follow `member`, or not any more. Raises SignInRequired, identity.AccountMissing."""
    follower = work.actor.me
    followee = await identity.get_profile(work, id_or_username=member)
    if await work.run(UNFOLLOW, follower, followee.id):
        work.forget(candidates_tag(follower))
        work.emit(FollowEnded(follower_id=follower, followee_id=followee.id))
    return followee


async def list_followers(
    work: Work, *, user_id: UUID, after: Keyset | None = None, limit: int = 20
) -> Page[Person]:
    """Who follows the member, latest first."""
    rows = await work.all(FOLLOWERS, work.actor.user_id, user_id, id_before(after), limit + 1)
    return page_of_people(rows, limit=limit)


async def list_following(
    work: Work, *, user_id: UUID, after: Keyset | None = None, limit: int = 20
) -> Page[Person]:
    """Whom the member follows, latest first."""
    rows = await work.all(FOLLOWING, work.actor.user_id, user_id, id_before(after), limit + 1)
    return page_of_people(rows, limit=limit)


async def list_people_to_follow(work: Work, *, after: Keyset | None = None, limit: int = 20) -> Page[Person]:
    """Members whom the actor does not follow, each with the reason: first those whom the actor's own people
    follow or who write about the same tags, then the most followed, then the newest."""
    place, last = (int(after[0]), UUID(after[1])) if after else (MOST_FOLLOWED, LAST_ID)
    rows = await work.all(PEOPLE_TO_FOLLOW, work.actor.user_id, place, last, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(
        [suggestion_of(row, work) for row in rows], (str(rows[-1].place), str(rows[-1].id)) if more else None
    )


def candidates_tag(user_id: UUID | None) -> str:
    """What in the cache depends on whom the member follows."""
    return f"feed.candidates:{user_id}"


async def list_candidates(work: Work) -> list[Candidate]:
    """The first of `list_people_to_follow`, for `list_suggested`; worth caching for each member."""
    rows = await work.all(PEOPLE_TO_FOLLOW, work.actor.user_id, MOST_FOLLOWED, LAST_ID, CANDIDATES)
    return [Candidate(row.place, row.id, row.friend_id, row.friend_count, row.tag) for row in rows]


async def list_suggested(work: Work, *, candidates: Sequence[Candidate], limit: int) -> list[Person]:
    """The first of those candidates whom the actor could still follow, as they are now; if there are not
    enough of them, of everybody."""
    rows: list[SuggestedRow] = []
    if len(candidates) >= limit:
        columns = [[getattr(each, name) for each in candidates] for name in Candidate.__struct_fields__]
        rows = await work.all(STILL_TO_FOLLOW, work.actor.user_id, *columns, limit)
    if len(rows) < limit:
        rows = await work.all(PEOPLE_TO_FOLLOW, work.actor.user_id, MOST_FOLLOWED, LAST_ID, limit)
    return [suggestion_of(row, work) for row in rows]
