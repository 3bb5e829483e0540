"""The page of results: sections in Markdown, charts, and what puts them together."""

from tasks.reporting.results.charts import headline_figure
from tasks.reporting.results.page import write_page

__all__ = ["headline_figure", "write_page"]
