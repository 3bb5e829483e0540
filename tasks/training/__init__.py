"""From warm behaviour to a trained generator of virtual behaviour."""
