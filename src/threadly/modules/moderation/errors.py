"""What moderation refuses."""

from threadly.platform.errors import Kind, Refusal

__all__ = [
    "ActionUnfit",
    "AppealAnswered",
    "AppealEmpty",
    "AppealLate",
    "AppealMissing",
    "AppealOwnDecision",
    "AppealTaken",
    "AppealTooLong",
    "CaseDecided",
    "CaseMissing",
    "CaseOpen",
    "CaseOwn",
    "CaseWithdrawn",
    "ContentGone",
    "MemberProtected",
    "Muted",
    "NoteEmpty",
    "NoteTooLong",
    "ReadsLikeSpam",
    "RelationsTooMany",
    "ReportOfOneself",
    "ReportsLimited",
    "SelfBlock",
]


class Muted(Refusal):
    """The message of an instance says until when."""

    code = "moderation.muted"
    kind = Kind.DENIED
    message = "A moderator has muted you: you can read, but not write for now."


class ReportOfOneself(Refusal):
    code = "moderation.report_of_oneself"
    kind = Kind.INVALID
    message = "This is yours. You can edit or delete it yourself."


class ReportsLimited(Refusal):
    code = "moderation.reports_limited"
    kind = Kind.LIMITED
    message = "Thank you, these are many reports already. Please wait an hour before you send more."
    retry_after_s = 3600


class NoteTooLong(Refusal):
    code = "moderation.note_too_long"
    kind = Kind.INVALID
    message = "A note has at most 1,000 characters. Please shorten it."
    field = "note"


class ReadsLikeSpam(Refusal):
    """The message of an instance says what weighed most."""

    code = "moderation.reads_like_spam"
    kind = Kind.INVALID
    message = "It reads like spam. Please say it another way."


class NoteEmpty(Refusal):
    code = "moderation.note_empty"
    kind = Kind.INVALID
    message = "Please write what the others should know."
    field = "note"


class SelfBlock(Refusal):
    code = "moderation.self_block"
    kind = Kind.INVALID
    message = "You cannot block or mute yourself."


class RelationsTooMany(Refusal):
    code = "moderation.relations_too_many"
    kind = Kind.CONFLICT
    message = "That is the longest list that we can keep for you. Please remove somebody from it first."


class CaseMissing(Refusal):
    """Also what someone is told who may not know that the case exists."""

    code = "moderation.case_missing"
    kind = Kind.MISSING
    message = "There is no such case."


class CaseDecided(Refusal):
    """The message of an instance says by whom, when and what."""

    code = "moderation.case_decided"
    kind = Kind.CONFLICT
    message = "Somebody has decided this case already. Undo that first if you see it another way."


class CaseWithdrawn(Refusal):
    code = "moderation.case_withdrawn"
    kind = Kind.CONFLICT
    message = "What this was about has been deleted meanwhile, so there is nothing left to decide."


class CaseOpen(Refusal):
    code = "moderation.case_open"
    kind = Kind.CONFLICT
    message = "Nothing is decided in this case, so there is nothing to undo."


class CaseOwn(Refusal):
    code = "moderation.case_own"
    kind = Kind.DENIED
    message = "This case is about yourself. Another moderator decides it."


class ContentGone(Refusal):
    code = "moderation.content_gone"
    kind = Kind.GONE
    message = "The time to undo this is over: what it was about has been deleted for good."


class ActionUnfit(Refusal):
    code = "moderation.action_unfit"
    kind = Kind.INVALID
    message = "A member cannot be deleted here. Hide their profile; warn, mute or suspend them instead."
    field = "action"


class MemberProtected(Refusal):
    code = "moderation.member_protected"
    kind = Kind.DENIED
    message = "Only an admin can warn, mute or suspend an admin."


class AppealEmpty(Refusal):
    code = "moderation.appeal_empty"
    kind = Kind.INVALID
    message = "Please write why you see it another way."
    field = "text"


class AppealTooLong(Refusal):
    code = "moderation.appeal_too_long"
    kind = Kind.INVALID
    message = "An appeal or its answer has at most 2,000 characters. Please shorten it."
    field = "text"


class AppealTaken(Refusal):
    code = "moderation.appeal_taken"
    kind = Kind.CONFLICT
    message = "You have appealed already. Each decision can be appealed once."


class AppealLate(Refusal):
    code = "moderation.appeal_late"
    kind = Kind.GONE
    message = (
        "There is nothing to appeal here: nothing was decided against you, or the time to appeal is over."
    )


class AppealMissing(Refusal):
    code = "moderation.appeal_missing"
    kind = Kind.MISSING
    message = "There is no appeal in this case."


class AppealAnswered(Refusal):
    code = "moderation.appeal_answered"
    kind = Kind.CONFLICT
    message = "Somebody has answered this appeal already."


class AppealOwnDecision(Refusal):
    code = "moderation.appeal_own_decision"
    kind = Kind.DENIED
    message = "You decided this case yourself. Another moderator answers the appeal."
