"""The code of a served model, kept beside its data: a thin shell around the ``model/`` folder of a run.

MLflow executes this file when it loads the model. All it does is done by coldcart's own packages, which must be
installed where the model is served; the data itself is read without executing anything.
"""

from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc import PythonModel, PythonModelContext

try:
    from tasks.errors import ColdcartError
    from tasks.model_format.rows import tables_of
    from tasks.stages.ship import load_model
except ImportError as missing:
    raise ImportError(
        f"this model needs coldcart, which is not installed here ({missing}): pip install -e <checkout of coldcart>, "
        "and serve with --env-manager local"
    ) from missing


class NewUserLists(PythonModel):
    """Recommendations for users the model has never seen, from their few events."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the model; raises ``ModelError`` where its folder is damaged."""
        from pathlib import Path

        self.model = load_model(Path(context.artifacts["model"]))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """The k best items for each user, as ``python -m flows.recommend`` ranks them.

        Args:
            context: Of MLflow; not used.
            model_input: One row per user, see ``tasks.model_format.rows``.
            params: ``k``, items per list.

        Returns:
            k rows per user: user_id, rank (1 …), item_id, score, evidence.

        Raises:
            MlflowException: The request cannot be answered; the message says what to correct.

        """
        try:
            events, users, features = tables_of(model_input.to_dict("records"), self.model.encoder.columns)
            lists = self.model.recommend(events, users, features, k=int((params or {}).get("k", 20)))
        except ColdcartError as error:
            raise MlflowException(str(error), INVALID_PARAMETER_VALUE) from error
        return pd.DataFrame({name: lists[name].to_list() for name in lists.columns}).astype({"item_id": str})


set_model(NewUserLists())
