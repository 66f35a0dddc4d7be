"""Gives the errors of earlier versions their causes; the last open one of a record becomes its issue."""

from django.db import migrations

CHUNK = 1000
NOT_FAILED = ["", "other-side-wins"]


def name_causes(apps, schema_editor):
    SynchEntry = apps.get_model("joblog", "SynchEntry")
    ErrorCause = apps.get_model("joblog", "ErrorCause")
    failed = SynchEntry.objects.filter(action__in=["Failed", "Skipped"]).exclude(code__in=NOT_FAILED).select_related("job").order_by("-id")
    causes, open_ones, changed = {}, {}, []
    for entry in failed.iterator(chunk_size=CHUNK):
        job = entry.job
        stream = (job.mapping_id, job.mapping_name, job.direction)
        name = (*stream, entry.code, ",".join(sorted(entry.fields))[:300])
        cause = causes.get(name) or _new(ErrorCause, job, entry, name)
        causes[name] = entry.cause = cause
        if job.type != "Preview":
            _note(entry, cause, stream, open_ones)
        changed.append(entry)
        if len(changed) == CHUNK:
            _save(SynchEntry, changed)
    _save(SynchEntry, changed)
    ErrorCause.objects.bulk_update(causes.values(), ["records", "failures", "first_seen_at", "last_seen_at"], batch_size=CHUNK)


def _new(model, job, entry, name):
    values = dict(zip(("mapping_id", "mapping_name", "direction", "code", "fields"), name))
    return model.objects.create(company=job.company, field_labels=name[-1], message=entry.message, last_seen_at=entry.at, **values)


def _note(entry, cause, stream, open_ones):
    """Entries come newest first: one that follows an open one of the same record is an earlier attempt."""
    cause.failures += 1
    cause.first_seen_at = entry.at
    key = (*stream, entry.source_key or entry.pk)
    later = open_ones.get(key) if entry.resolved_at is None else None
    if later is None:
        entry.issue, entry.attempts, entry.first_seen_at = True, 1, entry.at
        if entry.resolved_at is None:
            open_ones[key] = entry
            cause.records += 1
    else:
        entry.resolved_at = later.at


def _save(model, changed):
    model.objects.bulk_update(changed, ["cause", "issue", "attempts", "first_seen_at", "resolved_at"])
    changed.clear()


class Migration(migrations.Migration):
    dependencies = [("joblog", "0008_causes")]

    operations = [migrations.RunPython(name_causes, migrations.RunPython.noop)]
