"""What ran, and how it went: work to do, runs, and every record that a run touched."""

from joblog.models.call_stack import CallStack
from joblog.models.cue_threshold import CueReset, CueThreshold
from joblog.models.deletion_watch import DeletionWatch
from joblog.models.error_cause import ErrorCause
from joblog.models.full_synchronization_line import FullSynchronizationLine, Recommendation, Requested
from joblog.models.issue_remark import IssueRemark
from joblog.models.job_line import JobLine, LineLevel
from joblog.models.job_queue_entry import JobQueueEntry, JobQueueLogEntry, LogStatus, QueueStatus, RunKind, Stop
from joblog.models.job_totals import JobTotals
from joblog.models.notice import Channel, Notice, NoticeRule, Trouble
from joblog.models.queue_pause import QueuePause
from joblog.models.retention_rule import Kept, RetentionRule
from joblog.models.synch_entry import EntryAction, SynchEntry, SynchError
from joblog.models.synch_job import JobStatus, JobType, SynchJob, Trigger
from joblog.models.watch import SystemWatch, WatchedTable
from joblog.models.worker import DutyLease, Worker

__all__ = [
    "CallStack",
    "Channel",
    "CueReset",
    "CueThreshold",
    "DeletionWatch",
    "DutyLease",
    "EntryAction",
    "ErrorCause",
    "FullSynchronizationLine",
    "IssueRemark",
    "JobLine",
    "JobQueueEntry",
    "JobQueueLogEntry",
    "JobStatus",
    "JobTotals",
    "JobType",
    "Kept",
    "LineLevel",
    "LogStatus",
    "Notice",
    "NoticeRule",
    "QueuePause",
    "QueueStatus",
    "Recommendation",
    "Requested",
    "RetentionRule",
    "RunKind",
    "Stop",
    "SynchEntry",
    "SynchError",
    "SynchJob",
    "SystemWatch",
    "Trigger",
    "Trouble",
    "WatchedTable",
    "Worker",
]
