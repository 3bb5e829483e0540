"""A model folder as an MLflow model: models-from-code, with signature and input example."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.domain import Column
from tasks.model_format import FolderReader, Header, ItemVocabulary
from tasks.model_format.model import EVIDENCE, RANK, SCORE
from tasks.model_format.rows import ITEMS, KINDS, TIMESTAMPS

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

MODEL_FOLDER = "model"
"""Name of a run's model, of its folder and of the artifact."""
CODE = Path(__file__).with_name("served_model.py")
DATA = Path("artifacts") / MODEL_FOLDER
"""Where the model folder lies in an MLflow model."""


def data_folder(folder: Path) -> Path:
    """The model folder in what MLflow keeps: inside an MLflow model, or all of it in those of earlier versions."""
    return folder / DATA if (folder / "MLmodel").is_file() else folder


def package(folder: Path, target: Path) -> Path:
    """Write an MLflow model around a copy of a model folder.

    Args:
        folder: The ``model/`` folder of a run.
        target: The folder to make.

    Raises:
        ModelError: ``folder`` holds no whole model.

    """
    import mlflow
    from mlflow.pyfunc import save_model

    header, reader = Header.read(folder), FolderReader(folder)
    items = ItemVocabulary.from_frame(reader.read_frame("items.parquet"))
    shown = [str(item) for item in items.ids.head(2).to_list()]
    example = [{Column.USER_ID: "new user", ITEMS: shown}, {Column.USER_ID: "nobody knows", ITEMS: []}]
    save_model(
        str(target),
        python_model=str(CODE),
        artifacts={MODEL_FOLDER: str(folder)},
        signature=signature_of(reader.read_json("users.json")),
        input_example=(example, {"k": min(10, len(items) - len(shown))}),
        # Only what MLflow itself needs: coldcart is in no package index, and a name there would be somebody else's.
        pip_requirements=[f"mlflow=={mlflow.__version__}"],
        metadata={"coldcart": header.coldcart, "question": header.question, "dataset": header.dataset},
    )
    return target


def signature_of(users: dict[str, Any]) -> "ModelSignature":
    """What a served model takes and gives.

    Args:
        users: ``users.json`` of the model folder: which features of users it reads.

    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Array, ColSpec, DataType, ParamSchema, ParamSpec, Schema

    text, number = DataType.string, DataType.double
    features = [(str(column["column"]), text) for column in users["categories"]]
    features += [(str(column), number) for column in users["numbers"]["columns"]]
    taken = [
        ColSpec(text, Column.USER_ID),
        ColSpec(Array(text), ITEMS),
        ColSpec(Array(text), TIMESTAMPS, required=False),
        ColSpec(Array(text), KINDS, required=False),
        *(ColSpec(kind, name, required=False) for name, kind in features),
    ]
    given = [
        ColSpec(text, Column.USER_ID),
        ColSpec(DataType.long, RANK),
        ColSpec(text, Column.ITEM_ID),
        ColSpec(number, SCORE),
        ColSpec(text, EVIDENCE),
    ]
    return ModelSignature(Schema([*taken]), Schema([*given]), ParamSchema([ParamSpec("k", DataType.long, 20)]))
