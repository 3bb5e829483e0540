"""The report of one training run: a single HTML page that needs nothing from elsewhere."""
