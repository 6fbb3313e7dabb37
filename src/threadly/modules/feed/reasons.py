"""Why somebody sees what is not simply the next in time: one sentence, and what to do about it. Pure."""

from datetime import datetime, timedelta
from typing import Final

from threadly.modules.feed.repository.rows import SuggestedRow
from threadly.modules.feed.types import Reason

__all__ = ["EXPLORED", "pulled", "suggested", "trending"]

# How long somebody is new, and from how many followers on they are popular.
NEW_FOR: Final = timedelta(days=30)
POPULAR_FROM: Final = 3

EXPLORED: Final = Reason(
    "explore",
    "Explore shows every public post, the newest first. Nothing ranks them.",
    "To see less of somebody, mute them: they are not told.",
)


def trending(place: int) -> Reason:
    """`place` counts from one."""
    rank = "the post that was" if place == 1 else f"number {place} of the posts that were"
    return Reason(
        "trending",
        f"It is {rank} liked most in the last 24 hours, by anybody in the community.",
        "What you like counts too. Muted people do not appear here.",
    )


def pulled(name: str) -> Reason:
    return Reason(
        "pulled",
        f"You follow {name}, who has very many followers: such posts join your feed when you open it, "
        "in their place by time.",
        f"To stop seeing them, mute or unfollow {name}.",
    )


def suggested(row: SuggestedRow, *, now: datetime) -> Reason:
    if row.friend:
        others = row.friend_count - 1
        more = (
            ""
            if not others
            else " and 1 other you follow"
            if others == 1
            else f" and {others} others you follow"
        )
        return Reason("friends", f"Followed by {row.friend}{more}", _ADVICE)
    if row.tag:
        return Reason("tag", f"Posts about #{row.tag} like you", _ADVICE)
    if row.follower_count >= POPULAR_FROM:
        return Reason("popular", f"Popular: {row.follower_count:,} people follow them", _ADVICE)
    if now - row.joined_at < NEW_FOR:
        return Reason("new", "New here", _ADVICE)
    return Reason("member", "A member of this community", _ADVICE)


_ADVICE: Final = "Suggestions come from whom you follow and which tags you use. Mute somebody and they go."
