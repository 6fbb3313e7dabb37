"""What notifications does when something happened. Each runs in the transaction that marks its event done,
may see an event again (replay) and does not rely on the order of two events."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid5

from threadly.modules import feed, identity, messaging, moderation, payments, store
from threadly.modules.notifications.jobs import TOLD_WITH_EVENT, tell_more_followers
from threadly.modules.notifications.repository.forgetting import (
    ERASE_MEMBER,
    RETRACT_ACTOR,
    RETRACT_BETWEEN,
    RETRACT_CASE,
    RETRACT_REPLY,
    RETRACT_SHOWN,
    RETRACT_STOCK,
    RETRACT_THREAD,
)
from threadly.modules.notifications.repository.reading import READ_GROUP
from threadly.modules.notifications.repository.telling import READERS, WRITTEN, Written
from threadly.modules.notifications.rules import NEEDS
from threadly.modules.notifications.signals import ring
from threadly.modules.notifications.verbs.telling import Fact, post_fact, retract, tell, tell_followers
from threadly.platform.events import Reactions
from threadly.platform.ids import FIRST_ID, UUID
from threadly.platform.work import Work

__all__ = ["wire"]

# The group of facts that are one entry whatever they are about.
EVERYTHING: Final = FIRST_ID
# Where an order stands when what is to be told of it is behind it. (Cancelled it stays, and each refund is
# news.)
LEFT_BEHIND: Final[Mapping[str, frozenset[str]]] = {
    "waiting": frozenset({"paid", "fulfilled", "cancelled", "refunded", "partially_refunded"}),
    "paid": frozenset({"fulfilled", "cancelled", "refunded", "partially_refunded"}),
    "sent": frozenset({"cancelled", "refunded", "partially_refunded"}),
}
# What a decision is about, in the words of who wrote it.
WHAT: Final[Mapping[str, str]] = {
    "post": "post",
    "comment": "comment",
    "product": "product",
    "message": "message",
    "member": "profile",
}


def wire(reactions: Reactions) -> None:
    reactions.on(feed.FollowStarted, tell_of_follower, name="notifications.follow")
    reactions.on(feed.PostLiked, tell_of_like, name="notifications.like")
    reactions.on(feed.CommentPublished, tell_of_comment, name="notifications.comment")
    reactions.on(feed.PostPublished, tell_of_post, name="notifications.post")
    reactions.on(feed.PostEdited, tell_of_edit, name="notifications.post_edited")
    reactions.on(feed.PostDeleted, retract_post, name="notifications.retract_post")
    reactions.on(messaging.MessageSent, tell_of_message, name="notifications.message")
    reactions.on(messaging.ConversationRead, read_messages, name="notifications.messages_read")
    reactions.on(payments.PaymentSaved, tell_of_waiting, name="notifications.order_waiting")
    reactions.on(store.OrderPaid, tell_of_payment, name="notifications.order_paid")
    reactions.on(store.OrderSent, tell_of_sending, name="notifications.order_sent")
    reactions.on(store.OrderCancelled, tell_of_cancelling, name="notifications.order_cancelled")
    reactions.on(store.OrderRefunded, tell_of_refund, name="notifications.order_refunded")
    reactions.on(moderation.ContentHidden, tell_of_hiding, name="notifications.content_hidden")
    reactions.on(moderation.ContentReleased, tell_of_release, name="notifications.content_released")
    reactions.on(moderation.ContentRemoved, tell_of_removal, name="notifications.content_removed")
    reactions.on(moderation.MemberWarned, tell_of_warning, name="notifications.member_warned")
    reactions.on(moderation.MemberMuted, tell_of_muting, name="notifications.member_muted")
    reactions.on(moderation.MemberReinstated, tell_of_return, name="notifications.member_reinstated")
    reactions.on(moderation.ReportAnswered, tell_of_report, name="notifications.report_answered")
    reactions.on(moderation.AppealAnswered, tell_of_appeal, name="notifications.appeal_answered")
    reactions.on(moderation.CaseOpened, tell_of_case, name="notifications.case_opened")
    reactions.on(moderation.CaseSettled, retract_case, name="notifications.case_settled")
    reactions.on(store.OrderPaid, tell_of_sale, name="notifications.sale")
    reactions.on(store.StockChanged, tell_of_stock, name="notifications.stock_changed")
    reactions.on(moderation.BlockStarted, separate, name="notifications.separate")
    reactions.on(moderation.MuteStarted, silence, name="notifications.silence")
    reactions.on(identity.AccountDeleted, erase_member, name="notifications.erase_member")


# The feed


async def tell_of_follower(work: Work, event: feed.FollowStarted) -> None:
    fact = Fact("follow", event.followee_id, event.follower_id, event.follower_id, event.follower_id)
    await tell(work, fact, user_ids=[event.followee_id])


async def tell_of_like(work: Work, event: feed.PostLiked) -> None:
    """Whoever wrote it, unless it is gone by now."""
    written = await work.one(WRITTEN, event.post_id)
    if written is not None:
        fact = Fact("like", event.post_id, event.post_id, event.post_id, event.user_id)
        await tell(work, fact, user_ids=[written.author_id])


async def tell_of_comment(work: Work, event: feed.CommentPublished) -> None:
    """Those whom it addresses, and who wrote the post, each once."""
    written = await work.one(WRITTEN, event.comment_id)
    if written is None:
        return
    await _tell_mentioned(work, written, event.comment_id, event.mentioned)
    if written.thread_author_id not in event.mentioned:
        fact = Fact("comment", written.thread_id, event.comment_id, event.comment_id, written.author_id)
        await tell(work, fact, user_ids=[written.thread_author_id])


async def tell_of_post(work: Work, event: feed.PostPublished) -> None:
    """Those whom it addresses, and its author's followers, each once. Of many followers a job tells the rest,
    in transactions of its own."""
    written = await work.one(WRITTEN, event.post_id)
    if written is None:
        return
    mentioned = await _tell_mentioned(work, written, event.post_id, event.mentioned)
    fact = post_fact(event.post_id, event.author_id)
    last = await tell_followers(work, fact, after=FIRST_ID, but=mentioned, batches=1, at_once=TOLD_WITH_EVENT)
    if last is not None:
        await work.enqueue(
            tell_more_followers,
            job_id=f"{tell_more_followers.name}:{event.post_id}",
            post_id=event.post_id,
            author_id=event.author_id,
            after=last,
            but=mentioned,
            happened_at=work.happened_at,
        )


async def tell_of_edit(work: Work, event: feed.PostEdited) -> None:
    """Those whom only the new text addresses."""
    written = await work.one(WRITTEN, event.post_id)
    if written is not None:
        await _tell_mentioned(work, written, event.post_id, event.mentioned)


async def _tell_mentioned(
    work: Work, written: Written, fact_id: UUID, mentioned: tuple[UUID, ...]
) -> list[UUID]:
    """Those of the `mentioned` who may read it, and are told."""
    if not mentioned:
        return []
    readers = set(mentioned)
    if written.visibility != "public":
        followers = await work.all(READERS, list(mentioned), written.thread_author_id)
        readers &= {*followers, written.thread_author_id}
    fact = Fact("mention", written.thread_id, fact_id, fact_id, written.author_id)
    await tell(work, fact, user_ids=readers)
    return sorted(readers)


async def retract_post(work: Work, event: feed.PostDeleted) -> None:
    if event.reply_to is None:
        await retract(work, RETRACT_THREAD, event.post_id, event.author_id)
    else:
        await retract(work, RETRACT_REPLY, event.post_id)


# Messages


async def tell_of_message(work: Work, event: messaging.MessageSent) -> None:
    fact = Fact("message", event.conversation_id, event.message_id, event.conversation_id, event.sender_id)
    await tell(work, fact, user_ids=event.recipient_ids)


async def read_messages(work: Work, event: messaging.ConversationRead) -> None:
    """What was read where it was written needs no bell and no letter any more; what came later does."""
    if await work.one(READ_GROUP, event.user_id, work.happened_at, event.conversation_id, "message"):
        ring(work, [event.user_id])


# Orders: an order is one entry, which says where it stands.


async def tell_of_waiting(work: Work, event: payments.PaymentSaved) -> None:
    await _tell_of_order(work, event.reference, "waiting")


async def tell_of_payment(work: Work, event: store.OrderPaid) -> None:
    await _tell_of_order(work, event.order_id, "paid")


async def tell_of_sending(work: Work, event: store.OrderSent) -> None:
    await _tell_of_order(work, event.order_id, "sent")


async def tell_of_cancelling(work: Work, event: store.OrderCancelled) -> None:
    await _tell_of_order(work, event.order_id, "cancelled")


async def tell_of_refund(work: Work, event: store.OrderRefunded) -> None:
    await _tell_of_order(work, event.order_id, "refunded")


async def _tell_of_order(work: Work, order_id: UUID, variant: str) -> None:
    """The buyer, if they are a member (a guest's cart has no bell). What comes late says nothing: the entry
    would go back to it."""
    try:
        order = await store.get_order(work, order_id=order_id)
    except store.OrderMissing:
        return
    if order.state in LEFT_BEHIND.get(variant, ()):
        return
    fact_id, text = order_id, str(order.total)
    if variant == "refunded":
        # Of several refunds each is another fact, and the same one when its event is seen again.
        fact_id = uuid5(order_id, str(order.refunded.amount_minor))
        text = f"{order.refunded} of {order.total}"
    detail = {"number": order.number, "text": text}
    fact = Fact("order", order_id, fact_id, order_id, None, variant, detail)
    await tell(work, fact, user_ids=[order.buyer_id])


# Moderation. (Who is suspended cannot look here; moderation writes to them itself.)


async def tell_of_hiding(work: Work, event: moderation.ContentHidden) -> None:
    """Its author; and nobody else is told of it any more."""
    await retract(work, RETRACT_SHOWN, event.subject_id)
    await _tell_of_decision(work, event.case_id, event.author_id, "hidden", what=WHAT[event.kind])


async def tell_of_release(work: Work, event: moderation.ContentReleased) -> None:
    await _tell_of_decision(work, event.case_id, event.author_id, "released", what=WHAT[event.kind])


async def tell_of_removal(work: Work, event: moderation.ContentRemoved) -> None:
    await retract(work, RETRACT_SHOWN, event.subject_id)
    await _tell_of_decision(work, event.case_id, event.author_id, "removed", what=WHAT[event.kind])


async def tell_of_warning(work: Work, event: moderation.MemberWarned) -> None:
    await _tell_of_decision(work, event.case_id, event.user_id, "warned")


async def tell_of_muting(work: Work, event: moderation.MemberMuted) -> None:
    await _tell_of_decision(work, event.case_id, event.user_id, "muted", until=_day(event.until))


async def tell_of_return(work: Work, event: moderation.MemberReinstated) -> None:
    await _tell_of_decision(work, event.case_id, event.user_id, "reinstated")


async def tell_of_report(work: Work, event: moderation.ReportAnswered) -> None:
    variant = "upheld" if event.upheld else "dismissed"
    # What became of it is between the moderators and whom they decided about.
    await _tell_of_decision(work, event.case_id, event.reporter_id, variant, url="/notifications")


async def tell_of_appeal(work: Work, event: moderation.AppealAnswered) -> None:
    await _tell_of_decision(work, event.case_id, event.user_id, "granted" if event.granted else "refused")


async def _tell_of_decision(work: Work, case_id: UUID, user_id: UUID, variant: str, **detail: Any) -> None:
    detail = {"url": f"/cases/{case_id}", **detail}
    fact = Fact("moderation", case_id, case_id, case_id, None, variant, detail)
    await tell(work, fact, user_ids=[user_id])


def _day(until: Any) -> str:
    return f"{until.day} {until:%B %Y}" if until else ""


# Those who run the place. Nobody is named as having caused it: a manager who blocks a buyer has a sale all
# the same, and who reported something is nobody's business.


async def tell_of_case(work: Work, event: moderation.CaseOpened) -> None:
    """Whoever may decide it, but not the one whom it concerns."""
    if event.author_id is None:
        return
    how = "is held" if event.held else "was reported"
    detail = {"text": f"A {WHAT[event.kind]} {how}"}
    fact = Fact("case", EVERYTHING, event.case_id, event.case_id, None, "", detail)
    await _tell_staff(work, fact, but=event.author_id)


async def retract_case(work: Work, event: moderation.CaseSettled) -> None:
    """What another moderator saw to waits for nobody."""
    await retract(work, RETRACT_CASE, event.case_id)


async def tell_of_sale(work: Work, event: store.OrderPaid) -> None:
    """Whoever manages the shop, but not for what they bought themselves."""
    try:
        order = await store.get_order(work, order_id=event.order_id)
    except store.OrderMissing:
        return
    detail = {"text": f"Order {order.number}, {order.total}"}
    fact = Fact("sale", EVERYTHING, order.id, order.id, None, "", detail)
    await _tell_staff(work, fact, but=order.buyer_id)


async def tell_of_stock(work: Work, event: store.StockChanged) -> None:
    """Whoever manages the shop, once until there is more of it; then it is taken back. What is asked is how
    it stands now: of two events the later may come first."""
    try:
        product = await store.get_product(work, product=str(event.product_id))
    except store.ProductMissing:
        return
    sold_out = {each.id for each in product.variants if not each.available}
    if event.variant_id not in sold_out or product.status != "active":
        await retract(work, RETRACT_STOCK, event.variant_id)
        return
    detail = {"product": product.title, "of_several": len(product.variants) > 1}
    fact = Fact("stock", product.id, event.variant_id, product.id, None, "", detail)
    await _tell_staff(work, fact)


async def _tell_staff(work: Work, fact: Fact, *, but: UUID | None = None) -> None:
    holders = await identity.list_permitted(work, permission=NEEDS[fact.kind])
    await tell(work, fact, user_ids=[each for each in holders if each != but])


# Who does not want to hear of whom


async def separate(work: Work, event: moderation.BlockStarted) -> None:
    await retract(work, RETRACT_BETWEEN, event.blocker_id, event.blocked_id)
    await retract(work, RETRACT_BETWEEN, event.blocked_id, event.blocker_id)


async def silence(work: Work, event: moderation.MuteStarted) -> None:
    await retract(work, RETRACT_BETWEEN, event.muter_id, event.muted_id)


async def erase_member(work: Work, event: identity.AccountDeleted) -> None:
    """What they were told, what they chose, and what others were told of them."""
    for statement in ERASE_MEMBER:
        await work.run(statement, event.user_id)
    await retract(work, RETRACT_ACTOR, event.user_id)
