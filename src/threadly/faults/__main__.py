"""`python -m threadly.faults`, as `threadly up` starts it; past the command line, which costs memory."""

import sys

from threadly.faults.serving import run_faults

if __name__ == "__main__":
    run_faults(sys.argv[1:])
