"""What a log has to offer, before anything is trained on it."""

from tasks.config import RunConfig
from tasks.errors import DataError
from tasks.ingestion.folders import cache_folder
from tasks.ingestion.ingest import ingest
from tasks.inspection import Inspection, inspect_log
from tasks.stages.ingest import asked, ingest_log


def inspect_stage(config: RunConfig) -> Inspection:
    """Obtain, clean and count a log, as a run of this configuration would.

    Raises:
        DataError: The log cannot be had or read, or is empty; one that cannot be split is inspected all the same.
        ConfigError: The data set cannot answer the question.

    """
    questions, raw = asked(config), config.dataset.load(cache_folder())
    try:
        ingested = ingest_log(raw, config)
        log, quality = ingested.log, ingested.quality
    except DataError:
        # A log that cannot be split can be counted; what cannot be read, or is empty, is an error here, too.
        log, quality = ingest(raw, config.cleaning, config.privacy, config.until)
    fall_back = getattr(config.dataset, "falls_back", True)
    return inspect_log(log, quality, config.split, questions, seed=config.seed, fall_back=fall_back)
