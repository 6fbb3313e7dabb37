"""waiting cases

Several cases about one thing may wait at once: whatever is undone or appealed against waits again, also when it
was reported anew meanwhile. That moderators told each other something is in the audit log too.
"""

from alembic import op

revision = "0028"
down_revision = "0027"

UP = """
-- Of all cases about one thing, the one that new reports and holds join.
ALTER TABLE moderation.cases ADD COLUMN gathers boolean NOT NULL DEFAULT true;
DROP INDEX moderation.cases_waiting;
UPDATE moderation.cases c SET
    gathers = c.status <> 'decided' AND NOT EXISTS (
        SELECT FROM moderation.decisions d WHERE d.case_id = c.id AND d.undone_at IS NULL
    ),
    -- Those that had left the queue, and nobody could bring back.
    status = CASE
        WHEN c.status <> 'decided' OR c.removed_at IS NOT NULL THEN c.status
        WHEN EXISTS (
            SELECT FROM moderation.appeals a WHERE a.case_id = c.id AND a.answered_at IS NULL
        ) THEN 'appealed'
        WHEN NOT EXISTS (
            SELECT FROM moderation.decisions d WHERE d.case_id = c.id AND d.undone_at IS NULL
        ) THEN 'open'
        ELSE c.status
    END;
CREATE UNIQUE INDEX cases_gathering ON moderation.cases (kind, subject_id) WHERE gathers;
-- That there is a note, not what it says of somebody else: it goes with them, and the log is not searched for that.
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON moderation.notes
    FOR EACH ROW EXECUTE FUNCTION platform.audit('author_id', 'text');
"""

DOWN = """
DROP TRIGGER audit ON moderation.notes;
DROP INDEX moderation.cases_gathering;
UPDATE moderation.cases SET status = 'decided' WHERE status <> 'decided' AND NOT gathers;
ALTER TABLE moderation.cases DROP COLUMN gathers;
CREATE UNIQUE INDEX cases_waiting ON moderation.cases (kind, subject_id) WHERE status <> 'decided';
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
