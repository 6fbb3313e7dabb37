"""`python -m threadly` is the command `threadly`."""

from threadly.cli import main

main()
