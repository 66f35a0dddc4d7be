"""Raw rows for support, read-only; people work on our own pages."""

from __future__ import annotations

from django.contrib import admin

from joblog.models import (
    CallStack,
    ErrorCause,
    IssueRemark,
    JobLine,
    JobQueueEntry,
    JobQueueLogEntry,
    JobTotals,
    Notice,
    NoticeRule,
    SynchEntry,
    SynchJob,
    SystemWatch,
    Trouble,
    WatchedTable,
    Worker,
)
from mappings.admin import ReadOnlyAdmin

for model in (
    JobQueueEntry,
    JobQueueLogEntry,
    SynchEntry,
    SynchJob,
    CallStack,
    ErrorCause,
    IssueRemark,
    JobLine,
    Worker,
    JobTotals,
    WatchedTable,
    Trouble,
    Notice,
):
    admin.site.register(model, ReadOnlyAdmin)


@admin.register(SystemWatch, NoticeRule)
class SecretAdmin(ReadOnlyAdmin):
    hidden = ("encrypted_secret",)
