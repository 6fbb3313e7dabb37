"""A case from its report to its decision, back again, and its appeal."""

import asyncio
from datetime import timedelta
from functools import partial

import asyncpg
import pytest

from tests.cast import Visit
from tests.modules.identity.runs import run_job
from tests.modules.moderation.acts import (
    Told,
    answer,
    appeal,
    at,
    held_case,
    look,
    own,
    report,
    reported_case,
    rule,
    subject_of,
    undo,
)
from tests.modules.moderation.conftest import RunJobs, SignUp
from threadly.modules import identity, moderation
from threadly.modules.moderation.errors import (
    ActionUnfit,
    AppealAnswered,
    AppealLate,
    AppealMissing,
    AppealOwnDecision,
    AppealTaken,
    CaseDecided,
    CaseMissing,
    CaseOwn,
    ContentGone,
    MemberProtected,
)
from threadly.modules.moderation.jobs import end_what_is_due
from threadly.modules.moderation.types import CasePlace
from threadly.modules.moderation.verbs.appealing import answer_appeal, file_appeal, list_own_cases
from threadly.modules.moderation.verbs.cases import add_note, count_waiting, list_cases
from threadly.modules.moderation.verbs.deciding import decide
from threadly.modules.moderation.verbs.ending import remove_due
from threadly.modules.moderation.verbs.reporting import REPORTS_MOST, report_member
from threadly.platform.actor import Denied, SignInRequired
from threadly.platform.events import Event
from threadly.platform.ids import UUID
from threadly.platform.work import SYSTEM, Tenant, Works


def names(events: list[Event]) -> list[str]:
    return [type(each).__name__ for each in events]


async def test_reports_of_one_thing_are_one_case_which_a_moderator_reads_and_hides(
    bob: Visit, sarah: Visit, join: SignUp, mona: Visit, told: Told
) -> None:
    kareem = await join("kareem")
    subject, case_id = await reported_case(bob, sarah)
    again = await report(sarah, subject, reason="spam", note="I looked twice.")
    second = await report(kareem, subject, reason="hate", note="No\x00 \ud800way\r\n")
    assert again.case_id == second.case_id == case_id
    assert names(await told()) == ["CaseOpened"]
    with pytest.raises(moderation.ReportOfOneself):
        await report(bob, subject)

    with pytest.raises(CaseMissing):
        await own(bob, case_id)  # who is only reported is not told
    await mona.write(partial(add_note, case_id=case_id, text="Seen this before."))
    file = await look(mona, case_id)
    assert file.case.report_count == 2
    assert {(each.reporter and each.reporter.username, each.reason) for each in file.reports} == {
        ("sarahj", "spam"),
        ("kareem", "hate"),
    }
    assert file.case.author
    assert (file.case.author.username, file.author_joined_at is not None) == ("bob", True)
    assert [each.text for each in file.notes] == ["Seen this before."]
    assert {each.note for each in file.reports} == {"I looked twice.", "No way"}
    assert file.may_decide
    waiting = await mona.read(count_waiting)
    assert (waiting.open, waiting.appealed) == (1, 0)

    decided = await rule(mona, case_id, "hide", note="Please be kind.")
    assert (decided.case.status, decided.case.hidden, decided.may_decide) == ("decided", True, False)
    happened = sorted(names(await told()))
    assert happened == ["CaseSettled", "ContentHidden", "ReportAnswered", "ReportAnswered"]
    mine = await own(bob, case_id)
    assert (mine.action, mine.note, mine.may_appeal) == ("hide", "Please be kind.", True)
    hold = await bob.read(partial(moderation.explain_hold, kind="post", subject_id=subject.id))
    assert hold
    assert (hold.by_itself, hold.reasons[1]) == (False, "Please be kind.")
    assert await sarah.read(partial(moderation.explain_hold, kind="post", subject_id=subject.id)) is None

    back = await undo(mona, case_id)
    assert (back.case.status, back.case.hidden, back.may_decide) == ("open", False, True)
    assert names(await told()) == ["ContentReleased"]
    mine = await own(bob, case_id)
    assert (mine.action, mine.hidden, mine.may_appeal) == (None, False, False)


