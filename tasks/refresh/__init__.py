"""Refresh: new events make a challenger, users who are new to both judge it, and what is not worse is promoted."""
