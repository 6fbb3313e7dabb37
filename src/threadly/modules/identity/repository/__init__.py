"""All the SQL that touches the schema `identity`."""
