"""One folder, one domain. A module may import the doors of those below it, never of those above."""
