"""Collaborative filtering by learned attention over a profile's items and its neighbours."""
