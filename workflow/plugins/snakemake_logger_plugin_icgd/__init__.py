"""Logger plugin of Snakemake, `--logger icgd`: a line for all of the run instead of twelve a job."""

import logging
from pathlib import Path

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_icgd.display import Display

STOPPED, NOTHING = "Terminating processes", "Nothing to be done"  # of Snakemake's own sentences
TWICE = ("CalledProcessError", "At least one job did not complete")  # what a failed job and the end say too


class LogHandler(LogHandlerBase):
    """Hands Snakemake's events to the display."""

    display: Display | None = None
    stopped = False
    writes_to_stream = has_filter = has_formatter = True
    writes_to_file = needs_rulegraph = False

    def __post_init__(self) -> None:
        type(self).display = Display()

    def emit(self, record: logging.LogRecord) -> None:
        """One event; called in a thread of its own."""
        event, show = getattr(record, "event", None), self.display
        if self.common_settings.dryrun and event in (None, LogEvent.RUN_INFO):
            show.say(record.getMessage().strip())
        elif event == LogEvent.JOB_INFO:
            title = " ".join([record.rule_name.removeprefix("train_"), *_which(record.wildcards)])
            show.start(record.jobid, title, Path(record.log[0]) if record.log else None)
        elif event == LogEvent.JOB_FINISHED:
            show.end(record.job_id)
        elif event == LogEvent.JOB_ERROR and not self.stopped:
            show.end(record.jobid, failed=True)
        elif event == LogEvent.ERROR or (event is None and self._matters(record)):
            said = record.getMessage().strip()
            self.stopped = self.stopped or said.startswith(STOPPED)
            if not any(words in said for words in TWICE):
                show.say(said)

    def _matters(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or record.getMessage().startswith((STOPPED, NOTHING))

    def close(self) -> None:
        """No moving line is left behind."""
        self.display.stop()
        super().close()


def _which(wildcards: dict | None) -> list[str]:
    """What tells jobs of a rule apart."""
    return [f"seed {v}" if k == "seed" else str(v) for k, v in (wildcards or {}).items() if k != "scale"]
