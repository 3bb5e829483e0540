"""How good recommendation lists are for users the shop hardly knows: full ranking, per user first."""
