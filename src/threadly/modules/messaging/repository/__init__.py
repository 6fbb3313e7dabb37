"""All the SQL that touches messaging's schema.

`$1` of a read is who looks; only what a member of the conversation may see leaves a statement. Whatever
numbers a change locks the conversation's row first, so numbers are committed in their order.
"""
