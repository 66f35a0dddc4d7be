"""Workers that keep time themselves; the schedule of the worker queue goes."""

import django.db.models.deletion
from django.db import migrations, models


def drop_schedule(apps, schema_editor):
    apps.get_model("django_q", "Schedule").objects.filter(name="dispatcher").delete()


class Migration(migrations.Migration):

    dependencies = [
        ('joblog', '0005_full_synchronization'),
        ('django_q', '0018_task_success_index'),
    ]

    operations = [
        migrations.RunPython(drop_schedule, migrations.RunPython.noop),
        migrations.AddField(
            model_name='jobqueueentry',
            name='rung_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.CreateModel(
            name='Worker',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('host', models.CharField(max_length=100)),
                ('pid', models.PositiveIntegerField()),
                ('processes', models.PositiveSmallIntegerField(default=1)),
                ('started_at', models.DateTimeField()),
                ('heartbeat_at', models.DateTimeField()),
                ('stopping_at', models.DateTimeField(blank=True, null=True)),
                ('stopped_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('stopped_at', None)), fields=['heartbeat_at'], name='worker_heartbeat')],
            },
        ),
        migrations.CreateModel(
            name='DutyLease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('due_at', models.DateTimeField()),
                ('began_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('worker', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='joblog.worker')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
    ]
