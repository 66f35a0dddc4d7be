"""Compare Jobs: two runs of the log beside each other."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404

from joblog.job_comparison import COMPARED, SHOWN, compare_jobs
from joblog.models import SynchJob
from syncadmin.ui.views import Page, key_in


class CompareJobs(Page):
    """The job of the address, and the one in ``with``; the older one stands first."""

    title = "Compare Jobs"
    template_name = "joblog/compare_jobs.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        jobs = SynchJob.objects.select_related("mapping").defer("cursor", "call_stack")
        asked = (self.kwargs["pk"], key_in(self.request.GET.get("with", "")))
        first, second = sorted((get_object_or_404(jobs, pk=pk) for pk in asked), key=lambda job: job.pk)
        return super().get_context_data(
            first=first,
            second=second,
            comparison=compare_jobs(first, second),
            compared=COMPARED,
            shown_at_most=SHOWN,
            **extra,
        )
