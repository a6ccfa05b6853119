"""What a person sees of a run: a line for all of it, weighted by expected seconds, and one a running job."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

EVERY = 30.0  # seconds between two lines where there is no terminal
TRUSTED = 0.05  # share of the work after which the speed so far says how long the rest takes
ALMOST = 0.95  # of a job that takes longer than expected


@dataclass
class Running:
    """A job that runs."""

    title: str
    log: Path | None
    since: float = field(default_factory=time.monotonic)

    def line(self) -> str:
        """Its name, and the last that it wrote."""
        try:
            written = self.log.read_text(errors="replace").split("\n") if self.log else []
        except OSError:
            written = []
        last = next((line for line in reversed(written) if line.strip()), "")
        said = last.removeprefix(self.title).strip(" :")
        return f"  {self.title}  {said}".rstrip()


class Display:
    """Jobs, share of the work, time left, what runs; ``plan`` gives the expected seconds of every job."""

    def __init__(self) -> None:
        self.expected: Mapping[int, float] = {}
        self.running: dict[int, Running] = {}
        self.finished: set[int] = set()
        self.cores, self.began, self.told = 1, time.monotonic(), 0.0
        self.console = Console(stderr=True, highlight=False)
        self.live = Live(
            get_renderable=self._drawn, console=self.console, refresh_per_second=2, transient=True
        )

    def plan(self, expected: Mapping[int, float], cores: int) -> None:
        """Begin: the jobs of a run."""
        self.expected, self.cores, self.began = expected, cores, time.monotonic()
        self.say(f"{len(expected)} jobs on {cores} core{'s' * (cores > 1)}, about {duration(self.left())}")
        if self.console.is_terminal and expected:
            self.live.start()

    def start(self, job: int, title: str, log: Path | None) -> None:
        """A job runs."""
        self.running[job] = Running(title, log)

    def end(self, job: int, failed: bool = False) -> None:
        """A job is over."""
        ended = self.running.pop(job, None)
        if failed:
            said = (
                f"failed: {ended.line().strip()} (all of it: {ended.log})" if ended else f"job {job} failed"
            )
            self.say(said)
            return
        self.finished.add(job)
        if not self.console.is_terminal and time.monotonic() - self.told > EVERY:
            self.told = time.monotonic()
            self.say("\n".join([self.line(), *(one.line() for one in list(self.running.values()))]))

    def say(self, text: str) -> None:
        """A line of its own, above the moving ones."""
        self.console.print(Text(text), soft_wrap=True)

    def stop(self) -> None:
        """The moving lines go."""
        self.live.stop()

    def share(self) -> float:
        """How much of the expected work is done."""
        now = time.monotonic()
        parts = [self.expected.get(job, 0.0) for job in self.finished]
        for job, one in list(self.running.items()):
            parts.append(min(now - one.since, ALMOST * self.expected.get(job, 0.0)))
        return sum(parts) / (sum(self.expected.values()) or 1.0)

    def left(self) -> float:
        """Seconds to the end: as fast as so far, or as expected."""
        done, whole = self.share(), sum(self.expected.values()) / self.cores
        if done > TRUSTED:
            whole = (time.monotonic() - self.began) / done
        return whole * (1 - done)

    def line(self) -> str:
        """The run in one line."""
        jobs = f"{len(self.finished)} of {len(self.expected)} jobs"
        return f"{jobs}, {100 * self.share():.0f} % of the work, about {duration(self.left())} left"

    def _drawn(self) -> Group:
        row = Table.grid(padding=(0, 1))
        row.add_row(ProgressBar(total=1.0, completed=self.share(), width=24), self.line())
        lines = [Text(one.line(), overflow="ellipsis", no_wrap=True) for one in list(self.running.values())]
        return Group(row, *lines)


def duration(seconds: float) -> str:
    """Minutes, or seconds where there are few."""
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
