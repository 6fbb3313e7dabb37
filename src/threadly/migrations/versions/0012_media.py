"""media

Images and where their bytes are.
"""

from alembic import op

from threadly.migrations.tenancy import module_schema, tenant_table

revision = "0012"
down_revision = "0011"

# The bytes are outside the database, in a folder named `place` that is never used twice: so no sweep can take
# away what an upload of the same picture has just put there.
UP = f"""
{module_schema("media")}

-- A picture as it was re-encoded, once per tenant however often it is uploaded. `key` is the SHA-256 of its main
-- file. `variants` are the smaller files that the job has made, null until it is done. Only a 'stored' one is
-- served; a 'gone' one waits for its files to be deleted.
CREATE TABLE media.blobs (
    place uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    key text NOT NULL CHECK (key ~ '^[0-9a-f]{{64}}$'),
    state text NOT NULL CHECK (state IN ('storing', 'stored', 'gone')),
    content_type text NOT NULL,
    width int NOT NULL CHECK (width > 0),
    height int NOT NULL CHECK (height > 0),
    bytes int NOT NULL CHECK (bytes > 0),
    moving boolean NOT NULL,
    placeholder text NOT NULL,
    variants text[],
    touched_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX blobs_stored ON media.blobs (tenant_id, key) WHERE state = 'stored';
CREATE INDEX blobs_unsettled ON media.blobs (tenant_id, touched_at) WHERE state <> 'stored';
{tenant_table("media.blobs")}

-- An upload of a member. Nobody's: what belongs to the community and outlives the account of who uploaded it.
-- `idle_since`: nothing uses it from then on, and the sweep may take it after a day.
CREATE TABLE media.images (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    member_id uuid,
    place uuid NOT NULL REFERENCES media.blobs,
    bytes int NOT NULL,
    alt text NOT NULL DEFAULT '' CHECK (char_length(alt) <= 1000),
    created_at timestamptz NOT NULL,
    idle_since timestamptz
);
CREATE INDEX images_of_member ON media.images (member_id, id) INCLUDE (bytes, tenant_id);
CREATE INDEX images_of_place ON media.images (place);
CREATE INDEX images_idle ON media.images (tenant_id, idle_since) WHERE idle_since IS NOT NULL;
{tenant_table("media.images")}

-- Who shows an image: `owner` says what kind of thing `owner_id` is ('post', 'product', 'message', 'avatar').
CREATE TABLE media.uses (
    owner_id uuid NOT NULL,
    image_id uuid NOT NULL REFERENCES media.images ON DELETE CASCADE,
    owner text NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    private boolean NOT NULL,
    position smallint NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (owner_id, image_id)
);
CREATE INDEX uses_of_image ON media.uses (image_id) INCLUDE (private, tenant_id);
{tenant_table("media.uses")}

-- What a product shows, in order: a list of StoredMedia. Its first picture is its `image_url` too.
ALTER TABLE store.products ADD COLUMN media jsonb NOT NULL DEFAULT '[]';
"""  # only the SQL of tenancy.py is put in

DOWN = """
ALTER TABLE store.products DROP COLUMN media;
DROP SCHEMA media CASCADE;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
