"""The progress bar of a foreground run on a terminal."""

from __future__ import annotations

from types import TracebackType

from django.db.models import Sum
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from joblog.models import JobStatus, SynchJob


class Progress:
    """Shows how many rows the running job of a mapping has read; silent where ``shown`` is false."""

    def __init__(self, mapping_name: str, *, shown: bool) -> None:
        self.mapping_name = mapping_name
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed} read"), TimeElapsedColumn())
        self._bar = Bar(*columns, console=Console(stderr=True), transient=True, disable=not shown)
        self._task = self._bar.add_task(mapping_name, total=None)

    def tell(self) -> None:
        """Called after every page."""
        running = SynchJob.objects.filter(mapping_name=self.mapping_name, status=JobStatus.IN_PROCESS)
        self._bar.update(self._task, completed=running.aggregate(rows=Sum("read"))["rows"] or 0)

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()
