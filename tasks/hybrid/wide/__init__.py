"""The hybrid over a catalogue that is too wide to score every item for every user."""
