"""The one schedule of the worker queue: look once a minute for entries that are due."""

from django.db import migrations


def make_schedule(apps, schema_editor):
    Schedule = apps.get_model("django_q", "Schedule")
    Schedule.objects.get_or_create(
        name="dispatcher", defaults={"func": "joblog.tasks.dispatch", "schedule_type": "I", "minutes": 1, "repeats": -1}
    )


class Migration(migrations.Migration):
    dependencies = [("joblog", "0001_initial"), ("django_q", "0018_task_success_index")]
    operations = [migrations.RunPython(make_schedule, migrations.RunPython.noop)]
