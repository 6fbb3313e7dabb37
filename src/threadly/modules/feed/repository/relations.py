"""Who does not want to read whom: $1 is the viewer.

As `(p.author_id IN (BLOCKED)) IS NOT TRUE` each is asked once for all rows, whoever's they are.
"""

BLOCKED = """
    SELECT b.blocked_id FROM moderation.blocks b WHERE b.blocker_id = $1::uuid
    UNION ALL SELECT b.blocker_id FROM moderation.blocks b WHERE b.blocked_id = $1::uuid
"""
SILENCED = "SELECT s.silenced_id FROM moderation.silenced s WHERE s.viewer_id = $1::uuid"
