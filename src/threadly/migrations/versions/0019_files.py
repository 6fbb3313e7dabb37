"""files

Files that are kept as they came, beside images, and messages that carry them.
"""

from alembic import op

revision = "0019"
down_revision = "0018"

# The tables keep their names, so that processes of the version before go on while this one starts.
UP = """
-- A file is kept as it came: it has no size in pixels, and its key is the SHA-256 of its own bytes. One content
-- may be there twice, as a picture and as a file, since the two are served in different ways.
ALTER TABLE media.blobs ADD COLUMN kind text NOT NULL DEFAULT 'image' CHECK (kind IN ('image', 'file')),
    ALTER COLUMN width DROP NOT NULL, ALTER COLUMN height DROP NOT NULL,
    ADD CONSTRAINT blobs_pixels CHECK ((kind = 'image') = (width IS NOT NULL AND height IS NOT NULL));
DROP INDEX media.blobs_stored;
CREATE UNIQUE INDEX blobs_stored ON media.blobs (tenant_id, key, kind) WHERE state = 'stored';

-- An upload is an image or, with the name that it came with, a file.
ALTER TABLE media.images ADD COLUMN name text CHECK (char_length(name) BETWEEN 1 AND 200);

-- What two owners let go of in the same instant was left to nobody; the sweep finds it from now on.
UPDATE media.images i SET idle_since = now()
WHERE idle_since IS NULL AND NOT EXISTS (SELECT FROM media.uses u WHERE u.image_id = i.id);

-- What a message carries beside its pictures: a list of StoredFile.
ALTER TABLE messaging.messages ADD COLUMN files jsonb NOT NULL DEFAULT '[]';
"""

DOWN = """
ALTER TABLE messaging.messages DROP COLUMN files;
DELETE FROM media.images WHERE name IS NOT NULL;
DELETE FROM media.blobs WHERE kind = 'file';
ALTER TABLE media.images DROP COLUMN name;
DROP INDEX media.blobs_stored;
CREATE UNIQUE INDEX blobs_stored ON media.blobs (tenant_id, key) WHERE state = 'stored';
ALTER TABLE media.blobs DROP CONSTRAINT blobs_pixels, DROP COLUMN kind,
    ALTER COLUMN width SET NOT NULL, ALTER COLUMN height SET NOT NULL;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
