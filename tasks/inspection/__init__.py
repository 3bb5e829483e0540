"""Is this log enough? What a log holds, and what could be asked of it."""

from tasks.inspection.counts import inspect_log
from tasks.inspection.report import Eligible, Inspection, Lengths

__all__ = ["Eligible", "Inspection", "Lengths", "inspect_log"]
