"""Reports: a member says that something should not be here."""

from datetime import timedelta

from threadly.modules import identity
from threadly.modules.moderation.errors import NoteTooLong, ReportOfOneself, ReportsLimited
from threadly.modules.moderation.repository.deciding import COUNT_REPORTS_SINCE, FILE_REPORT, LOCK_REPORTER
from threadly.modules.moderation.rules.texts import clean_text
from threadly.modules.moderation.types import Report, ReportReason, Subject
from threadly.modules.moderation.verbs.opening import open_reported
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import Work

__all__ = ["NOTE_MOST", "file_report", "report_member"]

NOTE_MOST = 1_000
REPORTS_MOST = 30
REPORTS_WINDOW = timedelta(hours=1)


async def file_report(work: Work, *, subject: Subject, reason: ReportReason, note: str = "") -> Report:
    """The actor reports `subject`; a second report by the same member replaces their first, however many they
    have filed. All that wait about one subject are one case.

    Raises SignInRequired, ReportOfOneself, NoteTooLong, ReportsLimited.
    """
    reporter, note = work.actor.me, clean_text(note)
    if subject.author_id == reporter:
        raise ReportOfOneself
    if len(note) > NOTE_MOST:
        raise NoteTooLong
    await work.run(LOCK_REPORTER, str(reporter))
    case_id = await open_reported(work, subject=subject)
    filed = await work.one(FILE_REPORT, new_id(), case_id, reporter, reason, note, work.now)
    assert filed, "the statement always answers"
    if filed.fresh:
        await _refuse_flood(work, reporter)
    return Report(filed.id, case_id, reason, note, filed.created_at)


async def _refuse_flood(work: Work, reporter: UUID) -> None:
    lately = await work.one(COUNT_REPORTS_SINCE, reporter, work.now - REPORTS_WINDOW) or 0
    if lately > REPORTS_MOST * work.settings.rate_limit_factor:
        raise ReportsLimited


async def report_member(work: Work, *, member: str, reason: ReportReason, note: str = "") -> Report:
    """The actor reports a member (a username or an id), for what they do rather than for one text.

    Raises identity.AccountMissing, and what `file_report` raises.
    """
    profile = await identity.get_profile(work, id_or_username=member)
    excerpt = f"{profile.name} (@{profile.username})" + (f": {profile.bio}" if profile.bio else "")
    subject = Subject("member", profile.id, profile.id, excerpt, f"/people/{profile.username}")
    return await file_report(work, subject=subject, reason=reason, note=note)
