"""Administrators are told in the product, until they decide otherwise."""

from django.db import migrations


def tell_administrators(apps, schema_editor):
    role = apps.get_model("auth", "Group").objects.filter(name="Administrator").first()
    if role is not None:
        apps.get_model("joblog", "NoticeRule").objects.get_or_create(channel="product", role=role)


class Migration(migrations.Migration):
    dependencies = [("joblog", "0013_notices"), ("mappings", "0002_roles"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(tell_administrators, migrations.RunPython.noop)]
