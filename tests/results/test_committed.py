"""The committed page tells the committed results."""

import pytest

from tasks.benchmark.settings import RESULTS
from tasks.reporting.results.page import page_of
from tasks.results.lookup import Lookup
from tasks.results.store import read_results
from tasks.results.summary import build_summary
from tasks.results.used import read_uses
from tasks.results.uses_summary import build_uses
from tasks.runs.home import REPOSITORY


@pytest.mark.slow
@pytest.mark.skipif(not (RESULTS / "manifest.json").exists(), reason="no results are committed")
def test_the_page_is_made_of_the_committed_results_byte_for_byte() -> None:
    results, docs = read_results(RESULTS), REPOSITORY / "docs"
    reading = (docs / "results_reading.md").read_text(encoding="utf-8")
    command = "python -m flows.benchmark report=only"
    page = page_of(
        Lookup(build_summary(results)), build_uses(read_uses(RESULTS)), results, "images/results", reading, command
    )
    assert page == (docs / "results.md").read_text(encoding="utf-8")
