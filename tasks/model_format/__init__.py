"""Our model folder: safetensors, npz, Parquet and JSON, with a format version; loading executes nothing."""

from tasks.model_format.customers import Customers
from tasks.model_format.folder import FolderReader, FolderWriter, writing
from tasks.model_format.header import ComponentChoice, Header
from tasks.model_format.kinds import EventKinds
from tasks.model_format.model import Model
from tasks.model_format.timestamps import TimeReader
from tasks.model_format.vocabulary import ItemVocabulary

__all__ = [
    "ComponentChoice",
    "Customers",
    "EventKinds",
    "FolderReader",
    "FolderWriter",
    "Header",
    "ItemVocabulary",
    "Model",
    "TimeReader",
    "writing",
]
