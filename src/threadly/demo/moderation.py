"""What waits for the demo's moderator: reports of a post and of a member, a held post, and an appeal."""

from collections.abc import Mapping
from datetime import timedelta

from threadly.modules import feed, identity, moderation
from threadly.platform.ids import UUID
from threadly.platform.work import SYSTEM, Actor, Work

__all__ = ["HARSH", "RUDE", "seed_cases"]

# Somebody who came this morning to sell something.
NEWCOMER = "quickdeals"
JOINED_BEFORE = timedelta(hours=9)
SPAM = (
    "LAST CHANCE!!! Guaranteed profit every day with our crypto group, no experience needed."
    " Click here now https://quick-deals.example and claim your bonus"
)
RUDE = "Some of the questions in this group make me wonder how people find the keyboard at all."
HARSH = "If you cannot read the manual, do not ask. That goes for everybody who started this month."


async def seed_cases(
    work: Work, *, ids: Mapping[str, UUID], posts: Mapping[str, UUID], password_hash: str
) -> None:
    """Through the verbs, as the people concerned; `work` is left acting as nobody in particular. `posts` are
    those of the demo by what they say, RUDE and HARSH among them."""
    now = work.now
    work.actor = SYSTEM
    joined = now - JOINED_BEFORE
    member = identity.NewMember(
        NEWCOMER, f"{NEWCOMER}@example.com", "Quick Deals", "Best prices, fast.", joined
    )
    await identity.import_members(work, members=[member], password_hash=password_hash)
    work.now = now - timedelta(hours=6)
    await _report(work, ids["bob"], posts[RUDE], "I think that is about me.")
    await _report(work, ids["priya"], posts[RUDE], "")
    harsh_case = await _report(work, ids["ines"], posts[HARSH], "Beginners read this.")
    await _spam(work)
    await _decided(work, ids, harsh_case)
    work.now = now


async def _report(work: Work, reporter: UUID, post_id: UUID, note: str) -> UUID:
    work.now += timedelta(minutes=21)
    _act_as(work, reporter)
    return (await feed.report_post(work, post_id=post_id, reason="harassment", note=note)).case_id


async def _spam(work: Work) -> None:
    (newcomer,) = await identity.list_profiles_by_username(work, usernames=[NEWCOMER])
    _act_as(work, newcomer.id)
    await feed.publish_post(work, content=SPAM)


async def _decided(work: Work, ids: Mapping[str, UUID], case_id: UUID) -> None:
    work.now += timedelta(minutes=30)
    work.actor = Actor(ids["mona"], frozenset({"moderation.decide"}))
    note = "Everybody began once. Please say it in a way that helps."
    await moderation.decide(work, case_id=case_id, action="hide", note=note)
    work.now += timedelta(minutes=50)
    _act_as(work, ids["kareem"])
    text = "It was a bad day and I was short. I would rather delete the first sentence than the whole post."
    await moderation.file_appeal(work, case_id=case_id, text=text)


def _act_as(work: Work, user_id: UUID) -> None:
    work.actor = Actor(user_id)
