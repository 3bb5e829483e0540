"""The hybrid: popularity, filters, side information and the generator, weighed by the number of events."""
