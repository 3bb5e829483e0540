"""Cleaning: rules as settings, each counted."""

from tasks.ingestion.cleaning.fences import Fences
from tasks.ingestion.cleaning.outliers import apply_fences
from tasks.ingestion.cleaning.rules import CleaningRules, PossibleDates

__all__ = ["CleaningRules", "Fences", "PossibleDates", "apply_fences"]
