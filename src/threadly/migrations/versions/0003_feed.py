"""feed

Posts and comments, their history, likes, follows, counters, home timelines.
"""

from alembic import op

from threadly.migrations.tenancy import module_schema, tenant_table

revision = "0003"
down_revision = "0002"

# Row level security lets an index serve a condition only through leakproof operators. Those of uuid, text
# and int are; those of arrays are not: so tags have a table and not an array with a GIN index. The policy
# reads `tenant_id` of every row, which is why the busiest indexes carry it.
#
# Counters live in the row that they count for. Their columns are in no index and the pages keep some room, so
# that counting is a heap-only update.
UP = f"""
{module_schema("feed")}

-- A comment is a post with `reply_to`. Its visibility is its post's, kept equal, and `thread_author_id`, whose
-- followers may read, is the author of that post; so who may read a row can be told from the row alone.
CREATE TABLE feed.posts (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    author_id uuid NOT NULL,
    thread_author_id uuid NOT NULL,
    reply_to uuid REFERENCES feed.posts ON DELETE CASCADE,
    content text NOT NULL CHECK (char_length(content) BETWEEN 1 AND 2800),
    visibility text NOT NULL CHECK (visibility IN ('public', 'followers')),
    mentions text[] NOT NULL DEFAULT '{{}}',
    like_count int NOT NULL DEFAULT 0 CHECK (like_count >= 0),
    comment_count int NOT NULL DEFAULT 0 CHECK (comment_count >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    edited_at timestamptz,
    CHECK (reply_to IS NOT NULL OR thread_author_id = author_id)
) WITH (fillfactor = 80);
CREATE INDEX posts_of_author ON feed.posts (author_id, id) WHERE reply_to IS NULL;
CREATE INDEX posts_public ON feed.posts (tenant_id, id) WHERE reply_to IS NULL AND visibility = 'public';
CREATE INDEX posts_comments ON feed.posts (reply_to, id) WHERE reply_to IS NOT NULL;
CREATE INDEX posts_comments_of_author ON feed.posts (author_id) WHERE reply_to IS NOT NULL;
{tenant_table("feed.posts")}

-- Only what a person does is recorded; counting a like is not a change of the post.
CREATE TRIGGER audit_change AFTER UPDATE OF content, visibility ON feed.posts FOR EACH ROW
    WHEN (OLD.content IS DISTINCT FROM NEW.content OR OLD.visibility IS DISTINCT FROM NEW.visibility)
    EXECUTE FUNCTION platform.audit('author_id');
CREATE TRIGGER audit_delete AFTER DELETE ON feed.posts
    FOR EACH ROW EXECUTE FUNCTION platform.audit('author_id');
CREATE TRIGGER touch BEFORE UPDATE OF content, visibility ON feed.posts FOR EACH ROW
    WHEN (OLD.content IS DISTINCT FROM NEW.content OR OLD.visibility IS DISTINCT FROM NEW.visibility)
    EXECUTE FUNCTION platform.touch_updated_at();

-- What an edited post said before, from `written_at` on, and to whom: a text for followers stays theirs when
-- the post becomes public.
CREATE TABLE feed.post_revisions (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    post_id uuid NOT NULL REFERENCES feed.posts ON DELETE CASCADE,
    content text NOT NULL,
    visibility text NOT NULL,
    mentions text[] NOT NULL,
    written_at timestamptz NOT NULL
);
CREATE INDEX post_revisions_of_post ON feed.post_revisions (post_id, id);
{tenant_table("feed.post_revisions")}

CREATE TABLE feed.post_tags (
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    tag text NOT NULL CHECK (tag = lower(tag)),
    post_id uuid NOT NULL REFERENCES feed.posts ON DELETE CASCADE,
    PRIMARY KEY (tenant_id, tag, post_id)
);
CREATE INDEX post_tags_of_post ON feed.post_tags (post_id);
{tenant_table("feed.post_tags")}

CREATE TABLE feed.likes (
    post_id uuid NOT NULL REFERENCES feed.posts ON DELETE CASCADE,
    user_id uuid NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (post_id, user_id)
);
CREATE INDEX likes_of_user ON feed.likes (user_id);
CREATE INDEX likes_recent ON feed.likes (tenant_id, created_at) INCLUDE (post_id);
{tenant_table("feed.likes")}

-- `id` orders a person's followers and followees by time.
CREATE TABLE feed.follows (
    follower_id uuid NOT NULL,
    followee_id uuid NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (follower_id, followee_id) INCLUDE (tenant_id),
    CHECK (follower_id <> followee_id)
);
CREATE INDEX follows_followers ON feed.follows (followee_id, id) INCLUDE (follower_id, tenant_id);
CREATE INDEX follows_following ON feed.follows (follower_id, id) INCLUDE (followee_id, tenant_id);
{tenant_table("feed.follows")}

-- A member's numbers; a member who never posted nor followed nor was followed has no row, which means zeros.
-- `pulled`: too many followers to write to each of them; stays true, because what was not pushed then is
-- in no timeline.
CREATE TABLE feed.authors (
    user_id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    follower_count int NOT NULL DEFAULT 0 CHECK (follower_count >= 0),
    following_count int NOT NULL DEFAULT 0 CHECK (following_count >= 0),
    post_count int NOT NULL DEFAULT 0 CHECK (post_count >= 0),
    pulled boolean NOT NULL DEFAULT false
) WITH (fillfactor = 80);
CREATE INDEX authors_popular ON feed.authors (tenant_id, follower_count, user_id);
CREATE INDEX authors_pulled ON feed.authors (tenant_id, user_id) WHERE pulled;
{tenant_table("feed.authors")}

-- No foreign keys: a row for what is gone is never shown, and a fan-out writes ten thousand at once.
CREATE TABLE feed.timelines (
    owner_id uuid NOT NULL,
    post_id uuid NOT NULL,
    author_id uuid NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    PRIMARY KEY (owner_id, post_id) INCLUDE (author_id, tenant_id)
);
CREATE INDEX timelines_of_post ON feed.timelines (post_id);
{tenant_table("feed.timelines")}
ALTER TABLE feed.timelines SET (autovacuum_vacuum_scale_factor = 0.05);
"""  # only the SQL of tenancy.py is put in

DOWN = "DROP SCHEMA feed CASCADE"


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
