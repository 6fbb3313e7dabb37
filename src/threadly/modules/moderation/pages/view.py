"""What the templates of moderation show."""

from datetime import datetime
from typing import Any

import msgspec

from threadly.modules.moderation.casework import CaseFile, CaseSummary, OwnCase, Party
from threadly.modules.moderation.rules.phrases import REASONS, moment_of, told_author
from threadly.modules.moderation.types import Relation
from threadly.platform.work import Work
from threadly.web import Avatar, Moment, avatar_of, moment

__all__ = ["CaseView", "PersonView", "file_view", "own_view", "person_view", "relation_view", "summary_view"]

KINDS = {
    "post": "Post",
    "comment": "Comment",
    "product": "Product",
    "message": "Message",
    "member": "Member",
}
ACTIONS = {
    "dismiss": "Dismissed",
    "hide": "Hidden",
    "delete": "Deleted",
    "warn": "Warned",
    "mute": "Muted",
    "suspend": "Suspended",
}
TAKEN_BACK = "What a moderator decided was taken back."
WITHDRAWN = "It was deleted before anybody decided about it."
HELD_BY_ITSELF = "It was held automatically; no person has looked at it yet."


class PersonView(msgspec.Struct, frozen=True):
    username: str
    name: str
    avatar: Avatar


class EvidenceView(msgspec.Struct, frozen=True):
    """`percent` is of the widest bar there can be."""

    what: str
    weight: str
    for_spam: bool


class ReasonView(msgspec.Struct, frozen=True):
    sentence: str
    percent: int | None
    evidence: list[EvidenceView]


class CaseView(msgspec.Struct, frozen=True):
    """A line of the queue, and the top of a case. `why` are the reasons that members gave, in words."""

    id: str
    kind: str
    is_member: bool
    may_be_visited: bool
    excerpt: str
    url: str
    status: str
    held: bool
    hidden: bool
    report_count: int
    opened: Moment
    author: PersonView | None
    why: list[str]
    reasons: list[ReasonView]
    outcome: str
    withdrawn: bool


def person_view(party: Party | Relation) -> PersonView:
    avatar = avatar_of(party.name, seed=str(party.id), url=party.avatar_url)
    return PersonView(party.username, party.name, avatar)


def relation_view(relation: Relation, work: Work) -> dict[str, Any]:
    return {"person": person_view(relation), "since": moment(relation.since, now=work.now)}


def summary_view(case: CaseSummary, work: Work) -> CaseView:
    return CaseView(
        id=str(case.id),
        kind=KINDS[case.kind],
        is_member=case.kind == "member",
        # What is said in a conversation is read by whom it is for, and here.
        may_be_visited=case.kind != "message",
        excerpt=case.excerpt,
        url=case.url,
        status=case.status,
        held=case.held,
        hidden=case.hidden,
        report_count=case.report_count,
        opened=moment(case.opened_at, now=work.now),
        author=person_view(case.author) if case.author else None,
        why=[REASONS[each] for each in case.reported_for],
        reasons=[
            ReasonView(
                each.sentence,
                None if each.probability is None else round(each.probability * 100),
                [EvidenceView(one.what, f"{one.weight:+.1f}", one.weight > 0) for one in each.evidence],
            )
            for each in case.reasons
        ],
        outcome=ACTIONS[case.action] if case.action else "",
        withdrawn=case.status == "withdrawn",
    )


def file_view(file: CaseFile, work: Work) -> dict[str, Any]:
    """Everything on the page of a case."""
    return {
        "case": summary_view(file.case, work),
        "images": file.images,
        "files": file.files,
        "joined": _moment(file.author_joined_at, work),
        "remove": _moment(file.remove_at, work),
        "removed": _moment(file.removed_at, work),
        "reports": [
            {
                "reason": REASONS[each.reason],
                "note": each.note,
                "at": moment(each.created_at, now=work.now),
                "by": person_view(each.reporter) if each.reporter else None,
            }
            for each in file.reports
        ],
        "decisions": [
            {
                "sentence": f"{ACTIONS[each.action]}{_lasting(each.action, each.until)}",
                "hides": each.hides and each.action not in ("hide", "delete"),
                "note": each.note,
                "at": moment(each.decided_at, now=work.now),
                "by": each.moderator.name if each.moderator else "Somebody who has left",
                "undone": _moment(each.undone_at, work),
            }
            for each in file.decisions
        ],
        "appeals": [
            {
                "text": each.text,
                "at": moment(each.filed_at, now=work.now),
                "answer": each.answer,
                "answered": _moment(each.answered_at, work),
                "granted": bool(each.granted),
                "by": each.answered_by.name if each.answered_by else "Somebody who has left",
            }
            for each in file.appeals
        ],
        "notes": [
            {
                "text": each.text,
                "at": moment(each.created_at, now=work.now),
                "by": each.author.name if each.author else "Somebody who has left",
            }
            for each in file.notes
        ],
        "former_cases": [
            {
                "id": str(each.id),
                "kind": KINDS[each.kind],
                "excerpt": each.excerpt,
                "at": moment(each.opened_at, now=work.now),
                "outcome": ACTIONS[each.action]
                if each.action
                else "Withdrawn"
                if each.withdrawn
                else "Waits",
            }
            for each in file.former_cases
        ],
        "may_decide": file.may_decide,
        "may_answer": file.may_answer,
        "may_undo": file.case.action is not None and file.removed_at is None,
    }


def own_view(case: OwnCase, work: Work) -> dict[str, Any]:
    """The case as its author sees it."""
    undecided = HELD_BY_ITSELF if case.held else WITHDRAWN if case.removed_at else TAKEN_BACK
    what = undecided if case.action is None else told_author(case.action, case.until)
    return {
        "id": str(case.id),
        "kind": KINDS[case.kind],
        "what": what,
        "excerpt": case.excerpt,
        "url": case.url,
        "hidden": case.hidden,
        "removed": _moment(case.removed_at, work),
        "reasons": case.reasons,
        "dismissed": case.action == "dismiss",
        "note": case.note,
        "decided": _moment(case.decided_at, work),
        "opened": moment(case.opened_at, now=work.now),
        "may_appeal": case.may_appeal,
        "appeal": case.appeal,
        "appealed": _moment(case.appealed_at, work),
        "answered": _moment(case.answered_at, work),
        "granted": bool(case.granted),
        "answer": case.answer,
    }


def _moment(at: datetime | None, work: Work) -> Moment | None:
    return moment(at, now=work.now) if at else None


def _lasting(action: str, until: datetime | None) -> str:
    if action not in ("mute", "suspend"):
        return ""
    return f" until {moment_of(until)}" if until else " without an end"
