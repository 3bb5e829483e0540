from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tasks.serving.served_model import ServedModel
from tests.serving.models import shop
from tests.serving.services import client


@pytest.fixture(scope="session")
def red_shop() -> ServedModel:
    return shop()


@pytest.fixture
def api(tmp_path: Path, red_shop: ServedModel) -> Iterator[TestClient]:
    with client(tmp_path, red_shop) as opened:
        yield opened
