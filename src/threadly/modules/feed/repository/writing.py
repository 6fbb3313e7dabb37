"""What changes one post.

Whoever writes must still be a member: an access token may outlive its account for a moment.
"""

from types import NoneType

from threadly.modules.feed.repository.rows import DeletedRow
from threadly.platform.db import sql
from threadly.platform.ids import UUID

INSERT_POST = sql(
    "feed.insert_post",
    """
    WITH author AS (SELECT id FROM identity.profiles WHERE id = $2), post AS (
        INSERT INTO feed.posts
            (id, author_id, thread_author_id, content, visibility, mentions, created_at, updated_at)
        SELECT $1, id, id, $3, $4, $5, $7, $7 FROM author
    ), tags AS (
        INSERT INTO feed.post_tags (tag, post_id) SELECT tag, $1 FROM author, unnest($6::text[]) tag
    ), own AS (
        INSERT INTO feed.timelines (owner_id, post_id, author_id) SELECT id, $1, id FROM author
    )
    INSERT INTO feed.authors (user_id, post_count) SELECT id, 1 FROM author
    ON CONFLICT (user_id) DO UPDATE SET post_count = authors.post_count + 1
    """,
    into=NoneType,
)
# Counting comes first: it locks the post, so that its visibility cannot change meanwhile.
INSERT_COMMENT = sql(
    "feed.insert_comment",
    """
    WITH post AS (
        UPDATE feed.posts SET comment_count = comment_count + 1 WHERE id = $3 AND reply_to IS NULL
        RETURNING id, author_id, visibility
    )
    INSERT INTO feed.posts
        (id, author_id, thread_author_id, reply_to, content, visibility, mentions, created_at, updated_at)
    SELECT $1, me.id, post.author_id, post.id, $4, post.visibility, $5, $6, $6
    FROM post, identity.profiles me WHERE me.id = $2
    """,
    into=NoneType,
)
# Of two who change one post, the second reads what the first has made of it.
LOCK_POST = sql("feed.lock_post", "SELECT id FROM feed.posts WHERE id = $1 FOR NO KEY UPDATE", into=UUID)
EDIT_POST = sql(
    "feed.edit_post",
    """
    WITH old AS (
        SELECT id, content, visibility, mentions, coalesce(edited_at, created_at) AS written_at
        FROM feed.posts WHERE id = $1 FOR NO KEY UPDATE
    ), kept AS (
        INSERT INTO feed.post_revisions (id, post_id, content, visibility, mentions, written_at)
        SELECT $6, id, content, visibility, mentions, written_at FROM old WHERE content <> $2
    )
    UPDATE feed.posts p SET content = $2, visibility = $3, mentions = $4,
        edited_at = CASE WHEN old.content <> $2 THEN $5 ELSE p.edited_at END
    FROM old WHERE p.id = old.id
    """,
    into=NoneType,
)
REPLACE_TAGS = sql(
    "feed.replace_tags",
    """
    WITH dropped AS (DELETE FROM feed.post_tags WHERE post_id = $1 AND tag <> ALL($2::text[]))
    INSERT INTO feed.post_tags (tag, post_id) SELECT tag, $1 FROM unnest($2::text[]) tag
    ON CONFLICT DO NOTHING
    """,
    into=NoneType,
)
SHOW_COMMENTS_TO = sql(
    "feed.show_comments_to",
    "UPDATE feed.posts SET visibility = $2 WHERE reply_to = $1 AND visibility <> $2",
    into=NoneType,
)
DELETE_POST = sql(
    "feed.delete_post",
    """
    WITH gone AS (
        DELETE FROM feed.posts WHERE id = $1 RETURNING author_id, reply_to
    ), post AS (
        UPDATE feed.posts p SET comment_count = comment_count - 1 FROM gone WHERE p.id = gone.reply_to
    ), author AS (
        UPDATE feed.authors u SET post_count = post_count - 1 FROM gone
        WHERE u.user_id = gone.author_id AND gone.reply_to IS NULL
    )
    SELECT author_id, reply_to FROM gone
    """,
    into=DeletedRow,
)
LIKE = sql(
    "feed.like",
    """
    WITH post AS (
        SELECT id FROM feed.posts WHERE id = $1 FOR KEY SHARE
    ), liked AS (
        INSERT INTO feed.likes (post_id, user_id, created_at)
        SELECT post.id, me.id, $3 FROM post, identity.profiles me WHERE me.id = $2
        ON CONFLICT DO NOTHING RETURNING post_id
    )
    UPDATE feed.posts p SET like_count = like_count + 1 FROM liked WHERE p.id = liked.post_id
    """,
    into=NoneType,
)
UNLIKE = sql(
    "feed.unlike",
    """
    WITH unliked AS (DELETE FROM feed.likes WHERE post_id = $1 AND user_id = $2 RETURNING post_id)
    UPDATE feed.posts p SET like_count = like_count - 1 FROM unliked WHERE p.id = unliked.post_id
    """,
    into=NoneType,
)