async def test_only_moderators_see_the_queue_and_the_own_case_is_for_another(
    bob: Visit, sarah: Visit, mona: Visit, omar: Visit, works: Works, tenant: Tenant
) -> None:
    _, case_id = await reported_case(bob, sarah)
    for visit, refusal in ((bob, Denied), (Visit(works, tenant), SignInRequired)):
        with pytest.raises(refusal):
            await visit.read(list_cases)
        with pytest.raises(refusal):
            await rule(visit, case_id, "dismiss")
    _, about_mona = await reported_case(mona, sarah)
    with pytest.raises(CaseOwn):
        await rule(mona, about_mona, "dismiss")
    # Nor does she learn whom to be angry with.
    assert [each.reporter for each in (await look(mona, about_mona)).reports] == [None]
    (report,) = (await look(omar, about_mona)).reports
    assert report.reporter
    await rule(omar, about_mona, "warn")
    about_omar = await sarah.write(partial(report_member, member="omar", reason="other"))
    with pytest.raises(MemberProtected):
        await rule(mona, about_omar.case_id, "suspend")
    with pytest.raises(MemberProtected):
        await rule(mona, about_omar.case_id, "hide")
    with pytest.raises(ActionUnfit):
        await rule(mona, about_omar.case_id, "delete")
    page = await mona.read(partial(list_cases, kind="member"))
    assert [each.excerpt for each in page.items] == ["Omar (@omar)"]


async def test_what_a_member_says_of_themselves_is_taken_down_and_put_back(
    bob: Visit, sarah: Visit, mona: Visit
) -> None:
    await bob.write(
        partial(
            identity.edit_profile, name="Rude", bio="Ruder.", website="https://rude.example", avatar_url="/r"
        )
    )
    filed = await sarah.write(partial(report_member, member="bob", reason="hate"))
    await rule(mona, filed.case_id, "hide")

    async def shown(whom: Visit) -> identity.Profile:
        return await whom.read(partial(identity.get_profile, id_or_username="bob"), fresh=True)

    veiled = await shown(sarah)
    assert (veiled.name, veiled.bio, veiled.website, veiled.avatar_url) == ("bob", "", None, None)
    (listed,) = await sarah.read(partial(identity.list_profiles_by_username, usernames=["bob"]), fresh=True)
    assert listed == veiled
    # What they write meanwhile is not shown either, and nothing of it is lost.
    await bob.write(partial(identity.edit_profile, name="Bob"))
    assert await shown(sarah) == veiled
    assert (await own(bob, filed.case_id)).may_appeal
    await undo(mona, filed.case_id)
    assert ((await shown(sarah)).name, (await shown(sarah)).bio) == ("Bob", "Ruder.")


async def test_of_two_moderators_at_once_the_second_is_told_what_was_decided(
    bob: Visit, sarah: Visit, mona: Visit, omar: Visit
) -> None:
    _, case_id = await reported_case(bob, sarah)
    outcomes = await asyncio.gather(
        mona.write(partial(decide, case_id=case_id, action="hide")),
        omar.write(partial(decide, case_id=case_id, action="dismiss")),
        return_exceptions=True,
    )
    (refused,) = [each for each in outcomes if isinstance(each, BaseException)]
    assert isinstance(refused, CaseDecided)
    file = await look(mona, case_id)
    (decision,) = file.decisions
    assert decision.moderator
    told = {"hide": "hid it", "dismiss": "dismissed it"}[decision.action]
    assert f"{decision.moderator.name} {told}" in str(refused)


async def test_an_appeal_is_answered_by_somebody_else_and_granted_restores(
    bob: Visit, sarah: Visit, mona: Visit, omar: Visit, told: Told
) -> None:
    subject, case_id = await reported_case(bob, sarah)
    await rule(mona, case_id, "delete")
    await told()
    filed = await appeal(bob, case_id)
    assert (filed.may_appeal, filed.appeal) == (False, "It was meant kindly.")
    with pytest.raises(AppealTaken):
        await appeal(bob, case_id)
    with pytest.raises(CaseMissing):
        await appeal(sarah, case_id)
    queue = await omar.read(partial(list_cases, status="appealed"))
    assert [each.id for each in queue.items] == [case_id]
    with pytest.raises(AppealOwnDecision):
        await answer(mona, case_id, granted=False)
    with pytest.raises(CaseDecided, match="Answer that"):
        await rule(mona, case_id, "hide")
    file = await answer(omar, case_id, granted=True)
    assert (file.case.status, file.case.hidden, file.case.action) == ("decided", False, "dismiss")
    with pytest.raises(AppealAnswered):
        await answer(omar, case_id, granted=False)
    happened = names(await told())
    assert happened[0] == "AppealFiled"
    assert happened[1:] == ["ContentReleased", "CaseSettled", "ReportAnswered", "AppealAnswered"]
    mine = await own(bob, case_id)
    assert (mine.granted, mine.answer, mine.hidden) == (True, "We looked at it again.", False)
    assert [each.id for each in (await bob.read(list_own_cases)).items] == [case_id]
    # Nobody removes it in a month.
    assert await at(omar, mine.opened_at + timedelta(days=30), partial(remove_due, limit=9)) == 0
    assert await bob.read(partial(moderation.explain_hold, kind="post", subject_id=subject.id)) is None


