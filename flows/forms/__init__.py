"""The flows that Prefect's form starts: its fields become overrides, and go the way of the command line from there."""
