"""The types that travel between tasks: frozen, checked when made, importing nothing of ours."""

from tasks.domain.event_log import Column, EventLog, LogRoles
from tasks.domain.histories import OUTSIDE, Histories, Population, Warm
from tasks.domain.new_users import NewUsers, Posed, UserFeatures
from tasks.domain.provenance import Provenance
from tasks.domain.ragged import Ragged
from tasks.domain.top_k import NO_ITEM, Evidence, TopK
from tasks.domain.training import ItemFeatures, Training
from tasks.domain.virtual import VirtualBehaviour

__all__ = [
    "NO_ITEM",
    "OUTSIDE",
    "Column",
    "EventLog",
    "Evidence",
    "Histories",
    "ItemFeatures",
    "LogRoles",
    "NewUsers",
    "Population",
    "Posed",
    "Provenance",
    "Ragged",
    "TopK",
    "Training",
    "UserFeatures",
    "VirtualBehaviour",
    "Warm",
]
