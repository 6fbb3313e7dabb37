"""PostgreSQL: pools, tenancy on the connection, statements that fill Structs."""

from threadly.platform.db.patterns import containing
from threadly.platform.db.pool import (
    Connection,
    Database,
    DatabaseUnavailable,
    Lease,
    NotMigrated,
    RoleDenied,
    StatementTooSlow,
)
from threadly.platform.db.statement import Statement, sql

__all__ = [
    "Connection",
    "Database",
    "DatabaseUnavailable",
    "Lease",
    "NotMigrated",
    "RoleDenied",
    "Statement",
    "StatementTooSlow",
    "containing",
    "sql",
]
