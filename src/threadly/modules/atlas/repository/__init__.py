"""All SQL that touches the schema `atlas`."""
