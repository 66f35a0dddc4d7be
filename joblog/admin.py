"""Raw rows for support, read-only; people work on our own pages."""

from __future__ import annotations

from django.contrib import admin

from joblog.models import JobQueueEntry, JobQueueLogEntry, SynchEntry, SynchJob
from mappings.admin import ReadOnlyAdmin

for model in (JobQueueEntry, JobQueueLogEntry, SynchJob, SynchEntry):
    admin.site.register(model, ReadOnlyAdmin)
