"""A trained generator over a wide catalogue: what one user is expected to take, without a look at every item."""

from functools import cached_property

from lightning_modules.networks.conditional import ConditionalGenerator
from tasks.augmentation.generator import ProfileGenerator
from tasks.augmentation.shared_draws import SharedDraws
from tasks.domain import NewUsers
from tasks.hybrid.wide.expectation import WideConditional, WideExpectation
from tasks.hybrid.wide.item_clusters import ItemClusters
from tasks.training.episodes import conditions_of
from tasks.training.online_conditional import OnlineConditional
from tasks.training.trained_generator import TrainedGenerator


class WideGenerator:
    """Tells the mean of a generator's draws, up to what lies in clusters that were not looked into.

    Args:
        generator: A trained generator; see ``wide_generator``.
        clusters: Clusters of items, at most.
        probes: Clusters of average size that are looked into.

    """

    def __init__(self, generator: TrainedGenerator, clusters: int, probes: int) -> None:
        self._generator, self._most, self._probes = generator, clusters, probes

    def expected(self, user: NewUsers, draws: int, seed: int) -> WideExpectation:
        """The mean of the draws of a single user."""
        generator = self._generator
        conditions = conditions_of(user, generator.catalogue, generator.clock)
        (found,) = self._wide.expected(conditions, user.ids, draws=draws, seed=seed)
        return found

    @cached_property
    def _wide(self) -> WideConditional:
        module = self._generator.module
        assert isinstance(module, ConditionalGenerator)
        online = OnlineConditional(module, self._generator.window)
        return WideConditional(online, ItemClusters.of(online.vectors, self._most), self._probes)


def wide_generator(generator: ProfileGenerator, clusters: int, probes: int) -> WideGenerator | None:
    """A generator in its wide form; None where its scores are no products with vectors of items."""
    inner = generator.generator if isinstance(generator, SharedDraws) else generator
    if not isinstance(inner, TrainedGenerator) or not isinstance(inner.module, ConditionalGenerator):
        return None
    if next(inner.module.parameters()).device.type != "cpu":
        return None
    return WideGenerator(inner, clusters, probes)
