"""Flow runs whose process was killed: nobody is left to report their end, so whoever comes next does it.

A flow run writes down who works on it, on this machine; a record whose process is gone tells of a run that did not
end by itself. On a server that stays, the automation of ``flows.zombies`` sees the same without a next command.
"""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from tasks.runs import Home
from tasks.runs.files import read_json, write_json
from tasks.runs.lock import Owner

logger = logging.getLogger(__name__)

DIED = "Its process ended without a word (killed, or the machine went down); the same parameters go on from there."


@contextlib.contextmanager
def watched(home: Home) -> Iterator[None]:
    """Keep a record of this flow run while the block runs; outside a flow run it does nothing."""
    from prefect.runtime import flow_run

    if not flow_run.id:
        yield
        return
    path = _folder(home) / f"{flow_run.id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(Owner.myself()))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def end_dead_flow_runs(home: Home) -> list[UUID]:
    """Mark flow runs CRASHED that say Running though their process is gone; returns them.

    Call it where a server is at hand (inside ``prefect_server``). Without records it asks nobody.
    """
    ended = []
    for path in sorted(_folder(home).glob("*.json")):
        owner = _dead(path)
        if owner is None:
            continue
        try:
            if _crash(UUID(path.stem), owner):
                ended.append(UUID(path.stem))
                logger.warning("Flow run %s was left Running by a process that is gone; marked Crashed.", path.stem)
        except Exception as error:
            # A run that cannot be ended now must not hold up the one that begins.
            logger.warning("Could not end flow run %s: %s", path.stem, error)
            continue
        path.unlink(missing_ok=True)
    return ended


def _folder(home: Home) -> Path:
    return home.locks / "flows"


def _dead(path: Path) -> Owner | None:
    """Who wrote a record, where that process is gone; None where it lives, or is on another machine."""
    try:
        owner = Owner(**read_json(path))
    except (OSError, ValueError, TypeError):
        return None
    return None if owner.host != Owner.myself().host or owner.is_alive(silence=0.0) else owner


def _crash(flow_run_id: UUID, owner: Owner) -> bool:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import StateType
    from prefect.exceptions import ObjectNotFound
    from prefect.states import Crashed

    with get_client(sync_client=True) as client:
        try:
            state = client.read_flow_run(flow_run_id).state
        except ObjectNotFound:
            return False
        if state is None or state.type not in (StateType.RUNNING, StateType.CANCELLING):
            return False
        if state.type is StateType.RUNNING and state.timestamp.timestamp() > owner.beat:
            # It was retried, and its new process is about to write down its own name.
            return False
        client.set_flow_run_state(flow_run_id, Crashed(message=DIED), force=True)
    return True


def after_crash(flow: Any, flow_run: Any, state: Any) -> None:
    """Hook of flows, run by whoever noticed that their process is gone: its run and its MLflow run are FAILED."""
    from tasks.stages.dead_runs import end_dead_runs

    home = Home.current()
    (_folder(home) / f"{flow_run.id}.json").unlink(missing_ok=True)
    end_dead_runs(home)
