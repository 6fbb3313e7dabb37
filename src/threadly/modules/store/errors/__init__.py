"""What the store refuses, one file per room."""
