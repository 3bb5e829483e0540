"""Who is warm and who is new, and what is asked of the new: time discipline included."""

from tasks.splitting.cuts import Cuts, cuts_of
from tasks.splitting.definitions import MINIMUM_USERS, QUESTIONS, rest_shots, shots_of
from tasks.splitting.fallback import Resolved, resolve
from tasks.splitting.leakage import check_gate, check_posed, check_provenance, check_rows, check_split
from tasks.splitting.parts import Split
from tasks.splitting.questions import pose, pose_all, pose_episodes, user_ids
from tasks.splitting.settings import SplitSettings, TemporalSplit, UserHoldoutSplit
from tasks.splitting.split import newcomers, split, warm_of_everything, warm_rows
from tasks.splitting.ties import id_hashes

__all__ = [
    "MINIMUM_USERS",
    "QUESTIONS",
    "Cuts",
    "Resolved",
    "Split",
    "SplitSettings",
    "TemporalSplit",
    "UserHoldoutSplit",
    "check_gate",
    "check_posed",
    "check_provenance",
    "check_rows",
    "check_split",
    "cuts_of",
    "id_hashes",
    "newcomers",
    "pose",
    "pose_all",
    "pose_episodes",
    "resolve",
    "rest_shots",
    "shots_of",
    "split",
    "user_ids",
    "warm_of_everything",
    "warm_rows",
]
