"""The page of results, byte for byte a function of the files in a results folder and of the plain reading."""

import os
from pathlib import Path

import polars as pl

from tasks.reporting.results.charts import write_charts
from tasks.reporting.results.comparisons import comparisons_section
from tasks.reporting.results.conditions import conditions_section
from tasks.reporting.results.headline import headline_section
from tasks.reporting.results.inside import inside_section
from tasks.reporting.results.lists import lists_section
from tasks.reporting.results.methods import place_section
from tasks.reporting.results.uses import uses_section
from tasks.results.goals import goals_of
from tasks.results.lookup import Lookup
from tasks.results.store import Results, read_results
from tasks.results.summary import read_summary
from tasks.results.uses_summary import read_uses_summary

_USERS = {"test": "test users", "validation": "validation users (half B)"}


def write_page(
    results_folder: Path, page_path: Path, images_folder: Path, reading: Path | None = None, command: str = ""
) -> tuple[Path, ...]:
    """Write the page and its charts.

    Args:
        results_folder: Cells, users, manifest and ``summary.parquet``.
        page_path: The Markdown file.
        images_folder: Where the charts go.
        reading: A Markdown file that is included as it stands; None for none.
        command: What regenerates the page, as it is typed.

    Returns:
        Everything that was written, the page first.

    Raises:
        DataError: Results are missing or do not fit each other.

    """
    results = read_results(results_folder)
    lookup, uses = Lookup(read_summary(results_folder)), read_uses_summary(results_folder)
    images = Path(os.path.relpath(images_folder, page_path.parent)).as_posix()
    charts = write_charts(lookup, images_folder)
    page_path.parent.mkdir(parents=True, exist_ok=True)
    text = reading.read_text(encoding="utf-8") if reading is not None and reading.is_file() else None
    page_path.write_text(page_of(lookup, uses, results, images, text, command), encoding="utf-8")
    return (page_path, *charts)


def page_of(
    lookup: Lookup, uses: pl.DataFrame, results: Results, images: str, reading: str | None, command: str
) -> str:
    """The page as text; see ``write_page``.

    Args:
        lookup: The summary.
        uses: The summary of uses.
        results: Cells and environment.
        images: Folder of the charts as the page names it.
        reading: The plain reading.
        command: What regenerates the page.

    """
    users = _USERS.get(results.manifest.evaluate, results.manifest.evaluate)
    sections = [_opening(lookup, results, users, command), headline_section(lookup, goals_of(lookup, results), users)]
    sections += [place_section(lookup, place, images) for place in lookup.places]
    measure = command.replace("report=only", "uses=[{use}]") or "python -m flows.benchmark uses=[{use}]"
    sections += [
        uses_section(uses, measure),
        comparisons_section(lookup),
        lists_section(lookup),
        inside_section(lookup, results),
    ]
    sections += [
        conditions_section(lookup, results),
        "## A plain reading\n\n" + (reading or "None was written for these results."),
    ]
    return "\n".join(f"{section.strip()}\n" for section in sections)


def _opening(lookup: Lookup, results: Results, users: str, command: str) -> str:
    cells, methods = len(results.cells), len({cell.key.method for cell in results.cells})
    lines = [
        "# Results on new users",
        "",
        f"{methods} methods on {len(lookup.places)} questions, {cells} cells, measured on {users}: no event of theirs",
        "reached anything that was fitted. Every list ranks the whole catalogue. Figures are averaged over seeds per",
        "user, then over users; intervals are 95 % bootstrap intervals over users.",
    ]
    if command:
        lines += ["", "This page is made from the stored results alone:", "", "```bash", command, "```"]
    return "\n".join(lines)
