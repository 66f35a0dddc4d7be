"""Stops, pauses, categories and lost workers of the job queue."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('joblog', '0010_totals'),
        ('mappings', '0005_ownership_and_write_in_product'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='QueuePause',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=250)),
                ('user_name', models.CharField(blank=True, max_length=150)),
                ('since', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('ended_by', models.CharField(blank=True, max_length=150)),
                ('open', models.BooleanField(default=True, editable=False)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.AddField(
            model_name='jobqueueentry',
            name='forced',
            field=models.BooleanField(default=False, editable=False, help_text='Runs before others, whatever its schedule says.'),
        ),
        migrations.AddField(
            model_name='jobqueueentry',
            name='return_to',
            field=models.CharField(blank=True, editable=False, help_text='The status after a run that a person asked for.', max_length=40),
        ),
        migrations.AddField(
            model_name='jobqueueentry',
            name='stop_by',
            field=models.CharField(blank=True, editable=False, max_length=150),
        ),
        migrations.AddField(
            model_name='jobqueueentry',
            name='stop_requested',
            field=models.CharField(blank=True, choices=[('cancel', 'Cancel'), ('hold', 'Set On Hold')], editable=False, max_length=10),
        ),
        migrations.AddField(
            model_name='jobqueueentry',
            name='worker',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='entries', to='joblog.worker'),
        ),
        migrations.AddField(
            model_name='jobqueuelogentry',
            name='lost_workers',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='jobqueuelogentry',
            name='notes',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='jobqueuelogentry',
            name='worker_name',
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AlterField(
            model_name='jobqueueentry',
            name='next_run_formula',
            field=models.CharField(blank=True, max_length=100, verbose_name='next run date formula'),
        ),
        migrations.AddConstraint(
            model_name='jobqueueentry',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'In Process'), models.Q(('category', ''), _negated=True)), fields=('category',), name='one_run_per_category'),
        ),
        migrations.AddConstraint(
            model_name='queuepause',
            constraint=models.UniqueConstraint(condition=models.Q(('open', True)), fields=('open',), name='one_open_pause'),
        ),
    ]
