"""The book of looks at test users: every one is written down and committed."""

import json
from datetime import UTC, datetime
from pathlib import Path

from tasks.runs.home import REPOSITORY
from tasks.runs.source_code import CodeState

BOOK = REPOSITORY / "benchmarks" / "test_looks.jsonl"


def write_down(run_id: str, code: CodeState, reason: str, book: Path = BOOK) -> None:
    """Append one line: date, commit, run and reason.

    Args:
        run_id: The run that looked.
        code: The code it ran on.
        reason: Why, in words.
        book: The file to append to; it belongs into version control.

    """
    line = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": code.commit,
        "dirty": code.dirty,
        "run": run_id,
        "reason": reason,
    }
    book.parent.mkdir(parents=True, exist_ok=True)
    with book.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")
