"""From the files of a shop to a clean event log."""
