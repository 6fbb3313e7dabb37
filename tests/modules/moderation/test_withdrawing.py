"""What nobody can decide about any more, because it was deleted meanwhile, leaves the queue by itself."""

import asyncio
from functools import partial

import asyncpg
import pytest

from tests.cast import Visit
from tests.modules.moderation.acts import (
    SPAM,
    Told,
    appeal,
    held_case,
    look,
    own,
    report,
    reported_case,
    rule,
    undo,
)
from threadly.modules import feed, identity, messaging, moderation
from threadly.modules.feed.reactions import erase_member as erase_from_feed
from threadly.modules.moderation.errors import CaseOpen, CaseWithdrawn
from threadly.modules.moderation.reactions import erase_member
from threadly.modules.moderation.types import CasePlace
from threadly.modules.moderation.verbs.cases import count_waiting, list_cases
from threadly.modules.moderation.verbs.reporting import report_member
from threadly.platform.ids import UUID
from threadly.platform.work import SYSTEM, Tenant, Works


async def queue(moderator: Visit, status: CasePlace = "open") -> list[UUID]:
    page = await moderator.read(partial(list_cases, status=status), fresh=True)
    return [each.id for each in page.items]


async def publish(author: Visit, content: str) -> feed.Post:
    return await author.write(partial(feed.publish_post, content=content))


async def delete(author: Visit, post_id: UUID) -> None:
    await author.write(partial(feed.delete_post, post_id=post_id))


async def hold_of(author: Visit, post_id: UUID, *, comment: bool = False) -> UUID:
    hold = await author.read(partial(feed.find_hold, post_id=post_id, comment=comment), fresh=True)
    assert hold
    return hold.case_id


async def report_post(reporter: Visit, post_id: UUID) -> UUID:
    return (await reporter.write(partial(feed.report_post, post_id=post_id, reason="spam"))).case_id


