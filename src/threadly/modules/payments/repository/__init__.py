"""All SQL on the schema `payments`."""
