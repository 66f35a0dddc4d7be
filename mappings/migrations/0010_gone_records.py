"""Couplings that are known to have lost a record tell which one: until now only the words of their error did."""

from django.db import migrations
from django.db.models import Q

LOST = Q(to_error__startswith="deleted:") | Q(from_error__startswith="deleted:")
WORDS = {"business_central": "in Business Central", "sales": "in Dynamics 365 Sales"}


def tell(apps, _schema_editor):
    lost = apps.get_model("mappings", "Coupling").objects.filter(LOST)
    for gone, words in WORDS.items():
        lost.filter(last_error__contains=words).update(gone=gone)
    lost.filter(last_error__contains=" and in ").update(gone="both")


class Migration(migrations.Migration):
    dependencies = [("mappings", "0009_coupling_states")]

    operations = [migrations.RunPython(tell, migrations.RunPython.noop)]
