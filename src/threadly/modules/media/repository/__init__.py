"""All SQL that touches the schema of media."""
