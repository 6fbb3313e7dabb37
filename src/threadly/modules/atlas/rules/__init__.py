"""What can be read out of spans, without I/O."""
