from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.orchestration import prefect_server
from tasks.runs import Home
from tasks.tracking import TrackingSettings
from tasks.tracking.store import connect
from tests.flows.logs import shop_log

if TYPE_CHECKING:
    from mlflow import MlflowClient


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """One Prefect server for all flows of this process; commands started meanwhile find it in the environment."""
    with prefect_server() as address:
        yield address


@pytest.fixture(scope="session")
def mlflow() -> "MlflowClient":
    """The default store."""
    return connect(TrackingSettings(), Home.current()).client


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop's log with times, as CSV, and features of its users beside it."""
    return shop_log(tmp_path_factory.mktemp("shop"))
