"""messaging

Conversations, their members, messages; calls and their signals.
"""

from alembic import op

from threadly.migrations.tenancy import module_schema, tenant_table

revision = "0014"
down_revision = "0013"

# `last_seq` numbers messages, `last_change` whatever becomes of them. Both grow in the transaction that writes,
# which holds the conversation's row until it is committed: so changes become visible in the order of their
# numbers, and whoever has seen number n asks for what is above n and misses nothing.
UP = f"""
{module_schema("messaging")}

CREATE TABLE messaging.conversations (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    kind text NOT NULL CHECK (kind IN ('direct', 'group')),
    title text CHECK (char_length(title) BETWEEN 1 AND 80),
    -- Of a direct one: both members, so that two people have one conversation however often they begin it.
    direct_key text,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    active_at timestamptz NOT NULL,
    last_seq bigint NOT NULL DEFAULT 0,
    last_change bigint NOT NULL DEFAULT 0,
    CHECK ((kind = 'group') = (title IS NOT NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX conversations_direct ON messaging.conversations (tenant_id, direct_key)
    WHERE direct_key IS NOT NULL;
CREATE INDEX conversations_started ON messaging.conversations (created_by, created_at);
{tenant_table("messaging.conversations")}

-- Somebody added later reads what is above `joined_seq` only.
CREATE TABLE messaging.members (
    conversation_id uuid NOT NULL REFERENCES messaging.conversations ON DELETE CASCADE,
    user_id uuid NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    role text NOT NULL CHECK (role IN ('owner', 'member')),
    muted boolean NOT NULL DEFAULT false,
    joined_at timestamptz NOT NULL,
    joined_seq bigint NOT NULL DEFAULT 0,
    read_seq bigint NOT NULL DEFAULT 0,
    delivered_seq bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (conversation_id, user_id),
    CHECK (delivered_seq >= read_seq)
) WITH (fillfactor = 80);
CREATE INDEX members_of_user ON messaging.members (user_id, conversation_id);
{tenant_table("messaging.members")}

-- `shown` is false while a message was never seen by anybody but its sender: it was held when it was sent.
CREATE TABLE messaging.messages (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    conversation_id uuid NOT NULL REFERENCES messaging.conversations ON DELETE CASCADE,
    seq bigint NOT NULL,
    change bigint NOT NULL,
    sender_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('text', 'notice', 'call')),
    content text NOT NULL CHECK (char_length(content) <= 4000),
    media jsonb NOT NULL DEFAULT '[]',
    about uuid[] NOT NULL DEFAULT '{{}}',
    client_id text CHECK (char_length(client_id) BETWEEN 1 AND 64),
    created_at timestamptz NOT NULL,
    edited_at timestamptz,
    deleted_at timestamptz,
    hidden boolean NOT NULL DEFAULT false,
    shown boolean NOT NULL DEFAULT true
);
CREATE UNIQUE INDEX messages_seq ON messaging.messages (conversation_id, seq);
CREATE UNIQUE INDEX messages_change ON messaging.messages (conversation_id, change);
CREATE UNIQUE INDEX messages_client ON messaging.messages (conversation_id, sender_id, client_id)
    WHERE client_id IS NOT NULL;
CREATE INDEX messages_of_sender ON messaging.messages (sender_id);
{tenant_table("messaging.messages")}

-- Who calls whom. The two seen times tell a call that goes on from one whose browsers are gone.
CREATE TABLE messaging.calls (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    conversation_id uuid NOT NULL REFERENCES messaging.conversations ON DELETE CASCADE,
    caller_id uuid NOT NULL,
    callee_id uuid NOT NULL,
    media text NOT NULL CHECK (media IN ('audio', 'video')),
    state text NOT NULL CHECK (state IN ('ringing', 'answered', 'ended', 'declined', 'cancelled', 'missed')),
    started_at timestamptz NOT NULL,
    answered_at timestamptz,
    ended_at timestamptz,
    caller_seen_at timestamptz NOT NULL,
    callee_seen_at timestamptz NOT NULL,
    last_signal bigint NOT NULL DEFAULT 0
);
CREATE INDEX calls_of_caller ON messaging.calls (caller_id) WHERE state IN ('ringing', 'answered');
CREATE INDEX calls_of_callee ON messaging.calls (callee_id) WHERE state IN ('ringing', 'answered');
CREATE INDEX calls_of_conversation ON messaging.calls (conversation_id);
CREATE INDEX calls_live ON messaging.calls (tenant_id, started_at) WHERE state IN ('ringing', 'answered');
{tenant_table("messaging.calls")}

-- What the two browsers tell each other; gone when the call ends.
CREATE TABLE messaging.signals (
    call_id uuid NOT NULL REFERENCES messaging.calls ON DELETE CASCADE,
    number bigint NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    sender_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('offer', 'answer', 'candidate')),
    body text NOT NULL CHECK (char_length(body) <= 32768),
    PRIMARY KEY (call_id, number)
);
{tenant_table("messaging.signals")}
"""  # only the SQL of tenancy.py is put in

DOWN = """
DROP SCHEMA messaging CASCADE;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
