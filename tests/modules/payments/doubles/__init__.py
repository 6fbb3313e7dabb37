"""Providers for tests: real HTTP servers on loopback that take and answer what the published APIs do.

They refuse what the real one would (unknown parameters, wrong types, missing headers), and remember it as a
violation, which fails the test.
"""
