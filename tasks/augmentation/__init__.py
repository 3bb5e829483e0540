"""Virtual behaviour: what a generator makes up for users the shop hardly knows, and where it goes."""
