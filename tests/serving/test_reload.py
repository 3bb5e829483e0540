"""The alias moves under load: every request is answered, by one model or the other, and right."""

import threading
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flows.serving.app import create_app
from tasks.errors import ModelError, TrackingError
from tasks.serving.profile import Profile, ProfileEvent
from tasks.serving.reload import Reloader
from tasks.serving.served_model import ServedModel
from tests.serving.models import shop
from tests.serving.services import service


class Registry:
    """What an alias stands for, and models by version."""

    def __init__(self, models: dict[str, ServedModel]) -> None:
        self.models, self.current = models, next(iter(models))
        self.loads: list[str] = []

    def look_up(self) -> str | None:
        if self.current == "down":
            raise TrackingError("the registry does not answer")
        return self.current

    def load(self, reference: str) -> ServedModel:
        self.loads.append(reference)
        if reference not in self.models:
            raise ModelError(f"{reference} is damaged")
        return self.models[reference]


@pytest.fixture(scope="module")
def registry_models() -> dict[str, ServedModel]:
    return {name: shop(name, seed) for name, seed in (("shop/1", 3), ("shop/2", 4))}


def test_no_request_fails_while_the_model_changes(tmp_path: Path, registry_models: dict[str, ServedModel]) -> None:
    registry = Registry(registry_models)
    behind = service(tmp_path, registry_models["shop/1"])
    reloader = Reloader(registry.look_up, registry.load, behind.swap, "shop/1", 0.02)
    who = Profile("anna", (ProfileEvent("item1"), ProfileEvent("item5")))
    right = {
        name: [served.catalogue.ids[row] for row in served.recommend(who, k=6).rows]
        for name, served in registry_models.items()
    }
    body = {"user_id": "anna", "events": [{"item_id": "item1"}, {"item_id": "item5"}], "k": 6}
    wrong: list[object] = []
    answered: dict[str, int] = {}
    ended = threading.Event()

    def ask(api: TestClient) -> None:
        while not ended.is_set():
            found = api.post("/v1/recommend", json=body)
            content = found.json()
            if found.status_code != 200 or [item["item_id"] for item in content["items"]] != right[content["model"]]:
                wrong.append(content)
            answered[content["model"]] = answered.get(content["model"], 0) + 1

    with TestClient(create_app(behind, reloader=reloader)) as api:
        askers = [threading.Thread(target=ask, args=(api,)) for _ in range(4)]
        for asker in askers:
            asker.start()
        for turn in range(6):
            registry.current = f"shop/{turn % 2 + 1}"
            time.sleep(0.25)
        ended.set()
        for asker in askers:
            asker.join()
        metrics = api.get("/metrics").text
    assert wrong == []
    assert set(answered) == {"shop/1", "shop/2"}
    assert min(answered.values()) > 5
    assert f'coldcart_model{{model="{registry.current}"}} 1.0' in metrics


def test_what_cannot_be_served_is_not_tried_again(registry_models: dict[str, ServedModel]) -> None:
    registry = Registry(registry_models)
    served: list[ServedModel] = []
    reloader = Reloader(registry.look_up, registry.load, served.append, "shop/1", 60)
    assert not reloader.look()
    for broken in ("shop/3", "shop/3", "down"):
        registry.current = broken
        assert not reloader.look()
    assert registry.loads == ["shop/3"]
    assert reloader.failures == 2
    registry.current = "shop/2"
    assert reloader.look()
    assert not reloader.look()
    assert served == [registry_models["shop/2"]]


def test_examples_follow_the_model(tmp_path: Path, registry_models: dict[str, ServedModel]) -> None:
    behind = service(tmp_path, registry_models["shop/1"])
    with TestClient(create_app(behind)) as api:
        first = api.get("/openapi.json").json()
        behind.swap(registry_models["shop/2"])
        assert api.get("/openapi.json").json()["paths"].keys() == first["paths"].keys()
        assert api.get("/readyz").json()["model"] == "shop/2"
