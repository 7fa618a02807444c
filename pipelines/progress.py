"""Progress on the terminal while a run goes on.

Belongs here: what a person sees of a run, from Dagster's own events.
Does not belong here: Dagster's history (the instance keeps it) or a run's result (pipelines.run).
"""

from __future__ import annotations

import logging
import time

import dagster as dg
from rich.console import Console


class ProgressHandler(logging.Handler):
    """Prints one line per finished step: its tables and how long it took. Never a message, which could hold more."""

    def __init__(self) -> None:
        super().__init__()
        self.console = Console(stderr=True, highlight=False)
        self.started: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Follow the events of steps."""
        event = getattr(record, "dagster_meta", {}).get("dagster_event")
        if event is None or event.step_key is None:
            return
        if event.event_type_value == "STEP_START":
            self.started[event.step_key] = time.monotonic()
        elif event.event_type_value in ("STEP_SUCCESS", "STEP_FAILURE"):
            took = time.monotonic() - self.started.get(event.step_key, time.monotonic())
            done = event.event_type_value == "STEP_SUCCESS"
            name = event.step_key.split("__", 1)[-1].replace("__", ".")
            self.console.print(f"  {'[green]done[/]   ' if done else '[red]stopped[/]'} {name:<28} {took:6.1f} s")


@dg.logger(config_schema={}, description="One line per finished step.")
def progress_logger(_: dg.InitLoggerContext) -> logging.Logger:
    """The logger that `plumbline run` uses."""
    logger = logging.Logger("plumbline.progress", level=logging.DEBUG)
    logger.addHandler(ProgressHandler())
    return logger
