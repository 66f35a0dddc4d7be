"""The pages of the product: what the sidebar shows and what "Tell me" finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True, kw_only=True)
class Item:
    """One page. ``words`` are other names people know it by (screens.md section 1); ``hidden`` pages are found, not listed."""

    title: str
    url_name: str
    words: str = ""
    permission: str = "mappings.see"
    hidden: bool = False

    @property
    def url(self) -> str:
        return reverse(self.url_name)


@dataclass(frozen=True, kw_only=True)
class Group:
    title: str
    items: tuple[Item, ...] = field(default=())


MENU: tuple[Group, ...] = (
    Group(
        title="",
        items=(Item(title="Role Center", url_name="joblog:home", words="home start cues overview dashboard activity health"),),
    ),
    Group(
        title="Mappings",
        items=(
            Item(
                title="Table Mappings",
                url_name="mappings:mapping-list",
                words="integration table mappings synchronization setup fields coupling filters manual integration table mappings",
            ),
            Item(
                title="New Table Mapping",
                url_name="mappings:mapping-new",
                words="guide assisted add create integration table mapping wizard custom table",
                permission="mappings.configure",
                hidden=True,
            ),
            Item(
                title="Use Default Synchronization Setup",
                url_name="mappings:default-setup",
                words="default set-up reset mappings to defaults preview assisted setup",
                hidden=True,
            ),
            Item(
                title="Edit Integration Table Mappings",
                url_name="mappings:mapping-rows",
                words="edit list of table mappings directions policies",
                permission="mappings.configure",
                hidden=True,
            ),
            Item(
                title="Couplings",
                url_name="joblog:couplings",
                words="couplings book coupled records in sync differs failing pending broken uncouple delete history of a coupling",
            ),
        ),
    ),
    Group(
        title="Jobs",
        items=(
            Item(title="Job Queue Entries", url_name="joblog:queue", words="schedule scheduled recurring on hold ready run now task"),
            Item(
                title="Job Queue Log Entries",
                url_name="joblog:queue-log",
                words="executions history of job queue entries call stack error message job log",
            ),
            Item(
                title="Synchronization Log",
                url_name="joblog:log",
                words="integration synchronization jobs integration synch. job log sync log job list history runs",
            ),
            Item(
                title="Synchronization Errors",
                url_name="joblog:errors",
                words="integration synchronization errors failed conflicts issues retry",
            ),
            Item(
                title="Skipped Records",
                url_name="joblog:skipped",
                words="coupled data synchronization errors skipped synch. records retry all restore delete records find for deleted",
            ),
            Item(
                title="Help About Errors",
                url_name="joblog:error-help",
                words="help link error codes explanation what does this error mean",
                hidden=True,
            ),
            Item(
                title="Causes of Errors",
                url_name="joblog:causes",
                words="causes of synchronization errors why failed grouped explanation fix truncate couple missing",
                hidden=True,
            ),
        ),
    ),
    Group(
        title="Setup",
        items=(
            Item(
                title="Assisted Setup",
                url_name="joblog:assisted-setup",
                words="wizard guide first steps getting started enable data synchronization",
                hidden=True,
            ),
            Item(
                title="Full Synchronization",
                url_name="joblog:full-sync",
                words="full synchronization review initial synchronization run full synchronization couple records recommendation",
            ),
            Item(
                title="Option Mappings",
                url_name="mappings:option-list",
                words="dataverse option mapping payment terms shipment method shipping agent choices codes pairs",
            ),
            Item(
                title="Config. Templates",
                url_name="mappings:template-list",
                words="configuration templates new records default values default dimensions priority table config templates",
            ),
            Item(
                title="Transformation Rules",
                url_name="mappings:transformation-list",
                words="transform uppercase trim replace substring regular expression date decimal format round lookup chain",
            ),
            Item(
                title="Connections",
                url_name="mappings:connection-list",
                words="microsoft dynamics 365 connection setup dataverse connection setup crm systems sign-in secret certificate test",
            ),
            Item(
                title="Who Is Told",
                url_name="joblog:notice-rules",
                words="notices notifications alerts e-mail mail webhook digest notify recipients threshold",
            ),
            Item(title="Sent Notices", url_name="joblog:sent-notices", words="notifications alerts e-mails delivered", hidden=True),
            Item(title="Notices", url_name="own:notices", words="my notices notifications bell unread alerts", hidden=True),
            Item(
                title="Watched Tables",
                url_name="joblog:watched",
                words="changes notifications webhooks subscriptions light poll event-driven rescheduling wake",
            ),
            Item(
                title="Log Retention",
                url_name="joblog:retention",
                words="delete old entries keep days clean up synchronization log job queue log",
            ),
            Item(
                title="Workers",
                url_name="joblog:workers",
                words="qcluster processes heartbeat lost queue length pause everything maintenance",
            ),
            Item(title="Change Log", url_name="mappings:change-log", words="configuration changes history versions who changed"),
            Item(
                title="Users & Roles",
                url_name="mappings:user-list",
                words="permissions groups passwords sign-in people administration security",
                permission="mappings.configure",
            ),
            Item(
                title="My Settings", url_name="ui:my-settings", words="time zone language numbers dates dark light appearance", hidden=True
            ),
            Item(title="Change My Password", url_name="mine:password", words="password security", hidden=True),
        ),
    ),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``menu`` is [(group title, [item, ...])] as this person may see it, ``current_path`` marks the page."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"menu": []}
    allowed = [(group.title, [item for item in group.items if user.has_perm(item.permission)]) for group in MENU]
    return {"menu": [(title, items) for title, items in allowed if items], "current_path": request.path}
