"""Figures and tables for people: plain results in, figures and tables out, nothing shown or saved here."""
