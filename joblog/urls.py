"""Addresses of the joblog app."""

from __future__ import annotations

from django.urls import URLPattern, path

from joblog.views.assisted_setup import AssistedSetup
from joblog.views.causes import CauseList, FixCause
from joblog.views.chosen_records import SynchronizeChosen
from joblog.views.compare_jobs import CompareJobs
from joblog.views.conflicts import DecideConflict
from joblog.views.connections import ConnectionSwitch
from joblog.views.couplings import CouplingBook, CouplingFacts, CouplingsOfMapping, OneCoupling, SetUpAgain
from joblog.views.default_setup import ApplyDefaultSetup
from joblog.views.delete_mappings import DeleteMappings
from joblog.views.deleted import Deleted
from joblog.views.error import ErrorHelp, ErrorPage, ErrorText
from joblog.views.errors import ErrorList, FixErrors, Retry
from joblog.views.full_synchronization import FullSynchronization
from joblog.views.handle_errors import HandleErrors
from joblog.views.home import Home, ResetFailedJobs, Thresholds
from joblog.views.job import JobEntries, JobPage
from joblog.views.job_lines import JobLines
from joblog.views.log import JobFailures, LogList
from joblog.views.mapping_runs import MappingRuns
from joblog.views.match import MatchBasedCoupling
from joblog.views.missing import FromError, MissingReference
from joblog.views.new_mapping import CreateMapping
from joblog.views.notices import NoticeRuleEdit, NoticeRules, SentNotices
from joblog.views.queue import QueueList, QueueState, RecordOfEntry
from joblog.views.queue_entry import NewQueueEntry, QueueEntryCard
from joblog.views.queue_log import EntryOfExecution, MarkAsError, QueueLogEntryPage, QueueLogEntryText, QueueLogList
from joblog.views.record_list import Records
from joblog.views.records import History, Record, RecordLog
from joblog.views.retention import DeleteLog, Retention
from joblog.views.set_up_coupling import CreateNew, SetUpCoupling
from joblog.views.skipped import RecordsExist, SkippedRecords
from joblog.views.statistics import UpdateStatistics
from joblog.views.synchronize import Synchronize, Uncouple, UncoupleMappings
from joblog.views.tell_me import TellMe
from joblog.views.watched import WatchedTableList, WatchState
from joblog.views.why import Why
from joblog.views.workers import PauseQueue, Workers

