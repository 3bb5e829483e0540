"""Housekeeping: what is old, what is still needed, and removing the rest so that a kill in the middle does no harm."""
