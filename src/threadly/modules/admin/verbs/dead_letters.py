"""Dead letters: reactions, jobs and deliveries that failed for good are read, tried again or dropped.

Each deed is written down, and so in the audit log. A community's operators see their own; what belongs
to none (a schedule that failed) the first one's.
"""

from collections.abc import Sequence
from typing import Final

from threadly.modules import notifications
from threadly.modules.admin.errors.operating import DeadLetterMissing
from threadly.modules.admin.permissions import OPERATE
from threadly.modules.admin.repository.dead_letters import LIST_USERNAMES
from threadly.modules.admin.types.dead_letters import Action, DeadLetter, DeadLetters, Deed, FailedKind
from threadly.platform import relay
from threadly.platform.durable.failed import FailedJobRow, list_failed_jobs
from threadly.platform.ids import id_of
from threadly.platform.interventions import Intervention, list_interventions, record_intervention
from threadly.platform.work import Work

__all__ = ["LISTED_MOST", "get_dead_letter", "list_dead_letters", "read_dead_letters", "settle_dead_letter"]

LISTED_MOST: Final = 100
DEEDS_LISTED: Final = 20


async def read_dead_letters(work: Work) -> DeadLetters:
    """The newest LISTED_MOST of each kind, what was done lately, and channels that are down.

    Raises SignInRequired, Denied.
    """
    letters = await list_dead_letters(work)
    counts = {kind: sum(each.kind == kind for each in letters) for kind in ("reaction", "job", "delivery")}
    return DeadLetters(
        letters=letters,
        deeds=await _deeds(work, await list_interventions(work, limit=DEEDS_LISTED)),
        outages=await notifications.list_outages(work),
        beyond=LISTED_MOST in counts.values(),
    )


async def list_dead_letters(work: Work, *, kind: FailedKind | None = None) -> list[DeadLetter]:
    """Newest first, LISTED_MOST of each kind. Raises SignInRequired, Denied."""
    work.actor.require(OPERATE)
    found: list[DeadLetter] = []
    if kind in (None, "reaction"):
        found += [_of_reaction(each) for each in await relay.list_dead_letters(work, limit=LISTED_MOST)]
    if kind in (None, "job"):
        found += [_of_job(each) for each in await list_failed_jobs(work, limit=LISTED_MOST)]
    if kind in (None, "delivery"):
        failed = await notifications.list_undeliverable(work, limit=LISTED_MOST)
        found += [_of_delivery(each) for each in failed]
    return sorted(found, key=lambda each: each.failed_at, reverse=True)


async def get_dead_letter(work: Work, *, letter_id: str) -> DeadLetter:
    """Raises SignInRequired, Denied and DeadLetterMissing."""
    work.actor.require(OPERATE)
    kind: FailedKind
    for kind in ("reaction", "job", "delivery"):
        if letter_id.startswith(f"{kind}:"):
            for each in await list_dead_letters(work, kind=kind):
                if each.id == letter_id:
                    return each
    raise DeadLetterMissing


async def settle_dead_letter(work: Work, *, letter_id: str, action: Action) -> DeadLetter:
    """Have it tried again, or give it up for good. A job is seen to by a worker, within a few seconds.

    Raises SignInRequired, Denied and DeadLetterMissing.
    """
    letter = await get_dead_letter(work, letter_id=letter_id)
    subject = letter_id.partition(":")[2]
    if letter.kind == "reaction":
        await _settle_reaction(work, subject, action)
    elif letter.kind == "delivery":
        await _settle_delivery(work, subject, action)
    said = _said(letter)
    await record_intervention(work, kind=letter.kind, subject=subject, action=action, said=said)
    return letter


async def _settle_reaction(work: Work, subject: str, action: Action) -> None:
    event, _, reaction = subject.partition(":")
    act = relay.retry_dead_letter if action == "retry" else relay.drop_dead_letter
    await act(work, event_id=id_of(event, DeadLetterMissing), reaction=reaction)


async def _settle_delivery(work: Work, subject: str, action: Action) -> None:
    act = notifications.retry_delivery if action == "retry" else notifications.drop_delivery
    await act(work, delivery_id=id_of(subject, DeadLetterMissing))


def _said(letter: DeadLetter) -> str:
    """Without the name of whom a delivery was for: what is written down outlasts their account."""
    about = letter.payload["kind"] if letter.kind == "delivery" else letter.because_of
    return f"{letter.name}, {about}" if about else letter.name


async def _deeds(work: Work, found: Sequence[Intervention]) -> list[Deed]:
    people = [each.actor_id for each in found if each.actor_id]
    names = {each.id: each.username for each in await work.all(LIST_USERNAMES, people)} if people else {}
    return [
        Deed(
            each.id,
            each.kind,
            each.action,
            each.said,
            names.get(each.actor_id) if each.actor_id else None,
            each.at,
            each.outcome,
        )
        for each in found
    ]


def _of_reaction(row: relay.DeadLetter) -> DeadLetter:
    return DeadLetter(
        id=f"reaction:{row.event_id}:{row.reaction}",
        kind="reaction",
        name=row.reaction,
        because_of=f"event {row.event}",
        payload=row.payload,
        error=row.error,
        attempts=row.attempts,
        failed_at=row.dead_at,
        trace_id=_trace_of(row.traceparent),
    )


def _of_job(row: FailedJobRow) -> DeadLetter:
    return DeadLetter(
        id=f"job:{row.id}",
        kind="job",
        name=row.job,
        because_of=f"queue {row.queue}" if row.queue else "",
        payload=row.arguments,
        error=row.error,
        attempts=None,
        failed_at=row.failed_at,
        trace_id=None,
    )


def _of_delivery(row: notifications.UndeliverableDelivery) -> DeadLetter:
    payload = {"channel": row.channel, "kind": row.kind, "to": row.username}
    return DeadLetter(
        id=f"delivery:{row.id}",
        kind="delivery",
        name=f"notifications.{row.channel}",
        because_of=f"{row.kind} for @{row.username}" if row.username else row.kind,
        payload={**payload, "gathered": row.gathered} if row.gathered else payload,
        error=row.error,
        attempts=row.attempts,
        failed_at=row.failed_at,
        trace_id=None,
    )


def _trace_of(traceparent: str) -> str | None:
    """The trace id of "00-<trace>-<span>-<flags>"."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) == 4 else None
