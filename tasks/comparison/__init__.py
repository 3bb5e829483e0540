"""Finished runs side by side: paired differences on the same new users."""
