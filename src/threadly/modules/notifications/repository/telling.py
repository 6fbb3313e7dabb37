"""Telling people of one fact: taken note of once, added to what they have not read, put in line for what
leaves the house. One statement, however many people; a thousand is what the callers give it.
"""

# ruff: noqa: S608  # only this file's own constants are put into SQL

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = ["READERS", "TELL", "TELL_FOLLOWERS", "WRITTEN", "Told", "Written"]


class Told(msgspec.Struct, frozen=True):
    """Whose bell rings; `last` is where a list of followers goes on, None at its end."""

    user_ids: list[UUID]
    last: UUID | None


class Written(msgspec.Struct, frozen=True):
    """A post or comment that can be read; of a post, `thread_id` is its own."""

    author_id: UUID
    thread_id: UUID
    thread_author_id: UUID
    visibility: str
    reply_to: UUID | None


# $1 kind, $2 variant, $3 group, $4 fact, $5 who caused it (the first of all ids: nobody), $6 subject,
# $7 detail, $8 now, $9 a fresh id for each person, $10 the modes by default, by the order of channels, $11
# whether each is worth a mail of its own, $12 when it happened: what is shown goes by that, what is sent by
# now.
#
# `inboxes` comes first and in order, so that two who tell the same people wait for one another there, and
# take their numbers in the order of their commits. A fact that is known already ends the person's turn.
# `was_there` is asked only when somebody beyond the latest three may act again.
#
# What is asked about each person is written so that it is looked up by their id and never joined: the planner
# knows nothing of how many there will be.
_TELL = """
    heard AS (
        SELECT r.user_id, r.nth, coalesce(p.app, ($10::text[])[1]) <> 'off' AS in_app,
               coalesce(p.mail, ($10::text[])[2]) AS mail,
               CASE WHEN EXISTS (SELECT FROM notifications.push_subscriptions s WHERE s.user_id = r.user_id)
                    THEN coalesce(p.push, ($10::text[])[3]) ELSE 'off' END AS push,
               CASE WHEN EXISTS (
                        SELECT FROM notifications.phones t
                        WHERE t.user_id = r.user_id AND t.confirmed_at IS NOT NULL
                    ) THEN coalesce(p.sms, ($10::text[])[4]) ELSE 'off' END AS sms,
               rhythm.quiet_from, rhythm.quiet_until,
               coalesce(rhythm.time_zone, 'UTC') AS time_zone, coalesce(rhythm.digest, 'daily') AS digest,
               coalesce(rhythm.digest_hour, 8) AS digest_hour,
               coalesce(rhythm.digest_weekday, 1) AS digest_weekday
        FROM recipients r
        LEFT JOIN LATERAL (
            SELECT * FROM notifications.preferences p WHERE p.user_id = r.user_id AND p.kind = $1 LIMIT 1
        ) p ON true
        LEFT JOIN LATERAL (
            SELECT * FROM notifications.rhythms o WHERE o.user_id = r.user_id LIMIT 1
        ) rhythm ON true
        WHERE r.user_id <> $5 AND (SELECT true FROM identity.profiles a WHERE a.id = r.user_id)
          AND (
            SELECT true FROM moderation.silenced s
            WHERE s.viewer_id = r.user_id AND s.silenced_id = $5 LIMIT 1
        ) IS NOT TRUE
    ), wanted AS (
        SELECT * FROM heard WHERE in_app OR mail <> 'off' OR push <> 'off' OR sms <> 'off'
    ), numbered AS (
        INSERT INTO notifications.inboxes (user_id) SELECT user_id FROM wanted ORDER BY user_id
        ON CONFLICT (user_id) DO UPDATE SET position = inboxes.position + 1
        RETURNING user_id, position
    ), fresh AS (
        INSERT INTO notifications.facts
            (user_id, kind, group_key, fact_id, actor_id, variant, position, happened_at)
        SELECT user_id, $1, $3, $4, $5, $2, position, $12 FROM numbered
        ON CONFLICT DO NOTHING RETURNING user_id, position
    ), told AS (
        INSERT INTO notifications.notifications AS n (
            id, user_id, kind, variant, group_key, subject_id, detail, first_position, position, actor_count,
            actors, in_app, created_at, updated_at
        )
        SELECT ($9::uuid[])[w.nth], w.user_id, $1, $2, $3, $6, $7, f.position, f.position, nobody.actor_count,
               nobody.actors, w.in_app, $12, $12
        FROM fresh f JOIN wanted w ON w.user_id = f.user_id
        CROSS JOIN (
            SELECT ($5 <> '00000000-0000-0000-0000-000000000000')::int AS actor_count,
                   array_remove(ARRAY[$5::uuid], '00000000-0000-0000-0000-000000000000') AS actors
        ) nobody
        ON CONFLICT (user_id, kind, group_key) WHERE read_at IS NULL DO UPDATE
        SET variant = EXCLUDED.variant, subject_id = EXCLUDED.subject_id, detail = EXCLUDED.detail,
            position = EXCLUDED.position, fact_count = n.fact_count + 1,
            actor_count = n.actor_count + (EXCLUDED.actor_count = 1 AND NOT ($5 = ANY(n.actors)
                OR notifications.was_there(n.user_id, $1, $3, $5, n.first_position, EXCLUDED.position)))::int,
            actors = (EXCLUDED.actors || array_remove(n.actors, $5::uuid))[1:3],
            in_app = n.in_app OR EXCLUDED.in_app,
            updated_at = greatest(n.updated_at, EXCLUDED.updated_at)
        RETURNING n.id, n.user_id, n.in_app, n.xmax = 0 AS is_new
    ), digests AS MATERIALIZED (
        SELECT digest, digest_hour, digest_weekday, time_zone,
               notifications.next_digest($8, digest, digest_hour, digest_weekday, time_zone) AS due_at
        FROM (
            SELECT DISTINCT digest, digest_hour, digest_weekday, time_zone FROM wanted
            WHERE mail = 'digest' AND digest <> 'off'
        ) rhythm
    ), put_in_line AS (
        INSERT INTO notifications.deliveries (notification_id, user_id, channel, state, due_at, created_at)
        SELECT t.id, t.user_id, out.channel, CASE out.mode WHEN 'digest' THEN 'digest' ELSE 'waiting' END,
               CASE WHEN out.mode = 'digest' THEN d.due_at
                    WHEN w.quiet_from IS NULL THEN $8
                    ELSE notifications.after_quiet_hours($8, w.quiet_from, w.quiet_until, w.time_zone) END, $8
        FROM told t JOIN wanted w ON w.user_id = t.user_id
        CROSS JOIN LATERAL (
            VALUES ('mail', w.mail), ('push', w.push), ('sms', w.sms)
        ) out (channel, mode)
        LEFT JOIN digests d ON d.digest = w.digest AND d.digest_hour = w.digest_hour
            AND d.digest_weekday = w.digest_weekday AND d.time_zone = w.time_zone
        WHERE out.mode = 'now' AND ($11::boolean OR t.is_new) OR out.mode = 'digest' AND w.digest <> 'off'
        ON CONFLICT (notification_id, channel) WHERE state IN ('waiting', 'digest') DO NOTHING
    )
"""
# $13 the people, not many.
TELL = sql(
    "notifications.tell",
    f"""
    WITH recipients AS (SELECT * FROM unnest($13::uuid[]) WITH ORDINALITY AS each (user_id, nth)), {_TELL}
    SELECT coalesce(array_agg(user_id), '{{}}') AS user_ids, NULL::uuid AS last FROM told WHERE in_app
    """,
    into=Told,
)
# The next of those who follow $5, in the order in which they began to: after $13, $14 at most; not $15, who
# are told something better. (Their number is a series, which the planner takes for a thousand: so it does
# not join what was written with what is wanted row by row, which took 650 ms of 960.)
TELL_FOLLOWERS = sql(
    "notifications.tell_followers",
    f"""
    WITH page AS (
        SELECT f.id, f.follower_id FROM feed.followings f
        WHERE f.followee_id = $5 AND f.id > $13 ORDER BY f.id LIMIT $14::int + 1
    ), chosen AS (
        SELECT array_agg(follower_id) AS people, (array_agg(id))[$14] AS last
        FROM (SELECT id, follower_id FROM page ORDER BY id LIMIT $14) one_by_one
    ), recipients AS (
        SELECT people[nth] AS user_id, nth FROM chosen, generate_series(1, cardinality(people)) nth
        WHERE people[nth] <> ALL($15::uuid[])
    ), {_TELL}
    SELECT (SELECT coalesce(array_agg(user_id), '{{}}') FROM told WHERE in_app) AS user_ids,
           CASE WHEN (SELECT count(*) FROM page) > $14 THEN (SELECT last FROM chosen) END AS last
    """,
    into=Told,
)
WRITTEN = sql(
    "notifications.find_written",
    """
    SELECT author_id, coalesce(reply_to, id) AS thread_id, thread_author_id, visibility, reply_to
    FROM feed.published_posts WHERE id = $1
    """,
    into=Written,
)
# Who of them may read what only followers of $2 may.
READERS = sql(
    "notifications.readers_among",
    """
    SELECT follower_id FROM feed.followings WHERE followee_id = $2 AND follower_id = ANY($1::uuid[])
    """,
    into=UUID,
)
