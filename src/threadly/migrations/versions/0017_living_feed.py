"""feed: hidden posts, images, mutes

What makes the feed part of a living community.
"""

from alembic import op

revision = "0017"
down_revision = "0016"

# The home feed asks of each entry whether its author is muted, and reads that from the indexes alone.
UP = """
-- A hidden post is seen by its author and by moderators. `hidden_visibility` is what it had before and gets
-- back; comments of a hidden post are hidden with it, and have none. `announced`: it was published once, so
-- that its release is no news.
ALTER TABLE feed.posts
    ADD COLUMN media jsonb CHECK (jsonb_typeof(media) = 'array'),
    ADD COLUMN hidden_visibility text,
    ADD COLUMN announced boolean NOT NULL DEFAULT true,
    DROP CONSTRAINT posts_visibility_check,
    ADD CONSTRAINT posts_visibility_check CHECK (visibility IN ('public', 'followers', 'hidden')),
    ADD CONSTRAINT posts_hidden_check CHECK (hidden_visibility IS NULL OR visibility = 'hidden');

-- Whether the follower does not want to read the one they follow: kept equal to moderation's answer.
ALTER TABLE feed.follows ADD COLUMN muted boolean NOT NULL DEFAULT false;
ALTER TABLE feed.follows
    DROP CONSTRAINT follows_pkey,
    ADD PRIMARY KEY (follower_id, followee_id) INCLUDE (tenant_id, muted);
DROP INDEX feed.follows_followers;
CREATE INDEX follows_followers ON feed.follows (followee_id, id) INCLUDE (follower_id, tenant_id, muted);
"""

# The version before cannot hide: what is hidden would be read by everybody, so it goes.
DOWN = """
DROP INDEX feed.follows_followers;
ALTER TABLE feed.follows
    DROP CONSTRAINT follows_pkey,
    ADD PRIMARY KEY (follower_id, followee_id) INCLUDE (tenant_id);
CREATE INDEX follows_followers ON feed.follows (followee_id, id) INCLUDE (follower_id, tenant_id);
ALTER TABLE feed.follows DROP COLUMN muted;
DELETE FROM feed.posts WHERE visibility = 'hidden';
ALTER TABLE feed.posts
    DROP CONSTRAINT posts_hidden_check,
    DROP CONSTRAINT posts_visibility_check,
    ADD CONSTRAINT posts_visibility_check CHECK (visibility IN ('public', 'followers')),
    DROP COLUMN announced,
    DROP COLUMN hidden_visibility,
    DROP COLUMN media;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
