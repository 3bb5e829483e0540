"""Fields of the forms, built from ``conf/``: one drop-down per group, with the defaults of the command line.

The help text below a field is its line in the docstring of the flow. A drop-down is fixed when a flow is deployed:
a new file in ``conf/`` shows after the next ``python -m flows.deploy``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from flows.arguments import quote_paths
from tasks.errors import ConfigError
from tasks.overrides import choices, default_choices

DEFAULTS = default_choices("config")
"""The option of each group that ``conf/config.yaml`` takes."""

OF_THE_DATASET = "as the data set has it"
"""Choice of a split: a data set may bring its own."""

OF_THE_SPACE = "as the search space has it"
"""Choice of what a search space may set for all its trials."""

GROUPS = ("dataset", "split", "network", "loss", "augmentation", "recommender", "trainer")
"""Groups with a drop-down in the form of a training."""


def choice(group: str, *more: str) -> Any:
    """The type of a drop-down: one of the options of a group.

    Args:
        group: A folder of conf/.
        more: Choices that are no files, offered first.
    """
    return Literal[(*more, *choices(group))]


Dataset: Any = choice("dataset")
Split: Any = choice("split", OF_THE_DATASET)
Network: Any = choice("network")
Loss: Any = choice("loss")
Augmentation: Any = choice("augmentation")
Recommender: Any = choice("recommender")
Trainer: Any = choice("trainer")
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Epochs = Annotated[int, Field(ge=0, le=10_000)]


_SAYS_NOTHING: tuple[Any, ...] = (None, "", [], OF_THE_DATASET, OF_THE_SPACE)


def chosen(fields: Mapping[str, Any], overrides: Sequence[str]) -> list[str]:
    """Overrides that say what a form says.

    Args:
        fields: Values by key; the empty ones (None, "", [], ``OF_THE_DATASET``, ``OF_THE_SPACE``) say nothing.
        overrides: What was added in the field ``overrides``.

    Raises:
        ConfigError: An override sets what a field sets already; the message names both.
    """
    said = {key: value for key, value in fields.items() if value not in _SAYS_NOTHING}
    for text in overrides:
        key = re.split(r"[=@]", text.strip().lstrip("+~"), maxsplit=1)[0]
        if key in said:
            raise ConfigError(f"overrides: {text!r} sets what the field of {key} sets to {said[key]!r}; use the field")
    return quote_paths(
        [f"{key}={_written(value)}" for key, value in said.items()] + [text.strip() for text in overrides]
    )


def touched(said: Sequence[str]) -> list[str]:
    """Without the choices that a form opens with: whoever leaves one alone has not named it, as on the command line.

    A trainer, a network or a loss that is named sets aside what tuning found.
    """
    opened_with = {f"{group}={option}" for group, option in DEFAULTS.items()}
    return [one for one in said if one not in opened_with]


def _written(value: Any) -> str:
    return "[" + ",".join(value) + "]" if isinstance(value, list) else str(value)
