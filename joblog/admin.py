"""Raw rows for support, read-only; people work on our own pages."""

from __future__ import annotations

from django.contrib import admin

from joblog.models import ErrorCause, JobQueueEntry, JobQueueLogEntry, SynchEntry, SynchJob, Worker
from mappings.admin import ReadOnlyAdmin

for model in (JobQueueEntry, JobQueueLogEntry, SynchEntry, SynchJob, ErrorCause, Worker):
    admin.site.register(model, ReadOnlyAdmin)
