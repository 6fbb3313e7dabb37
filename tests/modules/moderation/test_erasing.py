"""What is left of a member who deletes their account, and what the audit log has of decisions."""

from functools import partial

import asyncpg

from tests.cast import Visit
from tests.modules.moderation.acts import appeal, held_case, look, reported_case, rule
from tests.modules.moderation.conftest import RunJobs
from threadly.modules import identity, moderation
from threadly.modules.moderation.reactions import erase_member
from threadly.modules.moderation.verbs.cases import add_note
from threadly.modules.moderation.verbs.deciding import undo_decision
from threadly.platform.work import SYSTEM, Tenant, Works

TABLES = (
    "cases",
    "reports",
    "decisions",
    "appeals",
    "notes",
    "learned",
    "prints",
    "member_blocks",
    "member_mutes",
)


async def test_a_deleted_account_leaves_no_cases_reports_or_names(
    bob: Visit,
    sarah: Visit,
    mona: Visit,
    strict: Works,
    tenant: Tenant,
    owner: "asyncpg.Connection[asyncpg.Record]",
    run_jobs: RunJobs,
) -> None:
    _, of_bob = await held_case(bob)
    await rule(mona, of_bob, "hide", note="Bob, please.")
    await appeal(bob, of_bob)
    await run_jobs()
    _, by_bob = await reported_case(sarah, bob)
    await mona.write(partial(add_note, case_id=by_bob, text="A neighbours' quarrel."))
    await rule(mona, by_bob, "hide")
    await mona.write(partial(undo_decision, case_id=by_bob))
    await rule(mona, by_bob, "dismiss")
    await bob.write(partial(moderation.block_member, member="sarahj"))
    await sarah.write(partial(moderation.mute_member, member="bob"))

    for gone in (bob, mona):
        for _ in range(2):  # it may be told again
            event = identity.AccountDeleted(user_id=gone.actor.me)
            await Visit(strict, tenant, SYSTEM).write(partial(erase_member, event=event))

    counts = {
        table: await owner.fetchval(
            f"SELECT count(*) FROM moderation.{table} WHERE tenant_id = $1", tenant.id
        )
        for table in TABLES
    }
    assert counts == dict.fromkeys(TABLES, 0) | {"cases": 1, "decisions": 2}
    for decision in await owner.fetch("SELECT * FROM moderation.decisions WHERE tenant_id = $1", tenant.id):
        named = (decision["case_id"], decision["moderator_id"], decision["undone_by"])
        assert named == (by_bob, None, None)
    left = await owner.fetchval(
        "SELECT count(*) FROM platform.audit_log WHERE tenant_id = $1 AND subject = $2"
        " AND (before IS NOT NULL OR after IS NOT NULL)",
        tenant.id,
        bob.actor.me,
    )
    assert left == 0


async def test_every_decision_is_in_the_audit_log_with_who_and_what(
    bob: Visit, sarah: Visit, mona: Visit, tenant: Tenant, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    _, case_id = await reported_case(bob, sarah)
    await rule(mona, case_id, "mute", hours=1, note="A pause.")
    rows = await owner.fetch(
        "SELECT actor_id, relation, operation, after ->> 'action' AS action, after ->> 'note' AS note"
        " FROM platform.audit_log WHERE tenant_id = $1 AND subject = $2 AND relation LIKE 'moderation.%'"
        " ORDER BY id",
        tenant.id,
        bob.actor.me,
    )
    decided = [row for row in rows if row["relation"] == "moderation.decisions"]
    assert [(row["actor_id"], row["action"], row["note"]) for row in decided] == [
        (mona.actor.me, "mute", "A pause.")
    ]
    assert (await look(mona, case_id)).case.status == "decided"