app_name = "joblog"
urlpatterns: list[URLPattern] = [
    path("home/", Home.as_view(), name="home"),
    path("home/reset/", ResetFailedJobs.as_view(), name="reset-failed-jobs"),
    path("home/thresholds/", Thresholds.as_view(), name="thresholds"),
    path("assisted-setup/", AssistedSetup.as_view(), name="assisted-setup"),
    path("synchronize/", Synchronize.as_view(), name="synchronize"),
    path("log/", LogList.as_view(), name="log"),
    path("log/delete/", DeleteLog.as_view(), name="delete-log"),
    path("log-retention/", Retention.as_view(), name="retention"),
    path("log/<int:pk>/", JobPage.as_view(), name="job"),
    path("log/<int:pk>/compare/", CompareJobs.as_view(), name="compare-jobs"),
    path("log/<int:pk>/entries/", JobEntries.as_view(), name="job-entries"),
    path("log/<int:pk>/lines/", JobLines.as_view(), name="job-lines"),
    path("log/<int:pk>/failures/", JobFailures.as_view(), name="job-failures"),
    path("entries/<int:pk>/missing/<int:position>/", MissingReference.as_view(), name="missing"),
    path("connections/<int:pk>/switch/", ConnectionSwitch.as_view(), name="connection-switch"),
    path("errors/", ErrorList.as_view(), name="errors"),
    path("errors/retry/", Retry.as_view(), name="retry"),
    path("errors/fix/", FixErrors.as_view(), name="fix"),
    path("errors/handle/", HandleErrors.as_view(), name="handle"),
    path("errors/help/", ErrorHelp.as_view(), name="error-help"),
    path("errors/<int:pk>/", ErrorPage.as_view(), name="error"),
    path("errors/<int:pk>/text/", ErrorText.as_view(), name="error-text"),
    path("errors/<int:pk>/set-up-coupling/", FromError.as_view(leads_to="joblog:set-up-coupling"), name="set-up-from-error"),
    path("errors/<int:pk>/record-log/", FromError.as_view(leads_to="joblog:record-log"), name="error-record-log"),
    path("causes/", CauseList.as_view(), name="causes"),
    path("causes/<int:pk>/fix/", FixCause.as_view(), name="cause-fix"),
    path("mappings/delete/", DeleteMappings.as_view(), name="delete-mappings"),
    path("mappings/<int:pk>/runs/", MappingRuns.as_view(), name="mapping-runs"),
    path("mappings/<int:pk>/records/", Records.as_view(), name="record-list"),
    path("mappings/<int:pk>/records/<str:side>/<str:key>/", Record.as_view(), name="record"),
    path("mappings/<int:pk>/records/<str:side>/<str:key>/why/", Why.as_view(), name="record-why"),
    path("mappings/<int:pk>/records/<str:side>/<str:key>/log/", RecordLog.as_view(), name="record-log"),
    path("mappings/<int:pk>/records/<str:side>/<str:key>/history/", History.as_view(), name="record-history"),
    path("mappings/<int:pk>/records/<str:side>/<str:key>/decide/", DecideConflict.as_view(), name="decide-conflict"),
    path("mappings/<int:pk>/records/<str:side>/<str:key>/couple/", SetUpCoupling.as_view(), name="set-up-coupling"),
    path("mappings/<int:pk>/couplings/", CouplingsOfMapping.as_view(), name="coupling-list"),
    path("mappings/<int:pk>/match/", MatchBasedCoupling.as_view(), name="match"),
    path("mappings/<int:pk>/records/chosen/", SynchronizeChosen.as_view(), name="synchronize-chosen"),
    path("mappings/<int:pk>/create/", CreateNew.as_view(), name="create-new"),
    path("couplings/delete/", UncoupleMappings.as_view(), name="uncouple-mappings"),
    path("couplings/", CouplingBook.as_view(), name="couplings"),
    path("couplings/<int:pk>/", OneCoupling.as_view(), name="coupling"),
    path("couplings/<int:pk>/facts/", CouplingFacts.as_view(), name="coupling-facts"),
    path("couplings/<int:pk>/set-up/", SetUpAgain.as_view(), name="set-up-again"),
    path("skipped-records/exist/", RecordsExist.as_view(), name="records-exist"),
    path("skipped-records/", SkippedRecords.as_view(), name="skipped"),
    path("mappings/<int:pk>/uncouple/", Uncouple.as_view(), name="uncouple"),
    path("mappings/<int:pk>/statistics/", UpdateStatistics.as_view(), name="update-statistics"),
    path("mappings/<int:pk>/deleted/", Deleted.as_view(), name="deleted"),
    path("mappings/create/", CreateMapping.as_view(), name="create-mapping"),
    path("default-setup/apply/", ApplyDefaultSetup.as_view(), name="apply-default-setup"),
    path("full-synchronization/", FullSynchronization.as_view(), name="full-sync"),
    path("job-queue/", QueueList.as_view(), name="queue"),
    path("job-queue/state/", QueueState.as_view(), name="queue-state"),
    path("job-queue/new/", NewQueueEntry.as_view(), name="queue-new"),
    path("job-queue/<int:pk>/", QueueEntryCard.as_view(), name="queue-entry"),
    path("job-queue/<int:pk>/record/", RecordOfEntry.as_view(), name="queue-entry-record"),
    path("job-queue/log/", QueueLogList.as_view(), name="queue-log"),
    path("job-queue/log/mark-as-error/", MarkAsError.as_view(), name="mark-as-error"),
    path("job-queue/log/<int:pk>/", QueueLogEntryPage.as_view(), name="queue-log-entry"),
    path("job-queue/log/<int:pk>/text/", QueueLogEntryText.as_view(), name="queue-log-entry-text"),
    path("job-queue/log/<int:pk>/entry/", EntryOfExecution.as_view(), name="queue-log-entry-of"),
    path("tell-me/", TellMe.as_view(), name="tell-me"),
    path("workers/", Workers.as_view(), name="workers"),
    path("workers/pause/", PauseQueue.as_view(), name="pause"),
    path("notices/sent/", SentNotices.as_view(), name="sent-notices"),
    path("notice-rules/", NoticeRules.as_view(), name="notice-rules"),
    path("notice-rules/new/", NoticeRuleEdit.as_view(), name="notice-rule-new"),
    path("notice-rules/<int:pk>/", NoticeRuleEdit.as_view(), name="notice-rule"),
    path("watched-tables/", WatchedTableList.as_view(), name="watched"),
    path("watched-tables/compare/", WatchState.as_view(), name="watch-state"),
]
