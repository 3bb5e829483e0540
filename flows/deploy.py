"""Deploy: put the flows of prefect.yaml on a Prefect server, with forms built from conf/ as it is now.

python -m flows.deploy                 # to the pages that `make ui` has open, or to PREFECT_API_URL
python -m flows.deploy --help
"""

import argparse
import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import httpx
import yaml

from flows.orchestration import OrchestrationError, configured_address
from flows.terminal import configure_terminal, one_error
from tasks.errors import ColdcartError
from tasks.runs.home import REPOSITORY, Home

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

DEPLOYMENTS = REPOSITORY / "prefect.yaml"
POOL = "coldcart"
QUEUES = ("training", "recommendations")
"""What trains waits for its turn on a device; recommendations wait for each other only."""


class DeploymentError(ColdcartError):
    """The flows cannot be deployed (names the reason)."""


def deploy(address: str) -> None:
    """Deploy everything in prefect.yaml; the work pool must be there.

    What ``prefect deploy --all`` does with that file, without a Python of its own.

    Args:
        address: Of the API of a Prefect server.

    Raises:
        DeploymentError: Prefect refuses.
    """
    from prefect.client.orchestration import get_client
    from prefect.flows import Flow, load_flow_from_entrypoint
    from prefect.utilities.callables import parameter_schema

    project = yaml.safe_load(DEPLOYMENTS.read_text(encoding="utf-8"))
    with _connected(address), get_client(sync_client=True) as client:
        for listed in project["deployments"]:
            flow: Flow[Any, Any] = load_flow_from_entrypoint(listed["entrypoint"])
            pool = listed["work_pool"]
            client.create_deployment(
                flow_id=client.create_flow(flow),
                name=listed["name"],
                entrypoint=listed["entrypoint"],
                description=listed["description"],
                tags=listed["tags"],
                parameter_openapi_schema=parameter_schema(flow).model_dump_for_openapi(),
                enforce_parameter_schema=True,
                pull_steps=project["pull"],
                work_pool_name=pool["name"],
                work_queue_name=pool["work_queue_name"],
                job_variables=pool["job_variables"],
                parameters=listed.get("parameters", {}),
                schedules=schedules_of(listed, _deployed(client, flow.name, listed["name"])),
            )


def schedules_of(listed: Mapping[str, Any], deployed: "DeploymentResponse | None") -> list[Any]:
    """The schedules of a deployment; one that somebody has switched on or off on the server stays so.

    Args:
        listed: The deployment in prefect.yaml.
        deployed: The same on the server; None where it is new.
    """
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule

    made = [] if deployed is None else deployed.schedules
    active = {one.schedule.cron: one.active for one in made if isinstance(one.schedule, CronSchedule)}
    return [
        DeploymentScheduleCreate(
            schedule=CronSchedule(cron=one["cron"], timezone=one["timezone"]),
            active=active.get(one["cron"], one["active"]),
        )
        for one in listed.get("schedules", [])
    ]


def _deployed(client: "SyncPrefectClient", flow: str, name: str) -> "DeploymentResponse | None":
    from prefect.exceptions import ObjectNotFound

    try:
        return client.read_deployment_by_name(f"{flow}/{name}")
    except ObjectNotFound:
        return None


def make_pool(address: str, limits: Mapping[str, int] | None = None) -> None:
    """Make the process work pool and its queues where they are missing.

    Args:
        address: Of the API of a Prefect server.
        limits: Runs at a time by queue; queues that are not named keep theirs.

    Raises:
        DeploymentError: Prefect refuses.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists
    from prefect.workers.process import ProcessWorker

    with _connected(address), get_client(sync_client=True) as client:
        template = ProcessWorker.get_default_base_job_template()
        with contextlib.suppress(ObjectAlreadyExists):
            client.create_work_pool(WorkPoolCreate(name=POOL, type="process", base_job_template=template))
        for queue in QUEUES:
            with contextlib.suppress(ObjectAlreadyExists):
                client.create_work_queue(queue, work_pool_name=POOL)
            if limits and queue in limits:
                made = client.read_work_queue_by_name(queue, work_pool_name=POOL)
                client.update_work_queue(made.id, concurrency_limit=limits[queue])


@contextlib.contextmanager
def _connected(address: str) -> Iterator[None]:
    from prefect.exceptions import PrefectException
    from prefect.settings import PREFECT_API_URL, temporary_settings

    try:
        with temporary_settings({PREFECT_API_URL: address}):
            yield
    except (PrefectException, httpx.HTTPError) as error:
        raise DeploymentError(f"{DEPLOYMENTS.name} cannot be deployed to {address}: {error}") from error


@one_error
def main() -> None:
    """Deploy to the server that is configured, or that ``make ui`` has started."""
    argparse.ArgumentParser(
        prog="python -m flows.deploy",
        description="Put the flows of prefect.yaml on a Prefect server, with forms built from conf/ as it is now.",
        epilog="The server is the one that PREFECT_API_URL or a Prefect profile names, else the one `make ui` runs.",
    ).parse_args()
    configure_terminal()
    address = configured_address(Home.current())
    if address is None:
        raise OrchestrationError("there is no Prefect server to deploy to: start `make ui`, or set PREFECT_API_URL")
    make_pool(address)
    deploy(address)
    print(f"deployed to {address}")


if __name__ == "__main__":
    main()
