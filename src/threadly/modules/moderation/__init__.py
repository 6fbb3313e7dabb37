"""moderation: reports, holds, decisions and appeals; who blocks and mutes whom.

Verbs take a Work first. A module that owns something which can be reported calls `screen` and `require_voice`
where it is written, `file_report` where it is reported, `withdraw` where its author deletes it,
`delete_content` where a moderator does, and reacts to
ContentHidden, ContentReleased and ContentRemoved for its own kinds. Other modules may join the views
`moderation.blocks` and `moderation.silenced`.
"""

from threadly.modules.moderation.errors import (
    Muted,
    ReadsLikeSpam,
    ReportOfOneself,
    ReportsLimited,
    SelfBlock,
)
from threadly.modules.moderation.events import (
    EVENTS,
    AppealAnswered,
    AppealFiled,
    BlockEnded,
    BlockStarted,
    CaseOpened,
    CaseSettled,
    ContentHidden,
    ContentReleased,
    ContentRemoved,
    MemberMuted,
    MemberReinstated,
    MemberSuspended,
    MemberWarned,
    MuteEnded,
    MuteStarted,
    ReportAnswered,
)
from threadly.modules.moderation.types import (
    REPORT_REASONS,
    Hold,
    Relation,
    Report,
    ReportReason,
    Subject,
    SubjectKind,
    Verdict,
)
from threadly.modules.moderation.verbs.appealing import file_appeal
from threadly.modules.moderation.verbs.deciding import decide, delete_content, undo_decision
from threadly.modules.moderation.verbs.ending import withdraw
from threadly.modules.moderation.verbs.relations import (
    block_member,
    list_blocked_among,
    list_relations,
    mute_member,
    unblock_member,
    unmute_member,
)
from threadly.modules.moderation.verbs.reporting import file_report
from threadly.modules.moderation.verbs.screening import (
    explain_hold,
    refuse_spam,
    require_voice,
    screen,
    vet_profile,
)

__all__ = [
    "EVENTS",
    "REPORT_REASONS",
    "AppealAnswered",
    "AppealFiled",
    "BlockEnded",
    "BlockStarted",
    "CaseOpened",
    "CaseSettled",
    "ContentHidden",
    "ContentReleased",
    "ContentRemoved",
    "Hold",
    "MemberMuted",
    "MemberReinstated",
    "MemberSuspended",
    "MemberWarned",
    "MuteEnded",
    "MuteStarted",
    "Muted",
    "ReadsLikeSpam",
    "Relation",
    "Report",
    "ReportAnswered",
    "ReportOfOneself",
    "ReportReason",
    "ReportsLimited",
    "SelfBlock",
    "Subject",
    "SubjectKind",
    "Verdict",
    "block_member",
    "decide",
    "delete_content",
    "explain_hold",
    "file_appeal",
    "file_report",
    "list_blocked_among",
    "list_relations",
    "mute_member",
    "refuse_spam",
    "require_voice",
    "screen",
    "unblock_member",
    "undo_decision",
    "unmute_member",
    "vet_profile",
    "withdraw",
]
