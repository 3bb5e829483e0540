"""The errors of training, raised here and turned into the user's by whoever called."""


class DivergedError(RuntimeError):
    """A loss stopped being a finite number (names the loss, the epoch and the step)."""
