"""Lines that tell a person how far a long job is."""

import sys
import time
from collections.abc import Sequence

EVERY = 5.0  # seconds between two lines of one job


def say(text: str) -> None:
    """One line on stderr, at once."""
    print(text, file=sys.stderr, flush=True)


class TrainingLine:
    """Step, losses, speed and time left: a line every few seconds, and the last one always."""

    def __init__(self, name: str, seeds: Sequence[int]):
        several = f"seeds {seeds[0]}-{seeds[-1]}, the first:"
        self.title = f"{name} {several if len(seeds) > 1 else f'seed {seeds[0]}'}"
        self.last = 0.0

    def __call__(self, row: dict, left: int, rate: float) -> None:
        """Print the line of one history row, unless the last one was just printed."""
        if left and time.monotonic() - self.last < EVERY:
            return
        self.last = time.monotonic()
        say(
            f"{self.title}  step {row['step']:>6}  loss {row['training_loss']:.4f}  evaluation "
            f"{row['evaluation_loss']:.4f}  {rate:.0f} steps/s  {left / max(rate, 1e-9):.0f} s left"
        )
