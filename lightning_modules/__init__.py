"""The generative adversarial network: torch, Lightning, numpy and scipy only."""
