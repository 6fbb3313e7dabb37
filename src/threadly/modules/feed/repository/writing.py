"""What changes one post.

Whoever writes must still be a member: an access token may outlive its account for a moment.
"""

from types import NoneType

from threadly.modules.feed.repository.rows import DeletedRow, HiddenRow, ReleasedRow
from threadly.platform.db import sql
from threadly.platform.ids import UUID

# $9: held, so nobody else sees it until it is released, nor is it counted.
INSERT_POST = sql(
    "feed.insert_post",
    """
    WITH author AS (SELECT id FROM identity.profiles WHERE id = $2), post AS (
        INSERT INTO feed.posts
            (id, author_id, thread_author_id, content, visibility, hidden_visibility, announced, mentions,
             media, created_at, updated_at)
        SELECT $1, id, id, $3, CASE WHEN $9 THEN 'hidden' ELSE $4::text END,
            CASE WHEN $9 THEN $4::text END, NOT $9::boolean, $5, $8, $7, $7
        FROM author
    ), tags AS (
        INSERT INTO feed.post_tags (tag, post_id) SELECT tag, $1 FROM author, unnest($6::text[]) tag
    ), own AS (
        INSERT INTO feed.timelines (owner_id, post_id, author_id) SELECT id, $1, id FROM author
    )
    INSERT INTO feed.authors (user_id, post_count) SELECT id, (NOT $9)::int FROM author
    ON CONFLICT (user_id) DO UPDATE SET post_count = authors.post_count + EXCLUDED.post_count
    """,
    into=NoneType,
)
# Counting comes first: it locks the post, so that its visibility cannot change meanwhile. $7: held.
INSERT_COMMENT = sql(
    "feed.insert_comment",
    """
    WITH post AS (
        UPDATE feed.posts SET comment_count = comment_count + (NOT $7::boolean)::int
        WHERE id = $3 AND reply_to IS NULL
        RETURNING id, author_id, visibility
    )
    INSERT INTO feed.posts
        (id, author_id, thread_author_id, reply_to, content, visibility, hidden_visibility, announced,
         mentions, created_at, updated_at)
    SELECT $1, me.id, post.author_id, post.id, $4, CASE WHEN $7 THEN 'hidden' ELSE post.visibility END,
        CASE WHEN $7 THEN post.visibility END, NOT $7, $5, $6, $6
    FROM post, identity.profiles me WHERE me.id = $2
    """,
    into=NoneType,
)
# Of two who change one post, the second reads what the first has made of it: the visibility that it has, or
# will have again.
LOCK_POST = sql(
    "feed.lock_post",
    "SELECT coalesce(hidden_visibility, visibility) FROM feed.posts WHERE id = $1 FOR NO KEY UPDATE",
    into=str,
)
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
    UPDATE feed.posts p SET content = $2, mentions = $4,
        visibility = CASE WHEN p.visibility = 'hidden' THEN p.visibility ELSE $3 END,
        hidden_visibility = CASE WHEN p.hidden_visibility IS NOT NULL THEN $3 END,
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
RESTRICT_MEDIA = sql(
    "feed.restrict_media",
    """
    UPDATE feed.posts SET media = (
        SELECT jsonb_agg(image || jsonb_build_object('private', $2::boolean) ORDER BY place)
        FROM jsonb_array_elements(media) WITH ORDINALITY each (image, place)
    )
    WHERE id = $1 AND media IS NOT NULL
    """,
    into=NoneType,
)
SHOW_COMMENTS_TO = sql(
    "feed.show_comments_to",
    """
    UPDATE feed.posts SET visibility = $2
    WHERE reply_to = $1 AND hidden_visibility IS NULL AND visibility <> $2
    """,
    into=NoneType,
)
COMMENT_IDS = sql("feed.comment_ids", "SELECT id FROM feed.posts WHERE reply_to = $1", into=UUID)
DELETE_POST = sql(
    "feed.delete_post",
    """
    WITH gone AS (
        DELETE FROM feed.posts WHERE id = $1
        RETURNING author_id, reply_to, hidden_visibility IS NULL AS counted, media IS NOT NULL AS with_media
    ), post AS (
        UPDATE feed.posts p SET comment_count = comment_count - 1 FROM gone
        WHERE p.id = gone.reply_to AND gone.counted
    ), author AS (
        UPDATE feed.authors u SET post_count = post_count - 1 FROM gone
        WHERE u.user_id = gone.author_id AND gone.reply_to IS NULL AND gone.counted
    )
    SELECT author_id, reply_to, with_media FROM gone
    """,
    into=DeletedRow,
)
# A post is hidden with its comments, and neither is counted. A comment that is hidden with its post has no
# `hidden_visibility`: it is not hidden itself, so releasing the post releases it.
HIDE_POST = sql(
    "feed.hide_post",
    """
    WITH hidden AS (
        UPDATE feed.posts SET hidden_visibility = visibility, visibility = 'hidden'
        WHERE id = $1 AND hidden_visibility IS NULL RETURNING id, author_id, reply_to
    ), comments AS (
        UPDATE feed.posts c SET visibility = 'hidden' FROM hidden WHERE c.reply_to = hidden.id
    ), post AS (
        UPDATE feed.posts p SET comment_count = comment_count - 1 FROM hidden WHERE p.id = hidden.reply_to
    ), author AS (
        UPDATE feed.authors u SET post_count = post_count - 1 FROM hidden
        WHERE u.user_id = hidden.author_id AND hidden.reply_to IS NULL
    )
    SELECT author_id, reply_to FROM hidden
    """,
    into=HiddenRow,
)
RELEASE_POST = sql(
    "feed.release_post",
    """
    WITH held AS (
        SELECT p.id, p.announced, CASE WHEN p.reply_to IS NULL THEN p.hidden_visibility ELSE (
            SELECT thread.visibility FROM feed.posts thread WHERE thread.id = p.reply_to
        ) END AS visibility
        FROM feed.posts p WHERE p.id = $1 AND p.hidden_visibility IS NOT NULL FOR NO KEY UPDATE OF p
    ), freed AS (
        UPDATE feed.posts p SET visibility = held.visibility, hidden_visibility = NULL, announced = true
        FROM held WHERE p.id = held.id
        RETURNING p.id, p.author_id, p.reply_to, p.visibility, p.mentions, held.announced AS was_announced
    ), comments AS (
        UPDATE feed.posts c SET visibility = freed.visibility FROM freed
        WHERE c.reply_to = freed.id AND c.hidden_visibility IS NULL
    ), post AS (
        UPDATE feed.posts p SET comment_count = comment_count + 1 FROM freed WHERE p.id = freed.reply_to
    ), author AS (
        UPDATE feed.authors u SET post_count = post_count + 1 FROM freed
        WHERE u.user_id = freed.author_id AND freed.reply_to IS NULL
    )
    SELECT author_id, reply_to, visibility, mentions, was_announced FROM freed
    """,
    into=ReleasedRow,
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
