"""manage.py transform: tries a transformation rule on a sample (engine.md section 22)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from mappings.models import TransformationRule
from mappings.transformations import try_rule
from syncadmin.sync.errors import SyncError


class Command(BaseCommand):
    help = "Shows what a transformation rule, and those that follow it, make of a text. Exit code 0, or 2 with the reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", metavar="RULE")
        parser.add_argument("sample", metavar="TEXT")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        row = TransformationRule.objects.select_related("next_rule").filter(code__iexact=options["code"]).first()
        steps, problem = [], ""
        try:
            if row is not None:
                steps = try_rule(row, options["sample"])
            else:
                known = ", ".join(TransformationRule.objects.values_list("code", flat=True))
                problem = f"There is no transformation rule {options['code']}. Known rules: {known}."
        except SyncError as error:
            problem = error.text
        if options["json"]:
            plain: dict[str, Any] = {"steps": [{"rule": step.code, "text": step.text} for step in steps]}
            self.stdout.write(json.dumps(plain | ({"status": "Error", "message": problem} if problem else {})))
        elif problem:
            self.stderr.write(problem)
        else:
            self.stdout.write("\n".join(f"{step.code}: {step.text}" for step in steps))
        sys.exit(2 if problem else 0)
