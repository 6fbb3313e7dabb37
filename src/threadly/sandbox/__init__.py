"""A payment processor for development and tests: charges nothing, and fails on demand.

A program of its own with its own storage, which Threadly knows over HTTP only, as it knows any provider.
`threadly up` starts it in development; `threadly sandbox` starts it alone. Only small things are imported
here: it runs as long as the installation does.
"""
