"""The hybrid for a few users at a time: the scores of ``tasks.hybrid.sources``, without what large blocks need."""
