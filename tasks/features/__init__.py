"""Features of users, items and times: fitted on warm rows before the cut, applied to everyone."""

from tasks.features.items import ItemEncoder
from tasks.features.settings import FeatureSettings, TextSettings
from tasks.features.time import calendar, gaps
from tasks.features.users import UserEncoder

__all__ = [
    "FeatureSettings",
    "ItemEncoder",
    "TextSettings",
    "UserEncoder",
    "calendar",
    "gaps",
]
