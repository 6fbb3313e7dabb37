"""feed, store: published views

What other modules may read of posts, follows and products.
"""

from alembic import op

revision = "0011"
down_revision = "0010"

UP = """
CREATE VIEW feed.followings WITH (security_invoker = true) AS
SELECT id, tenant_id, follower_id, followee_id, created_at FROM feed.follows;
CREATE VIEW feed.published_posts WITH (security_invoker = true) AS
SELECT id, tenant_id, author_id, thread_author_id, reply_to, content, visibility, like_count, comment_count,
       created_at, edited_at
FROM feed.posts WHERE visibility IN ('public', 'followers');
CREATE VIEW store.published_products WITH (security_invoker = true) AS
SELECT id, tenant_id, handle, title, description, vendor, tags, category_id, seller_id, currency, price_minor,
       highest_price_minor, available, image_url, image_alt, created_at, updated_at
FROM store.products WHERE status = 'active';
-- A view of one table could be written through; a published one is for reading.
REVOKE INSERT, UPDATE, DELETE ON feed.followings, feed.published_posts, store.published_products
    FROM threadly_app;
"""

DOWN = """
DROP VIEW store.published_products;
DROP VIEW feed.published_posts;
DROP VIEW feed.followings;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
