"""Where the texts are: for each kind the rows that can be found, as their modules publish them.

`title`, `names` and `body` weigh less in this order; `meaning` is what is embedded, a title twice, since a
meaning is an average.
"""

from typing import Final

__all__ = ["SOURCES"]

SOURCES: Final = {
    # The author must still be there: whose account is gone is found no more, whoever heard of it first.
    "post": """
        SELECT p.id, NULL::text AS title, NULL::text AS names, p.content AS body, p.author_id,
               p.visibility = 'public' AS public, search.hashtags(p.content) AS tags, p.created_at AS at,
               NULL::bigint AS price_minor, NULL::boolean AS available, p.content AS meaning
        FROM feed.published_posts p JOIN identity.profiles a ON a.id = p.author_id
        WHERE p.reply_to IS NULL
    """,
    "user": """
        SELECT a.id, a.name || ' ' || a.username AS title, NULL::text AS names, a.bio AS body, a.id AS
            author_id,
               true AS public, '{}'::text[] AS tags, a.created_at AS at, NULL::bigint AS price_minor,
               NULL::boolean AS available, a.name || '. ' || a.bio AS meaning
        FROM identity.profiles a
    """,
    # Tags are not seen where a product is found: they weigh no more than what is said of it.
    "product": """
        SELECT p.id, p.title, p.vendor AS names,
               concat_ws(' ', search.text_of_html(p.description), array_to_string(p.tags, ' ')) AS body,
               p.seller_id AS author_id, true AS public,
               ARRAY(SELECT lower(tag) FROM unnest(p.tags) tag) AS tags, p.created_at AS at, p.price_minor,
               p.available, concat_ws('. ', p.title, p.title, nullif(array_to_string(p.tags, ', '), ''),
                                      left(search.text_of_html(p.description), 400)) AS meaning
        FROM store.published_products p
    """,
}
