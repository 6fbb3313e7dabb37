"""All the SQL that touches the schema of notifications; what its channels need is in `channels/`."""