async def test_nobody_answers_an_appeal_by_undoing_and_deciding_once_more(
    bob: Visit, sarah: Visit, mona: Visit, omar: Visit
) -> None:
    _, case_id = await reported_case(bob, sarah)
    await rule(mona, case_id, "hide")
    await appeal(bob, case_id)
    await undo(mona, case_id)
    with pytest.raises(AppealOwnDecision):
        await rule(mona, case_id, "hide")
    file = await rule(omar, case_id, "warn")
    assert [each.granted for each in file.appeals] == [False]


async def test_a_moderator_who_is_alone_answers_appeals_against_their_own_decisions(
    bob: Visit, sarah: Visit, mona: Visit
) -> None:
    _, case_id = await reported_case(bob, sarah)
    await rule(mona, case_id, "hide")
    await appeal(bob, case_id)
    file = await answer(mona, case_id, granted=False)
    assert (file.case.status, file.case.hidden) == ("decided", True)


async def test_what_was_deleted_goes_for_good_once_nobody_can_appeal(
    bob: Visit, sarah: Visit, mona: Visit, told: Told, strict: Works, tenant: Tenant
) -> None:
    subject, case_id = await reported_case(bob, sarah)
    decided = await rule(mona, case_id, "delete")
    assert decided.remove_at
    await told()
    await run_job(strict, tenant, end_what_is_due)
    assert await told() == []
    late = decided.remove_at + timedelta(seconds=1)
    with pytest.raises(AppealLate):
        await at(bob, late, partial(file_appeal, case_id=case_id, text="Too late."))
    system = Visit(strict, tenant, SYSTEM)
    assert await at(system, late, partial(remove_due, limit=9)) == 1
    assert await at(system, late, partial(remove_due, limit=9)) == 0
    (removed,) = await told()
    assert isinstance(removed, moderation.ContentRemoved)
    assert removed.subject_id == subject.id
    with pytest.raises(ContentGone):
        await undo(mona, case_id)


async def test_a_hold_is_appealed_and_the_decision_answers(bob: Visit, mona: Visit, told: Told) -> None:
    subject, case_id = await held_case(bob)
    hold = await bob.read(partial(moderation.explain_hold, kind="post", subject_id=subject.id))
    assert hold
    assert (hold.by_itself, hold.may_appeal, hold.appeal_open) == (True, True, False)
    assert "spam" in hold.reasons[0]
    await appeal(bob, case_id)
    hold = await bob.read(partial(moderation.explain_hold, kind="post", subject_id=subject.id))
    assert hold
    assert (hold.may_appeal, hold.appeal_open) == (False, True)
    file = await look(mona, case_id)
    assert file.case.reasons[0].evidence
    assert file.may_decide
    assert not file.may_answer
    with pytest.raises(AppealMissing):
        await mona.write(partial(answer_appeal, case_id=case_id, granted=True, answer="Yes."))
    await told()
    await rule(mona, case_id, "dismiss")
    assert sorted(names(await told())) == ["AppealAnswered", "CaseSettled", "ContentReleased"]
    assert (await own(bob, case_id)).granted
    _, other = await held_case(bob)
    await rule(mona, other, "dismiss")
    assert (await own(bob, other)).action == "dismiss"  # they were told that it was held


async def test_a_muted_member_reads_and_does_not_write_until_it_is_over(
    bob: Visit, sarah: Visit, mona: Visit, told: Told
) -> None:
    _, case_id = await reported_case(bob, sarah)
    await bob.read(moderation.require_voice)
    decided = await rule(mona, case_id, "mute", hours=24)
    until = decided.decisions[0].until
    assert until
    happened = sorted(names(await told()))
    assert happened == ["CaseOpened", "CaseSettled", "MemberMuted", "ReportAnswered"]
    with pytest.raises(moderation.Muted, match=f"/cases/{case_id}"):
        await bob.read(moderation.require_voice)
    await at(bob, until + timedelta(seconds=1), moderation.require_voice)
    await undo(mona, case_id)
    await bob.read(moderation.require_voice)


