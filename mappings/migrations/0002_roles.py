"""The three roles: Reader sees, Operator also runs, Administrator also configures."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

ROLES = {"Reader": ["see"], "Operator": ["see", "operate"], "Administrator": ["see", "operate", "configure"]}


def make_roles(apps, schema_editor):
    config = installed.get_app_config("mappings")
    config.models_module = config.models_module or True
    create_permissions(config, verbosity=0, using=schema_editor.connection.alias, apps=apps)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for name, codenames in ROLES.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(*Permission.objects.filter(content_type__app_label="mappings", codename__in=codenames))


class Migration(migrations.Migration):
    dependencies = [
        ("mappings", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
