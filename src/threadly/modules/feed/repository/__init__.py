"""All the SQL that touches the feed's schema.

`$1` of a read is who looks (null: nobody signed in); row level security adds the tenant. A list takes one row
more than the page has, and joins all it shows, so that a page is one statement however long it is.
"""