async def test_nobody_reports_without_end(bob: Visit, sarah: Visit, strict: Works) -> None:
    first = subject_of(bob)
    for subject in [first, *(subject_of(bob) for _ in range(REPORTS_MOST - 2))]:
        await report(sarah, subject)
    # There is one left, and two are sent at once.
    async with strict.write(sarah.tenant, sarah.actor) as work:
        await moderation.file_report(work, subject=subject_of(bob), reason="hate")
        late = asyncio.create_task(report(sarah, subject_of(bob)))
        await asyncio.wait([late], timeout=0.3)
    with pytest.raises(moderation.ReportsLimited):
        await late
    with pytest.raises(moderation.ReportsLimited):
        await report(sarah, subject_of(bob))
    again = await report(sarah, first, reason="spam")
    assert again.reason == "spam"


async def test_a_decision_undone_beside_a_newer_case_waits_like_that_one(
    bob: Visit, sarah: Visit, omar: Visit, mona: Visit, run_jobs: RunJobs
) -> None:
    subject, first = await reported_case(bob, sarah)
    await rule(mona, first, "warn")
    second = (await report(sarah, subject)).case_id
    assert second != first
    file = await undo(mona, first)
    assert (file.case.status, file.case.action, file.may_decide) == ("open", None, True)
    assert (await report(omar, subject)).case_id == second  # of the two, one gathers what is reported
    await rule(mona, second, "dismiss")
    assert await waiting(mona, "open") == [first]
    await rule(mona, first, "dismiss")
    assert await waiting(mona, "open") == []
    assert await run_jobs() == 4


async def test_an_appeal_waits_for_its_answer_beside_a_newer_case(
    bob: Visit, sarah: Visit, mona: Visit, omar: Visit, strict: Works, tenant: Tenant
) -> None:
    subject, first = await reported_case(bob, sarah)
    deleted = await rule(mona, first, "delete")
    second = (await report(sarah, subject)).case_id
    await appeal(bob, first)
    assert await waiting(mona, "appealed") == [first]
    assert await waiting(mona, "open") == [second]
    await rule(mona, second, "dismiss")
    assert deleted.remove_at
    late = deleted.remove_at + timedelta(seconds=1)
    # Until it is answered, nothing is deleted for good.
    assert await at(Visit(strict, tenant, SYSTEM), late, partial(remove_due, limit=9)) == 0
    await answer(omar, first, granted=True)
    assert await waiting(mona, "appealed") == []


async def test_what_is_reported_while_an_appeal_waits_is_decided_too(
    bob: Visit, sarah: Visit, mona: Visit, omar: Visit, told: Told
) -> None:
    subject, first = await reported_case(bob, sarah)
    await rule(mona, first, "warn")
    await appeal(bob, first)
    second = (await report(sarah, subject)).case_id
    assert second != first
    await answer(omar, first, granted=False)
    await told()
    await rule(mona, second, "hide")
    assert "ReportAnswered" in names(await told())


async def test_a_hold_that_waits_again_beside_a_newer_case_can_be_decided(
    bob: Visit, sarah: Visit, mona: Visit, told: Told
) -> None:
    subject, first = await held_case(bob)
    await rule(mona, first, "dismiss")
    second = (await report(sarah, subject)).case_id
    file = await undo(mona, first)
    assert (file.case.held, file.case.hidden) == (True, True)
    await rule(mona, second, "dismiss")
    assert await waiting(mona, "open") == [first]
    await told()
    await rule(mona, first, "dismiss")
    assert "ContentReleased" in names(await told())


async def test_that_moderators_told_each_other_something_is_in_the_audit_log_without_the_words(
    bob: Visit, sarah: Visit, mona: Visit, tenant: Tenant, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    _, case_id = await reported_case(bob, sarah)
    await mona.write(partial(add_note, case_id=case_id, text="I know them."))
    logged = await owner.fetchrow(
        "SELECT subject, after ->> 'case_id' AS about, after ->> 'text' AS words FROM platform.audit_log"
        " WHERE tenant_id = $1 AND actor_id = $2 AND relation = 'moderation.notes'",
        tenant.id,
        mona.actor.me,
    )
    assert logged
    assert (logged["subject"], logged["about"], logged["words"]) == (mona.actor.me, str(case_id), None)


async def waiting(moderator: Visit, status: CasePlace) -> list[UUID]:
    page = await moderator.read(partial(list_cases, status=status), fresh=True)
    return [each.id for each in page.items]
