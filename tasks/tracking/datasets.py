"""The data that a run stands on, as MLflow shows it: by name and digest, without the data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

DIGEST_DIGITS = 32
"""MLflow takes digests of at most 36 characters: the first half of a sha256."""


@dataclass(frozen=True, slots=True)
class LoggedDataset:
    """A data set in MLflow.

    Attributes:
        name: Shown in the table of runs.
        digest: sha256 over the source files, hex; MLflow shows its first half.
        context: What it was used for.
        source: Where it comes from, plain values.
        profile: How large it is, plain values.

    """

    name: str
    digest: str
    context: Literal["training", "validation", "test"]
    source: Mapping[str, Any] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)

    def to_input(self) -> "DatasetInput":
        """As MLflow's entity."""
        from mlflow.entities import Dataset, DatasetInput, InputTag
        from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

        dataset = Dataset(
            name=self.name,
            digest=self.digest[:DIGEST_DIGITS],
            source_type="coldcart",
            source=json.dumps({**self.source, "sha256": self.digest}),
            profile=json.dumps(dict(self.profile)),
        )
        return DatasetInput(dataset, [InputTag(MLFLOW_DATASET_CONTEXT, self.context)])
