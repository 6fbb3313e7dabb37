"""What search does when something happened. Each runs in the transaction that marks its event done, may see
an event again (replay) and does not rely on the order of two events."""

from threadly.modules import feed, identity, moderation, store
from threadly.modules.search.kinds import KINDS, kind_named
from threadly.modules.search.verbs.keeping import erase_author, hide, refresh
from threadly.platform.events import Reactions
from threadly.platform.work import Work

__all__ = ["wire"]


def wire(reactions: Reactions) -> None:
    reactions.on(feed.PostPublished, post_changed, name="search.post_published")
    reactions.on(feed.PostEdited, post_changed, name="search.post_edited")
    reactions.on(feed.PostDeleted, post_changed, name="search.post_deleted")
    reactions.on(store.ProductCreated, product_changed, name="search.product_created")
    reactions.on(store.ProductChanged, product_changed, name="search.product_changed")
    reactions.on(store.ProductArchived, product_changed, name="search.product_archived")
    reactions.on(store.StockChanged, product_changed, name="search.stock_changed")
    reactions.on(identity.UserSignedUp, member_changed, name="search.user_signed_up")
    reactions.on(identity.ProfileEdited, member_changed, name="search.profile_edited")
    reactions.on(identity.AccountDeleted, erase_member, name="search.erase_member")
    reactions.on(moderation.ContentHidden, content_hidden, name="search.content_hidden")
    reactions.on(moderation.ContentRemoved, content_hidden, name="search.content_removed")
    reactions.on(moderation.ContentReleased, content_released, name="search.content_released")


async def post_changed(work: Work, event: feed.PostPublished | feed.PostEdited | feed.PostDeleted) -> None:
    await refresh(work, kind=kind_named("post"), ids=[event.post_id])


async def product_changed(
    work: Work,
    event: store.ProductCreated | store.ProductChanged | store.ProductArchived | store.StockChanged,
) -> None:
    await refresh(work, kind=kind_named("product"), ids=[event.product_id])


async def member_changed(work: Work, event: identity.UserSignedUp | identity.ProfileEdited) -> None:
    await refresh(work, kind=kind_named("user"), ids=[event.user_id])


async def erase_member(work: Work, event: identity.AccountDeleted) -> None:
    """All that was found of the member, and the words that only they had."""
    await erase_author(work, author_id=event.user_id)


async def content_hidden(work: Work, event: moderation.ContentHidden | moderation.ContentRemoved) -> None:
    """At once, whether or not its own module has heard of it."""
    for kind in KINDS:
        if kind.moderated_as == event.kind:
            await hide(work, kind=kind, ids=[event.subject_id])


async def content_released(work: Work, event: moderation.ContentReleased) -> None:
    for kind in KINDS:
        if kind.moderated_as == event.kind:
            await refresh(work, kind=kind, ids=[event.subject_id])
