"""Recommenders as methods of the benchmark: each name in conf/recommender is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from tasks.benchmark.method import BenchmarkRole, EpochReport, FittedMethod, Settings
from tasks.benchmark.workbench import Workbench
from tasks.config import RunConfig
from tasks.evaluation.methods import Method
from tasks.method_names import BLEND
from tasks.overrides import CONF_DIR, choices

VERSIONS: Mapping[str, int] = {}
"""Versions of recommenders whose arithmetic has changed, by name; all others have 1."""


def popularity_forms() -> tuple[str, ...]:
    """The forms of popularity: one of them serves users without any event."""
    return tuple(name for name in choices("recommender") if name.endswith("popularity"))


def node_of(group: str, name: str) -> dict[str, Any]:
    """The settings of an option as its file in conf/ has them, without the class."""
    node = yaml.safe_load((CONF_DIR / group / f"{name}.yaml").read_text(encoding="utf-8"))
    return {key: value for key, value in node.items() if key not in {"_target_", "defaults"}}


def search_of(name: str) -> str | None:
    """The search space of this name, if there is one."""
    return name if (CONF_DIR / "search" / f"{name}.yaml").is_file() else None


@dataclass(frozen=True)
class RecommenderMethod:
    """A recommender on real behaviour.

    Attributes:
        name: In conf/recommender.

    """

    name: str
    role: BenchmarkRole = "baseline"
    once_per_dataset: bool = False

    @property
    def version(self) -> int:
        """Raised in ``VERSIONS``."""
        return VERSIONS.get(self.name, 1)

    @property
    def search(self) -> str | None:
        """The space of the same name."""
        return search_of(self.name)

    @property
    def base(self) -> str | None:
        """Of a blend, the filter that is blended."""
        base = self.name.removesuffix(BLEND)
        return base if base != self.name and base in choices("recommender") else None

    @property
    def needs(self) -> tuple[str, ...]:
        """The forms of popularity, for users without events; a blend tries its base's settings early."""
        forms = popularity_forms()
        return () if self.name in forms else (*forms, *([self.base] if self.base else []))

    def defaults(self, config: RunConfig) -> Settings:
        """As conf/recommender has them."""
        return node_of("recommender", self.name)

    def starts(self, defaults: Settings, needed: Mapping[str, Settings]) -> Sequence[Settings]:
        """The defaults; for a blend also the tuned settings of its base."""
        if self.base is None:
            return (defaults,)
        return (defaults, {**defaults, "base": needed[self.base]["recommender"]})

    def resolve(self, own: Settings, needed: Mapping[str, Settings]) -> Settings:
        """``recommender``, and ``zero_shots``: the forms of popularity by name."""
        forms = {form: needed[form]["recommender"] for form in popularity_forms() if form in needed}
        return {"recommender": own} | ({"zero_shots": forms} if forms else {})

    def fit(self, bench: Workbench, settings: Settings, on_epoch: EpochReport | None = None) -> FittedMethod:
        """Fit, or take what was fitted with these settings."""
        fitted = bench.fit(self.name, settings["recommender"])
        return FittedMethod.everywhere(Method(bench.serving(fitted, settings.get("zero_shots", {}))))
