"""From a reference to a model that is ready to answer."""

import logging
from dataclasses import dataclass

from tasks.hybrid.wide.settings import WideSettings
from tasks.runs.home import Home
from tasks.serving.served_model import ServedModel
from tasks.tracking.references import REGISTRY, resolve_model
from tasks.tracking.registry import version_of
from tasks.tracking.settings import TrackingSettings
from tasks.tracking.store import Store, connect

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelSource:
    """Where the served model comes from.

    Attributes:
        reference: A run folder, an MLflow run id, ``models:/name@alias`` or ``models:/name/version``.
        tracking: Where that is looked up.
        home: Where runs and downloads live.
        candidates: How a large catalogue is ranked; None ranks every one item by item.

    """

    reference: str
    tracking: TrackingSettings
    home: Home
    candidates: WideSettings | None = None

    def current(self, store: Store | None = None) -> str | None:
        """What the reference stands for now, ``models:/name/version`` for an alias; None where that is not there.

        Args:
            store: An open store, to ask again and again without opening one each time.

        Raises:
            TrackingError: The registry does not answer.

        """
        match = REGISTRY.match(self.reference)
        if match is None or match["alias"] is None:
            return self.reference
        version = version_of(match["name"], match["alias"], store or self.open())
        return None if version is None else f"models:/{match['name']}/{version}"

    @property
    def moves(self) -> bool:
        """Whether the reference may stand for another model tomorrow."""
        match = REGISTRY.match(self.reference)
        return match is not None and match["alias"] is not None

    def open(self) -> Store:
        """The store of the registry."""
        return connect(self.tracking, self.home)

    def load(self, reference: str) -> ServedModel:
        """Load what ``current`` named, and answer once to warm it up.

        Raises:
            ModelError: There is no such model, or it cannot be read.
            TrackingError: The store does not answer.

        """
        from tasks.stages.ship import load_model

        folder = resolve_model(reference, self.tracking, self.home)
        # What is called model/ has its name from the run folder around it.
        name = reference.removeprefix("models:/") if reference.startswith("models:/") else folder.parent.name
        served = ServedModel(load_model(folder), name, self.candidates)
        served.warm_up()
        header = served.model.header
        logger.info(
            "%s: %s on %s, %d items, fit: %s", name, header.question, header.dataset, len(served.catalogue), header.fit
        )
        return served
