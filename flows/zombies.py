"""Zombies: flow runs that say Running although their process and its runner died. A server ends them by itself.

Every flow run sends a sign of life (``PREFECT_FLOWS_HEARTBEAT_FREQUENCY``, settled in ``flows.environment``); an
automation on the server marks a run as crashed once its signs stay out.
"""

import contextlib
import logging
from datetime import timedelta
from typing import cast
from uuid import UUID

logger = logging.getLogger(__name__)

NAME = "Crash zombie flows"
SILENCE = timedelta(minutes=5)
"""Longer than Prefect's own 180 seconds between two signs of life, which a worker may send that we did not settle."""

HEARTBEAT = "prefect.flow-run.heartbeat"
ENDS = ("Completed", "Failed", "Cancelled", "Crashed")


def register_zombie_automation(api: str | None = None, silence: timedelta = SILENCE) -> UUID:
    """Make a server end flow runs whose signs of life stay out; where it does so already, bring that up to date.

    Args:
        api: Address of the server's API, for example ``http://127.0.0.1:4200/api``; the configured one when None.
        silence: After this long without a sign of life a run counts as dead, at least 10 seconds.

    Returns:
        Id of the automation.
    """
    from prefect.automations import Automation, EventTrigger, Posture, ResourceSpecification
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.settings import PREFECT_API_URL, temporary_settings

    wanted = Automation(
        name=NAME,
        description="Marks flow runs as crashed whose process died together with its runner.",
        trigger=EventTrigger(
            after={HEARTBEAT},
            expect={HEARTBEAT, *(f"prefect.flow-run.{end}" for end in ENDS)},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=silence,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name=None,
                message="No sign of life: its process and its runner died. The same parameters go on from there.",
                force=False,
            )
        ],
    )
    with temporary_settings({PREFECT_API_URL: api}) if api else contextlib.nullcontext():
        try:
            existing = cast(Automation, Automation.read(name=NAME))
        except ValueError:
            wanted.create()
        else:
            wanted.id = existing.id
            if existing.model_dump(exclude={"id"}) != wanted.model_dump(exclude={"id"}):
                wanted.update()
    assert wanted.id is not None
    return wanted.id