async def test_a_held_post_that_its_author_deletes_leaves_the_queue_and_is_in_the_audit_log(
    bob: Visit, mona: Visit, tenant: Tenant, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    post = await publish(bob, SPAM)
    case_id = await hold_of(bob, post.id)
    await appeal(bob, case_id)
    assert await queue(mona, "appealed") == [case_id]
    await delete(bob, post.id)
    waiting = await mona.read(count_waiting, fresh=True)
    assert (waiting.open, waiting.appealed) == (0, 0)
    assert await queue(mona, "decided") == [case_id]
    file = await look(mona, case_id)
    assert (file.case.status, file.case.excerpt, file.case.hidden) == ("withdrawn", "", False)
    assert not file.may_decide
    with pytest.raises(CaseWithdrawn):
        await rule(mona, case_id, "dismiss")
    with pytest.raises(CaseOpen):
        await undo(mona, case_id)
    mine = await own(bob, case_id)
    assert (mine.action, mine.may_appeal, mine.removed_at is not None) == (None, False, True)
    last = await owner.fetchrow(
        "SELECT actor_id, before ->> 'status' AS before, after ->> 'status' AS after FROM platform.audit_log"
        " WHERE tenant_id = $1 AND subject = $2 AND relation = 'moderation.cases' ORDER BY id DESC LIMIT 1",
        tenant.id,
        bob.actor.me,
    )
    assert last
    assert tuple(last) == (bob.actor.me, "appealed", "decided")


async def test_reported_and_held_comments_go_with_the_post_they_stand_under(
    bob: Visit, sarah: Visit, mona: Visit
) -> None:
    post = await publish(bob, "About the kiln")
    comment = await sarah.write(partial(feed.comment_on_post, post_id=post.id, content="Told you so"))
    await sarah.write(partial(feed.comment_on_post, post_id=post.id, content=SPAM))
    elsewhere = await publish(sarah, "About something else")
    kept = await report_post(bob, elsewhere.id)
    await report_post(bob, comment.id)
    await report_post(sarah, post.id)
    assert len(await queue(mona)) == 4
    await delete(bob, post.id)
    assert await queue(mona) == [kept]
    file = await look(mona, kept)
    outcomes = {(each.action, each.withdrawn) for each in file.former_cases}
    assert outcomes == {(None, True)}


async def test_what_was_reported_about_a_person_and_what_was_decided_stays(
    bob: Visit, sarah: Visit, mona: Visit
) -> None:
    post = await publish(bob, "About the kiln")
    case_id = await report_post(sarah, post.id)
    await rule(mona, case_id, "warn", note="Please do not.")
    await appeal(bob, case_id)
    about_bob = await sarah.write(partial(report_member, member="bob", reason="harassment"))
    await bob.write(partial(moderation.withdraw, subject_ids=[bob.actor.me]))
    await delete(bob, post.id)
    assert await queue(mona) == [about_bob.case_id]
    assert await queue(mona, "appealed") == [case_id]


async def test_a_message_that_its_sender_deletes_leaves_the_queue(
    bob: Visit, sarah: Visit, mona: Visit
) -> None:
    made = await bob.write(partial(messaging.start_conversation, members=["sarahj"]))
    said = await bob.write(partial(messaging.send_message, conversation_id=made.id, content="Give it back"))
    await sarah.write(partial(messaging.report_message, message_id=said.id, reason="harassment"))
    assert len(await queue(mona)) == 1
    await bob.write(partial(messaging.delete_message, message_id=said.id))
    assert await queue(mona) == []


async def test_whoever_reports_what_is_being_deleted_leaves_nothing_in_the_queue(
    bob: Visit, sarah: Visit, mona: Visit, strict: Works, tenant: Tenant
) -> None:
    post = await publish(bob, "About the kiln")
    comment = await bob.write(partial(feed.comment_on_post, post_id=post.id, content="And the glaze"))
    async with strict.write(tenant, sarah.actor) as work:
        await feed.report_post(work, post_id=comment.id, reason="other")
        deleting = asyncio.create_task(delete(bob, post.id))
        await asyncio.wait([deleting], timeout=0.3)
        assert not deleting.done()
    await deleting
    assert await queue(mona) == []


async def test_with_an_account_go_the_cases_about_its_texts_and_not_the_report_about_the_person(
    bob: Visit,
    sarah: Visit,
    mona: Visit,
    strict: Works,
    tenant: Tenant,
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    post = await publish(bob, "About the kiln")
    comment = await sarah.write(partial(feed.comment_on_post, post_id=post.id, content="Told you so"))
    await report_post(bob, comment.id)
    await report_post(sarah, post.id)
    await held_case(bob)
    about_bob = await sarah.write(
        partial(report_member, member="bob", reason="harassment", note="He follows me around.")
    )
    about_sarah = await bob.write(partial(report_member, member="sarahj", reason="other"))
    system = Visit(strict, tenant, SYSTEM)
    await bob.write(partial(identity.delete_account, user_id=bob.actor.me))
    for _ in range(2):  # it may be told again
        for erase in (erase_member, erase_from_feed):
            await system.write(partial(erase, event=identity.AccountDeleted(user_id=bob.actor.me)))

    assert await queue(mona) == [about_bob.case_id, about_sarah.case_id]
    file = await look(mona, about_bob.case_id)
    assert (file.case.excerpt, file.case.author, file.case.url) == ("", None, "/moderate")
    assert [each.note for each in file.reports] == ["He follows me around."]
    with pytest.raises(identity.AccountMissing):
        await rule(mona, about_bob.case_id, "mute")
    assert (await rule(mona, about_bob.case_id, "dismiss")).case.status == "decided"
    told = await owner.fetchval(
        "SELECT count(*) FROM platform.audit_log WHERE tenant_id = $1 AND subject = $2"
        " AND relation = 'moderation.cases' AND before ->> 'excerpt' <> ''",
        tenant.id,
        bob.actor.me,
    )
    assert told == 0


async def test_those_who_reported_what_was_withdrawn_are_told_nothing(
    bob: Visit, sarah: Visit, told: Told
) -> None:
    subject, case_id = await reported_case(bob, sarah)
    await told()
    await bob.write(partial(moderation.withdraw, subject_ids=[subject.id]))
    (settled,) = await told()
    assert isinstance(settled, moderation.CaseSettled)
    # What is there again, under the same id, is another case.
    assert (await report(sarah, subject)).case_id != case_id
