from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ui", "0001_personal_settings")]

    operations = [
        migrations.AddField(
            model_name="personalsettings",
            name="tell_scheduled",
            field=models.BooleanField("tell what was scheduled", default=True),
        ),
    ]
