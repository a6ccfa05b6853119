"""Tasks that are the same for every seed: drawn once a job."""

from functools import cache

from icgd.tasks import published, shifted

published_tasks = cache(published.tasks)  # (count) -> the first of them
released_sweep = cache(shifted.released)  # (panel, most) -> point -> tasks
