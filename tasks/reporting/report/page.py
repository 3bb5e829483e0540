"""The page: a template filled with a report's content and figures.

Everything the template is given is escaped: titles of items, classes of users and names of files are other people's.
"""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.reporting.report.album import album_of
from tasks.reporting.report.content import Report
from tasks.reporting.report.gain_figures import gains_table
from tasks.reporting.report.reason_pictures import differences_table

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
LARGEST = 5_000_000
"""Bytes a page must stay below, to be sent and opened anywhere."""


def render(report: Report) -> str:
    """The report as one HTML page that needs nothing from elsewhere; the same report gives the same text."""
    page = _environment().get_template("report.html.j2")
    return page.render(
        report=report,
        album=album_of(report),
        gains=[gains_table(one) for one in report.gains if one.segments],
        reasons=None if report.reasons is None else differences_table(report.reasons),
        style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
    )


def write_page(report: Report, path: Path) -> Path:
    """Write the page, UTF-8; an earlier one is replaced."""
    path.write_text(render(report), encoding="utf-8")
    return path


@functools.cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
