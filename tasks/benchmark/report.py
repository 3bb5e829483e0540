"""The page on a benchmark's results, from the files in their folder alone."""

from pathlib import Path

from tasks.benchmark.settings import BenchmarkSettings
from tasks.runs.home import REPOSITORY

DOCS = REPOSITORY / "docs"


def report(settings: BenchmarkSettings) -> Path:
    """Write ``summary.parquet``, ``uses.parquet``, the page and its charts.

    The committed results are told in ``docs/results.md``; others in a ``results.md`` beside them.

    Args:
        settings: Name the folder.

    Returns:
        The page.

    Raises:
        DataError: Results are missing or do not fit each other.

    """
    from tasks.reporting.results.charts import headline_figure
    from tasks.reporting.results.page import write_page
    from tasks.results.lookup import Lookup
    from tasks.results.summary import write_summary
    from tasks.results.uses_summary import write_uses_summary

    folder = settings.folder
    summary = write_summary(folder)
    write_uses_summary(folder)
    if not settings.is_committed:
        command = f"python -m flows.benchmark report=only output={settings.output}"
        page, *_ = write_page(folder, folder / "results.md", folder / "images", command=command)
        return page
    headline_figure(Lookup(summary), DOCS / "images" / "headline.svg")
    reading, command = DOCS / "results_reading.md", "python -m flows.benchmark report=only"
    page, *_ = write_page(folder, DOCS / "results.md", DOCS / "images" / "results", reading, command)
    return page
