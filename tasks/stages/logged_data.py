"""The data of a run as its MLflow run names it: what it was fitted on, and who it was asked about."""

from tasks.stages.ingest import Ingested
from tasks.stages.prepare import Prepared
from tasks.tracking import LoggedDataset


def logged_data(ingested: Ingested, prepared: Prepared) -> list[LoggedDataset]:
    """Warm users as training data, new users as validation and, where they are looked at, test data.

    All carry the digest of the log they were cut from, as the tag ``data_digest`` and the model folder do.
    """
    log, split, name = ingested.log, prepared.split, ingested.name
    source = {"dataset": name, "split": split.name, "question": prepared.question}
    warm = {
        "users": len(split.warm.histories.users),
        "items": len(split.catalogue),
        "rows_in_log": log.events.height,
    }
    new = {"users": len(split.validation.half), "rows_in_log": log.events.height}
    found = [
        LoggedDataset(f"{name} warm users", log.digest, "training", source, warm),
        LoggedDataset(f"{name} new users", log.digest, "validation", source, new),
    ]
    if prepared.test:
        asked = {**new, "users": len(split.test.half)}
        found.append(LoggedDataset(f"{name} test users", log.digest, "test", source, asked))
    return found
