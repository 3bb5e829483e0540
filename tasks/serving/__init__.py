"""Answers for one user at a time: profiles, a served model, the state of users, audiences and segments."""
