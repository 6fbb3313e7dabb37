"""Durable work: jobs, sagas and schedules, which survive the death of any process.

The engine (DBOS on the same PostgreSQL) lives in `engine.py` alone and is imported by workers only; whoever
enqueues needs no more than a `Job`, because `Work.enqueue` writes the job in the Work's own transaction.
"""

from threadly.platform.durable.jobs import Job, Run, Schedule, job
from threadly.platform.durable.saga import SagaStep, run_saga

__all__ = ["Job", "Run", "SagaStep", "Schedule", "job", "run_saga"]
