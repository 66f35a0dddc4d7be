"""Transformation rules, and those that every installation has at first (engine.md section 22)."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

SHIPPED = [
    ("UPPERCASE", "All letters as capital letters.", "Uppercase", {}),
    ("LOWERCASE", "All letters as small letters.", "Lowercase", {}),
    ("TITLECASE", "Every word with a capital letter first.", "Title Case", {}),
    ("TRIM", "Without blanks before and after.", "Trim", {}),
    ("FOURTH_TO_SIXTH_CHAR", "The fourth, fifth and sixth character.", "Substring", {"start_position": "4", "length": "3"}),
    ("YYYYMMDD_DATE", "A date written as 20260331.", "Date Formatting", {"format": "yyyyMMdd"}),
    ("YYYYMMDDHHMMSS_FMT", "A date and time written as 20260331235959.", "Date and Time Formatting", {"format": "yyyyMMddHHmmss"}),
    ("ALPHANUMERIC_ONLY", "Letters and digits only.", "Remove Non-Alphanumeric Characters", {}),
    ("DK_DECIMAL_FORMAT", "A number as written in Denmark: 1.234,50.", "Decimal Formatting", {"culture": "da-DK"}),
    ("US_DATE_FORMAT", "A date as written in the USA: 3/31/2026.", "Date Formatting", {"culture": "en-US"}),
    ("US_DATETIME_FORMAT", "A date and time as written in the USA: 3/31/2026 11:59 PM.", "Date and Time Formatting", {"culture": "en-US"}),
    ("UNIXTIMESTAMP", "A date and time as seconds since 1970.", "Unixtimestamp", {}),
    ("NOTPROVIDED", "Without the word NOTPROVIDED.", "Replace", {"find": "NOTPROVIDED"}),
]


def add_shipped(apps, schema_editor):
    TransformationRule = apps.get_model("mappings", "TransformationRule")
    TransformationRule.objects.bulk_create(
        TransformationRule(code=code, description=description, type=kind, parameters=parameters)
        for code, description, kind, parameters in SHIPPED
    )


class Migration(migrations.Migration):

    dependencies = [
        ('mappings', '0002_roles'),
    ]

    operations = [
        migrations.CreateModel(
            name='TransformationRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(error_messages={'unique': 'A transformation rule with this code exists already.'}, max_length=50, unique=True, validators=[django.core.validators.RegexValidator('^[A-Z0-9][A-Z0-9 ._\\-]*$', 'A code has capital letters, digits, blanks, points, _ and - only.')])),
                ('description', models.CharField(blank=True, max_length=100)),
                ('type', models.CharField(choices=[('Uppercase', 'Uppercase'), ('Lowercase', 'Lowercase'), ('Title Case', 'Title Case'), ('Trim', 'Trim'), ('Substring', 'Substring'), ('Replace', 'Replace'), ('Regular Expression - Replace', 'Regular Expression - Replace'), ('Remove Non-Alphanumeric Characters', 'Remove Non-Alphanumeric Characters'), ('Date Formatting', 'Date Formatting'), ('Decimal Formatting', 'Decimal Formatting'), ('Regular Expression - Match', 'Regular Expression - Match'), ('Custom', 'Custom'), ('Date and Time Formatting', 'Date and Time Formatting'), ('Field Lookup', 'Field Lookup'), ('Round', 'Round'), ('Extract From Date', 'Extract From Date'), ('Unixtimestamp', 'Unixtimestamp')], max_length=40)),
                ('parameters', models.JSONField(blank=True, default=dict)),
                ('next_rule', models.ForeignKey(blank=True, help_text='Takes what this rule gives.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='previous_rules', to='mappings.transformationrule', verbose_name='next transformation rule')),
            ],
            options={
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='LookedUpPairs',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('pairs', models.JSONField(default=dict)),
                ('read_at', models.DateTimeField()),
                ('system', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='mappings.system')),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='looked_up', to='mappings.transformationrule')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('rule', 'system'), name='pairs_of_rule_and_system')],
            },
        ),
        migrations.RunPython(add_shipped, migrations.RunPython.noop),
    ]
