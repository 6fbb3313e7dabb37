"""What operators do and read, by subject; each takes a Work."""
