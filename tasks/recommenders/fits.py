"""Recommenders fitted on the same warm users: each once, however many ask for it."""

from collections import OrderedDict
from dataclasses import dataclass, field, is_dataclass, replace
from typing import Any

from tasks.domain import Training


@dataclass(eq=False)
class Fits:
    """Fits settings on warm users, and keeps what is fitted.

    Attributes:
        training: The warm users.
        most: Fits that are kept, the one not used for longest goes first; None keeps all.

    """

    training: Training
    most: int | None = None
    _kept: OrderedDict[str, Any] = field(default_factory=OrderedDict, repr=False)

    def fit(self, component: Any) -> Any:
        """What these settings give; the same object for the same settings.

        A blend takes its base from here, so that another weight or fade fits no filter again.

        Args:
            component: Settings with ``fit``: a recommender or a fill.

        """
        key = repr(component)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        base = getattr(component, "base", None)
        if is_dataclass(base) and hasattr(base, "fit"):
            component = replace(component, base=_Ready(self.fit(base), base))
        fitted = component.fit(self.training)
        self._kept[key] = fitted
        while self.most is not None and len(self._kept) > self.most:
            self._kept.popitem(last=False)
        return fitted


class _Ready:
    """Stands in for the settings of a base that is fitted already."""

    def __init__(self, fitted: Any, settings: Any) -> None:
        self._fitted, self._settings = fitted, settings

    def fit(self, training: Training) -> Any:
        return self._fitted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._settings, name)
