"""moderation

Cases, reports, decisions, appeals; blocks and mutes.
"""

from alembic import op

from threadly.migrations.tenancy import module_schema, tenant_table

revision = "0013"
down_revision = "0012"

UP = f"""
{module_schema("moderation")}

-- Who blocks whom, and who does not want to read whom: other modules join the views.
CREATE TABLE moderation.member_blocks (
    blocker_id uuid NOT NULL,
    blocked_id uuid NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (blocker_id, blocked_id),
    CHECK (blocker_id <> blocked_id)
);
CREATE INDEX member_blocks_blocked ON moderation.member_blocks (blocked_id, blocker_id);
{tenant_table("moderation.member_blocks")}
CREATE TABLE moderation.member_mutes (
    muter_id uuid NOT NULL,
    muted_id uuid NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (muter_id, muted_id),
    CHECK (muter_id <> muted_id)
);
CREATE INDEX member_mutes_muted ON moderation.member_mutes (muted_id);
{tenant_table("moderation.member_mutes")}
CREATE VIEW moderation.blocks WITH (security_invoker = true) AS
SELECT tenant_id, blocker_id, blocked_id FROM moderation.member_blocks;
-- Whom `viewer_id` shall not read: those they mute or block, and those who block them.
CREATE VIEW moderation.silenced WITH (security_invoker = true) AS
SELECT tenant_id, muter_id AS viewer_id, muted_id AS silenced_id FROM moderation.member_mutes
UNION ALL SELECT tenant_id, blocker_id, blocked_id FROM moderation.member_blocks
UNION ALL SELECT tenant_id, blocked_id, blocker_id FROM moderation.member_blocks;
REVOKE INSERT, UPDATE, DELETE ON moderation.blocks, moderation.silenced FROM threadly_app;

-- What waits for a moderator, or was decided. One that waits gathers all reports and holds of its subject.
-- `held`: hidden by itself, and no person has looked yet. `hidden`: nobody sees it, because of this case.
-- `features` are what the spam score is made of, so that a decision can be learned from when the text is gone.
CREATE TABLE moderation.cases (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    kind text NOT NULL CHECK (kind IN ('post', 'comment', 'product', 'message', 'member')),
    subject_id uuid NOT NULL,
    author_id uuid NOT NULL,
    excerpt text NOT NULL CHECK (char_length(excerpt) <= 500),
    url text NOT NULL CHECK (url ~ '^/'),
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'appealed', 'decided')),
    held boolean NOT NULL DEFAULT false,
    hidden boolean NOT NULL DEFAULT false,
    reasons jsonb NOT NULL DEFAULT '[]',
    features jsonb NOT NULL DEFAULT '[]',
    report_count int NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL,
    remove_at timestamptz,
    removed_at timestamptz
);
CREATE UNIQUE INDEX cases_waiting ON moderation.cases (kind, subject_id) WHERE status <> 'decided';
CREATE INDEX cases_subject ON moderation.cases (subject_id, id);
CREATE INDEX cases_author ON moderation.cases (author_id, id);
CREATE INDEX cases_status ON moderation.cases (tenant_id, status, id);
CREATE INDEX cases_removal ON moderation.cases (tenant_id, remove_at)
    WHERE remove_at IS NOT NULL AND removed_at IS NULL;
{tenant_table("moderation.cases")}
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON moderation.cases
    FOR EACH ROW EXECUTE FUNCTION platform.audit('author_id', 'features');

-- `upheld`: what the reporter was told; NULL until a decision.
CREATE TABLE moderation.reports (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    case_id uuid NOT NULL REFERENCES moderation.cases ON DELETE CASCADE,
    reporter_id uuid NOT NULL,
    reason text NOT NULL CHECK (reason IN (
        'spam', 'harassment', 'hate', 'violence', 'sexual', 'illegal', 'misinformation', 'other')),
    note text NOT NULL CHECK (char_length(note) <= 1000),
    upheld boolean,
    created_at timestamptz NOT NULL,
    UNIQUE (case_id, reporter_id)
);
CREATE INDEX reports_reporter ON moderation.reports (reporter_id, created_at);
{tenant_table("moderation.reports")}
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON moderation.reports
    FOR EACH ROW EXECUTE FUNCTION platform.audit('reporter_id');

-- The one without `undone_at` is in force. `until`: how long a mute or suspension lasts, NULL for no end.
-- `was_held` and `was_hidden` are what an undo goes back to; `ended_at` is when a suspension's end was told.
CREATE TABLE moderation.decisions (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    case_id uuid NOT NULL REFERENCES moderation.cases ON DELETE CASCADE,
    user_id uuid NOT NULL,
    moderator_id uuid,
    action text NOT NULL CHECK (action IN ('dismiss', 'hide', 'delete', 'warn', 'mute', 'suspend')),
    hides boolean NOT NULL,
    until timestamptz,
    note text NOT NULL CHECK (char_length(note) <= 1000),
    was_held boolean NOT NULL,
    was_hidden boolean NOT NULL,
    decided_at timestamptz NOT NULL,
    ended_at timestamptz,
    undone_at timestamptz,
    undone_by uuid
);
CREATE UNIQUE INDEX decisions_in_force ON moderation.decisions (case_id) WHERE undone_at IS NULL;
CREATE INDEX decisions_case ON moderation.decisions (case_id, id);
CREATE INDEX decisions_user ON moderation.decisions (user_id, id);
CREATE INDEX decisions_moderator ON moderation.decisions (moderator_id);
CREATE INDEX decisions_undone_by ON moderation.decisions (undone_by) WHERE undone_by IS NOT NULL;
CREATE INDEX decisions_ending ON moderation.decisions (tenant_id, until)
    WHERE action = 'suspend' AND undone_at IS NULL AND ended_at IS NULL;
{tenant_table("moderation.decisions")}
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON moderation.decisions
    FOR EACH ROW EXECUTE FUNCTION platform.audit('user_id');

-- Against a decision, or (without one) against a hold that nobody has looked at.
CREATE TABLE moderation.appeals (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    case_id uuid NOT NULL REFERENCES moderation.cases ON DELETE CASCADE,
    decision_id uuid REFERENCES moderation.decisions ON DELETE CASCADE,
    user_id uuid NOT NULL,
    text text NOT NULL CHECK (char_length(text) <= 2000),
    filed_at timestamptz NOT NULL,
    answered_at timestamptz,
    answered_by uuid,
    granted boolean,
    answer text NOT NULL DEFAULT '' CHECK (char_length(answer) <= 2000)
);
CREATE UNIQUE INDEX appeals_once ON moderation.appeals (case_id, decision_id) NULLS NOT DISTINCT;
CREATE INDEX appeals_decision ON moderation.appeals (decision_id);
CREATE INDEX appeals_user ON moderation.appeals (user_id);
CREATE INDEX appeals_answered_by ON moderation.appeals (answered_by);
{tenant_table("moderation.appeals")}
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON moderation.appeals
    FOR EACH ROW EXECUTE FUNCTION platform.audit('user_id');

-- What moderators tell each other about a case.
CREATE TABLE moderation.notes (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    case_id uuid NOT NULL REFERENCES moderation.cases ON DELETE CASCADE,
    author_id uuid NOT NULL,
    text text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 1000),
    created_at timestamptz NOT NULL
);
CREATE INDEX notes_case ON moderation.notes (case_id, id);
CREATE INDEX notes_author ON moderation.notes (author_id);
{tenant_table("moderation.notes")}

-- What this community's moderators taught the spam score, on top of the examples that every installation
-- brings: in how many texts that they called spam, and that they let pass, a feature stood. The empty
-- feature counts the texts themselves.
CREATE TABLE moderation.lessons (
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    feature text NOT NULL CHECK (char_length(feature) <= 60),
    spam int NOT NULL CHECK (spam >= 0),
    ham int NOT NULL CHECK (ham >= 0),
    PRIMARY KEY (tenant_id, feature)
);
{tenant_table("moderation.lessons")}
-- Which cases were learned, and as what, so that another decision unlearns the first.
CREATE TABLE moderation.learned (
    case_id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    spam boolean NOT NULL,
    features jsonb NOT NULL
);
{tenant_table("moderation.learned")}

-- What was written lately, by numbers that the same or nearly the same text shares (`print`), and links.
CREATE TABLE moderation.prints (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    subject_id uuid NOT NULL,
    author_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('text', 'link', 'entry')),
    print bigint NOT NULL,
    written_at timestamptz NOT NULL
);
CREATE INDEX prints_same ON moderation.prints (tenant_id, print, written_at);
CREATE INDEX prints_subject ON moderation.prints (subject_id);
CREATE INDEX prints_author ON moderation.prints (author_id, kind, written_at);
CREATE INDEX prints_oldest ON moderation.prints (tenant_id, written_at);
{tenant_table("moderation.prints")}

-- Products that a moderator took out of the shop: nobody, and no import, puts them up again meanwhile.
CREATE TABLE store.withheld_products (
    product_id uuid PRIMARY KEY REFERENCES store.products ON DELETE CASCADE,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    was_active boolean NOT NULL,
    withheld_at timestamptz NOT NULL
);
{tenant_table("store.withheld_products")}
CREATE FUNCTION store.keep_withheld() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM store.withheld_products WHERE product_id = NEW.id) THEN
        NEW.status := 'draft';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_withheld BEFORE UPDATE OF status ON store.products
    FOR EACH ROW WHEN (NEW.status = 'active' AND OLD.status <> 'active') EXECUTE FUNCTION store.keep_withheld();
"""  # only the SQL of tenancy.py is put in

DOWN = """
DROP TRIGGER keep_withheld ON store.products;
DROP FUNCTION store.keep_withheld();
DROP TABLE store.withheld_products;
DROP SCHEMA moderation CASCADE;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
