"""Placebo fills: what completes profiles without a GAN, so that its gain can be told from the gain of any fill."""
