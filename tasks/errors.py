"""The errors a user meets: each says what was expected, what came, and what to do."""


class ColdcartError(Exception):
    """Something the user can put right; printed as one line, without a traceback."""


class DataError(ColdcartError):
    """The log, or a file beside it, cannot be used as it is (names the file and the column)."""


class ConfigError(ColdcartError):
    """A setting cannot be used (names its key, for example ``network.hidden``)."""


class ModelError(ColdcartError):
    """A saved model cannot be found, read or trusted (names the folder or the registry entry)."""


class TrainingError(ColdcartError):
    """Training cannot go on, for example because a loss is not finite."""


class LeakageError(ColdcartError):
    """An artefact of the evaluation fit saw a user or a time it must not have seen."""


class LockedError(ColdcartError):
    """Another live process works on the same run (names its owner)."""


class TrackingError(ColdcartError):
    """MLflow cannot be reached, read or written to (names its address)."""
