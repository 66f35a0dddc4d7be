"""What the pages of the job queue need."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('joblog', '0016_retention'),
    ]

    operations = [
        migrations.AddField(
            model_name='jobqueueentry',
            name='last_ready_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='last ready state'),
        ),
        migrations.AddIndex(
            model_name='jobqueuelogentry',
            index=models.Index(fields=['status', '-id'], name='log_by_status'),
        ),
        migrations.AddIndex(
            model_name='jobqueuelogentry',
            index=models.Index(fields=['mapping_name', '-id'], name='log_of_mapping'),
        ),
    ]
