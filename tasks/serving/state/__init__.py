"""What the service remembers: events of users, who was forgotten, and what was shown."""

from tasks.serving.state.store import Forgotten, Recorded, StateStore, StoredEvent
from tasks.serving.state.tables import state_url

__all__ = ["Forgotten", "Recorded", "StateStore", "StoredEvent", "state_url"]
