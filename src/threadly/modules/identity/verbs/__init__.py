"""What identity can do inside one Work. Whatever hashes a password is in `entering.py`, outside of any."""
