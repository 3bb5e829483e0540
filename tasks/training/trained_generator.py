"""A trained generator, ready to make up behaviour for new users."""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightning_modules.build import build
from lightning_modules.catalogue import Catalogue
from lightning_modules.conditions import EpisodeTensors
from lightning_modules.networks.base import Generator
from lightning_modules.networks.conditional import ConditionalGenerator
from lightning_modules.sampling import draw_blocks, expected
from tasks.domain import NewUsers, Provenance
from tasks.errors import ModelError
from tasks.training.clock import Clock
from tasks.training.episodes import conditions_of
from tasks.training.online_conditional import OnlineConditional

FORMAT_VERSION = 1
DESCRIPTION = "generator.json"
WEIGHTS = "generator.safetensors"


@dataclasses.dataclass(frozen=True)
class TrainedGenerator:
    """Makes up profiles of new users.

    Attributes:
        name: The network's name; marks the virtual behaviour.
        network: Settings of the network, a dataclass.
        catalogue: Its shapes; the arrays may be empty after loading.
        clock: How times become a calendar.
        window: Support items that the attention sees.
        provenance: The users it was trained on.
        module: The generator in evaluation mode.

    """

    name: str
    network: Any
    catalogue: Catalogue
    clock: Clock
    window: int
    provenance: Provenance
    module: Generator

    @property
    def n_items(self) -> int:
        """Size I of the catalogue."""
        return self.catalogue.n_items

    def draw(
        self, users: NewUsers, draws: int, seed: int, block: int | None = None
    ) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Draws for blocks of users: float32 (draws, B, I), ≥ 0, sum 1, 0 at support items.

        A function of (user, seed), whatever the blocks, up to the rounding of float32.

        Args:
            users: U new users; virtual behaviour they carry is not looked at.
            draws: Draws per user, each with noise of its own.
            seed: Seeds the noise.
            block: Users per block; by default as many as fill about 64 MiB.

        """
        device = next(self.module.parameters()).device
        episodes = EpisodeTensors(conditions_of(users, self.catalogue, self.clock), device, window=self.window)
        yield from draw_blocks(self.module, episodes, users.ids, draws=draws, seed=seed, block=block)

    def expected(self, users: NewUsers, draws: int, seed: int) -> NDArray[np.float32]:
        """The mean of the draws of a few users, float32 (B, I): as of ``draw``, up to the rounding of float32."""
        conditions = conditions_of(users, self.catalogue, self.clock)
        module = self.module
        device = next(module.parameters()).device
        if isinstance(module, ConditionalGenerator) and device.type == "cpu":
            # As long as the weights may change, nothing that follows from them is kept.
            online = OnlineConditional(module, self.window) if module.settled is None else self._online
            return online.expected(conditions, users.ids, draws=draws, seed=seed)
        batch = EpisodeTensors(conditions, device, window=self.window).batch(np.arange(len(users)))
        return expected(module, batch, users.ids, draws=draws, seed=seed)

    @cached_property
    def _online(self) -> OnlineConditional:
        assert isinstance(self.module, ConditionalGenerator)
        return OnlineConditional(self.module, self.window)

    def save(self, folder: Path) -> None:
        """Writes weights as safetensors and the rest as JSON; the folder is made if missing."""
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: tensor.detach().cpu().contiguous() for name, tensor in self.module.state_dict().items()}
        save_file(weights, folder / WEIGHTS)
        kind = type(self.network)
        description = {
            "format": FORMAT_VERSION,
            "name": self.name,
            "network": {"_target_": f"{kind.__module__}.{kind.__qualname__}", **dataclasses.asdict(self.network)},
            "catalogue": {
                "n_items": self.catalogue.n_items,
                "dimensions": self.catalogue.dimensions,
                "recent_width": self.catalogue.priors.shape[1] - 1,
                "feature_width": self.catalogue.feature_width,
                "user_cardinalities": self.catalogue.user_cardinalities,
                "user_numbers": self.catalogue.user_numbers,
                "calendar_width": self.catalogue.calendar_width,
            },
            "clock": dataclasses.asdict(self.clock),
            "window": self.window,
            "provenance": dataclasses.asdict(self.provenance),
        }
        (folder / DESCRIPTION).write_text(json.dumps(description, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, build_component: Callable[[str, Mapping[str, Any]], Any]) -> "TrainedGenerator":
        """Reads a saved generator; executes nothing from the folder.

        Args:
            folder: What ``save`` wrote.
            build_component: Builds a component of a config group from ``_target_`` and settings.

        Raises:
            ModelError: If the folder holds no generator, or one that does not fit.

        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        path = folder / DESCRIPTION
        try:
            description = json.loads(path.read_text(encoding="utf-8"))
            if description["format"] != FORMAT_VERSION:
                raise ModelError(
                    f"{path}: format {description['format']!r}, but this version reads format {FORMAT_VERSION}"
                )
            network = build_component("network", description["network"])
            catalogue = _shapes(description["catalogue"])
            module, _ = build(network, catalogue, seed=0)
            module.load_state_dict(load_file(folder / WEIGHTS))
            module.requires_grad_(False).eval().settle()
            return cls(
                name=description["name"],
                network=network,
                catalogue=catalogue,
                clock=Clock(**description["clock"]),
                window=description["window"],
                provenance=Provenance(**description["provenance"]),
                module=module,
            )
        except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
            raise ModelError(
                f"{folder}: expected a saved generator, got {error!r}; copy the whole model again"
            ) from error


def _shapes(described: Mapping[str, Any]) -> Catalogue:
    """A catalogue of these shapes; its values come with the weights."""
    items = described["n_items"]
    return Catalogue(
        n_items=items,
        item_vectors=np.zeros((items, described["dimensions"]), dtype=np.float32),
        log_popularity=np.zeros(items, dtype=np.float32),
        log_recent=np.zeros((items, described["recent_width"]), dtype=np.float32),
        item_features=np.zeros((items, described["feature_width"]), dtype=np.float32),
        user_cardinalities=tuple(described["user_cardinalities"]),
        user_numbers=described["user_numbers"],
        calendar_width=described["calendar_width"],
    )
