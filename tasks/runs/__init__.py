"""Runs on disk: where state lives, what makes two runs the same, who works on one, what it has done."""

from tasks.runs.home import Home
from tasks.runs.key import run_key
from tasks.runs.lock import Owner, RunLock
from tasks.runs.run import Run, open_run
from tasks.runs.source_code import CodeState, code_state
from tasks.runs.state import RunState, RunStatus

__all__ = [
    "CodeState",
    "Home",
    "Owner",
    "Run",
    "RunLock",
    "RunState",
    "RunStatus",
    "code_state",
    "open_run",
    "run_key",
]
