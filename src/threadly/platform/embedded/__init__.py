"""PostgreSQL and Valkey of our own, for the laptop and the tests: run when no address of others is set.

Only the standard library is imported here: the process that supervises must stay small.
"""

from threadly.platform.embedded.postgres import DatabaseUrls, EmbeddedPostgres
from threadly.platform.embedded.process import NotStarted
from threadly.platform.embedded.servers import EmbeddedServers, ServerUrls
from threadly.platform.embedded.valkey import EmbeddedValkey

__all__ = [
    "DatabaseUrls",
    "EmbeddedPostgres",
    "EmbeddedServers",
    "EmbeddedValkey",
    "NotStarted",
    "ServerUrls",
]
