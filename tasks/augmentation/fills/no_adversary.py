"""Placebo ``fill_no_adversary``: the same generator, trained without its adversarial terms."""

from dataclasses import replace
from typing import Any, Protocol, TypeVar, cast

from lightning_modules.objective import Objective
from tasks.errors import ConfigError


class TrainedByObjective(Protocol):
    """Settings of a network, a dataclass."""

    @property
    def objective(self) -> Objective:
        """How it is trained."""
        ...


N = TypeVar("N", bound=TrainedByObjective)


def without_adversary(network: N) -> N:
    """The same network settings with an objective in which no critic takes part; everything else is kept.

    Args:
        network: Settings of a network (``conf/network``).

    Returns:
        A copy whose ``objective.adversarial`` and ``objective.feature_matching`` are 0.

    Raises:
        ConfigError: The network is trained adversarially only: without that, nothing would be left to learn from.

    """
    if network.objective.reconstruction == 0:
        raise ConfigError(
            f"network.objective.reconstruction: expected a weight above 0, got 0: {type(network).__name__} is trained "
            "adversarially only, and cannot be trained without. Use network=conditional, or leave out fill_no_adversary"
        )
    objective = replace(network.objective, adversarial=0.0, feature_matching=0.0)
    return cast(N, replace(cast(Any, network), objective=objective))
