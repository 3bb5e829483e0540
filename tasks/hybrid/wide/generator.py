"""A trained generator over a wide catalogue: what one user is expected to take, without a look at every item."""

from functools import cached_property

from lightning_modules.networks.conditional import ConditionalGenerator
from tasks.augmentation.generator import ProfileGenerator
from tasks.augmentation.shared_draws import SharedDraws
from tasks.domain import NewUsers
from tasks.hybrid.wide.expectation import WideConditional, WideExpectation
from tasks.hybrid.wide.item_clusters import ItemClusters
from tasks.hybrid.wide.settings import WideSettings
from tasks.training.episodes import conditions_of
from tasks.training.online_conditional import OnlineConditional
from tasks.training.trained_generator import TrainedGenerator


class WideGenerator:
    """Tells the mean of a generator's draws, up to what lies in clusters that were not looked into.

    Args:
        generator: A trained generator; see ``wide_generator``.
        settings: How many clusters of items there are, and how far they are looked into.

    """

    def __init__(self, generator: TrainedGenerator, settings: WideSettings) -> None:
        self._generator, self._settings = generator, settings

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
        clusters = ItemClusters.of(online.vectors, self._settings.clusters_of(len(online.vectors)))
        return WideConditional(online, clusters, self._settings)


def wide_generator(generator: ProfileGenerator, settings: WideSettings) -> WideGenerator | None:
    """A generator in its wide form; None where its scores are no products with vectors of items."""
    inner = generator.generator if isinstance(generator, SharedDraws) else generator
    if not isinstance(inner, TrainedGenerator) or not isinstance(inner.module, ConditionalGenerator):
        return None
    if next(inner.module.parameters()).device.type != "cpu":
        return None
    return WideGenerator(inner, settings)
