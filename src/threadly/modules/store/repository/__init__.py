"""All the SQL that touches the store's schema, one file per room; row level security adds the tenant.

A list takes one row more than the page has, and joins all it shows.
"""
