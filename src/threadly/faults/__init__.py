"""Faults on purpose: a process between the application and what it depends on, for experiments.

Bytes pass through its proxies untouched until an experiment says otherwise; then they come late, get lost, or
nobody takes a connection. It also sends signals. It knows nothing of protocols and nothing of the rest of
Threadly, and it is small: it imports the standard library, asyncpg and, once it kills, psutil.
"""
