"""SQL that every tenant's table needs, so that no revision writes it by hand."""

__all__ = ["module_schema", "tenant_table"]


def module_schema(name: str) -> str:
    """A module's own schema, in which the application may use what the owner creates."""
    return f"""
    CREATE SCHEMA {name};
    GRANT USAGE ON SCHEMA {name} TO threadly_app;
    ALTER DEFAULT PRIVILEGES IN SCHEMA {name} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO threadly_app;
    """


def tenant_table(name: str) -> str:
    """Row level security on a table with `tenant_id`: rows of other tenants do not exist for the application.

    The comparison is with an int, whose equality is leakproof, so that indexes serve both the policy and the
    query's own conditions.
    """
    return f"""
    ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY tenant ON {name} USING (tenant_id = platform.tenant_id());
    """
