"""manage.py setup: the default set-up, and the whole configuration out and in (commands.md section 1)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from getpass import getpass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from joblog.cue_exchange import ThresholdImport, thresholds_to_json
from joblog.default_entries import set_up
from joblog.exchange import EntryImport, entries_to_json
from joblog.notice_exchange import NoticeRuleImport, notice_rules_to_json, rule_name
from joblog.retention_exchange import RetentionImport, retention_to_json
from mappings.changes import keep_change, save_with_history
from mappings.exchange import Import, mappings_to_json, options_to_json, systems_to_json
from mappings.exchange_transformations import transformations_to_json
from mappings.models import OwnershipModel, System, SystemKind
from mappings.ownership import choose_ownership
from mappings.systems import test_connection
from syncadmin.connectors.auth import end_of_certificate
from syncadmin.sync.errors import SyncError

_KEYS = {
    "systems", "mappings", "option_mappings", "transformation_rules", "job_queue_entries", "notice_rules", "log_retention",
    "cue_thresholds",
}  # fmt: skip
_IMPORTED = "Imported from a file"


class Command(BaseCommand):
    help = "Sets up the default synchronization, or exports and imports the configuration."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        default = commands.add_parser("default", help="systems, mappings, fields, templates, options and job queue entries")
        default.add_argument("--sandbox", metavar="URL", help="point both systems at a sandbox")
        default.add_argument("--company", default="", metavar="NAME", help="the Business Central company (default: the first one)")
        default.add_argument("--ownership", choices=["person", "team"], help="who owns the company's new records in Sales")
        commands.add_parser("export", help="write the configuration to a file").add_argument("file", metavar="FILE")
        commands.add_parser("import", help="read the configuration from a file").add_argument("file", metavar="FILE")
        secret = commands.add_parser("secret", help="store the client secret, or the certificate, of a system")
        secret.add_argument("name", metavar="NAME")
        secret.add_argument("--certificate", metavar="FILE", help="PEM file with private key and certificate, instead of a secret")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["command"] == "default":
            self._default(options)
        elif options["command"] == "secret":
            self._secret(options["name"], options["certificate"])
        elif options["command"] == "export":
            self._export(Path(options["file"]))
        else:
            self._import(Path(options["file"]))

    def _default(self, options: dict[str, Any]) -> None:
        business_central, sales = _systems(options["sandbox"], options["company"])
        if options["ownership"]:
            _choose(business_central, OwnershipModel[options["ownership"].upper()])
        try:
            report, made = set_up(business_central, sales, None)
        except SyncError as error:
            raise CommandError(error.text, returncode=2) from error
        for title, lines in (("Mappings", report.made), ("Left out", report.left_out), ("Disabled field mappings", report.disabled)):
            if lines:
                self.stdout.write(f"{title}:")
                self.stdout.write("\n".join(f"  {line}" for line in lines))
        self.stdout.write(f"Job queue entries: {len(made)} new.")

    def _secret(self, name: str, certificate: str | None) -> None:
        """The secret comes from the terminal or from standard input, never from an argument that others can see."""
        system = System.objects.filter(name__iexact=name).first()
        if system is None:
            known = ", ".join(System.objects.values_list("name", flat=True)) or "none"
            raise CommandError(f"There is no system {name}. Known systems: {known}.", returncode=2)
        if certificate:
            system.certificate = _certificate(Path(certificate))
        else:
            system.client_secret = getpass("Client secret: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
        system.save()
        keep_change(None, kind="system", name=system.name, what="Certificate replaced" if certificate else "Client secret replaced")
        self.stdout.write(test_connection(system) or f"{system.name}: connected.")

    def _export(self, path: Path) -> None:
        data = {
            "systems": systems_to_json(),
            "mappings": mappings_to_json(),
            "option_mappings": options_to_json(),
            "transformation_rules": transformations_to_json(),
            "job_queue_entries": entries_to_json(),
            "notice_rules": notice_rules_to_json(),
            "log_retention": retention_to_json(),
            "cue_thresholds": thresholds_to_json(),
        }
        try:
            path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error}", returncode=2) from error
        self.stdout.write(f"{len(data['mappings'])} mappings and {len(data['job_queue_entries'])} job queue entries written to {path}.")

    def _import(self, path: Path) -> None:
        data = _read(path)
        plan = Import(save_mapping=lambda mapping, save: save_with_history(mapping, None, _IMPORTED, save))
        plan.read(data)
        for key in set(data) - _KEYS:
            plan.errors.append(f"unknown key {key}.")
        EntryImport(plan).read(data)
        NoticeRuleImport(plan).read(data)
        RetentionImport(plan).read(data)
        ThresholdImport(plan).read(data)
        if plan.errors:
            self.stderr.write("Nothing was changed:\n" + "\n".join(f"  {error}" for error in plan.errors))
            sys.exit(2)
        self.stdout.write("\n".join(f"  {step}" for step in plan.steps) or "Nothing to change.")
        with transaction.atomic():
            before = _configuration()
            plan.apply()
            _keep_changes(before, _configuration())


def _choose(business_central: System, model: OwnershipModel) -> None:
    if business_central.pk:
        choose_ownership(business_central, model, None)
    business_central.ownership_model = model  # a new company is saved by the set-up


def _systems(sandbox: str | None, company: str) -> tuple[System, System]:
    """The two systems to set up; made for a sandbox, found otherwise."""
    if sandbox:
        return sandbox_systems(sandbox.rstrip("/"), company or "CRONUS")
    companies = System.objects.filter(kind=SystemKind.BUSINESS_CENTRAL)
    chosen = list(companies.filter(company__iexact=company) if company else companies)
    sales = list(System.objects.filter(kind=SystemKind.SALES))
    if company and not chosen and len(sales) == 1 and companies.exists():
        return _further_company(companies.order_by("id")[0], company), sales[0]
    if len(chosen) != 1 or len(sales) != 1:
        raise CommandError(
            "Set up one Business Central system and one Sales system first. Name the company with --company, or a sandbox with --sandbox.",
            returncode=2,
        )
    return chosen[0], sales[0]


def _further_company(known: System, company: str) -> System:
    """Another company of the same environment, with the same access; saved once the set-up has found it there."""
    names = ("kind", "address", "tenant", "environment", "time_zone", "client_id", "token_address", "scope")
    system = System(name=company, company=company, **{name: getattr(known, name) for name in names})
    system.client_secret, system.certificate = known.client_secret, known.certificate
    return system


def sandbox_systems(address: str, company: str) -> tuple[System, System]:
    """Both systems pointed at a sandbox, made where they are missing; nothing else of them changes. A new company is not saved yet."""
    return _sandbox_company(address, company), _sandbox_sales(address)


def _sandbox_company(address: str, company: str) -> System:
    found = System.objects.filter(kind=SystemKind.BUSINESS_CENTRAL, company__iexact=company).first()
    system = found or System(kind=SystemKind.BUSINESS_CENTRAL, name=company, company=company)
    system.address, system.tenant, system.environment = f"{address}/v2.0", "sandbox", "demo"
    _sandbox_access(system, address)
    if found:
        system.save()  # a new one is saved by the set-up, once it has found the company there
    return system


def _sandbox_sales(address: str) -> System:
    system = System.objects.filter(kind=SystemKind.SALES).first() or System(kind=SystemKind.SALES, name="Dynamics 365 Sales")
    system.address, system.tenant = address, "sandbox"
    _sandbox_access(system, address).save()
    return system


def _sandbox_access(system: System, address: str) -> System:
    """The integration user that every sandbox knows (commands.md section 3)."""
    system.client_id, system.client_secret = "sync-admin", "sandbox"
    system.token_address, system.scope = f"{address}/sandbox/oauth2/v2.0/token", f"{address}/.default"
    return system


def _configuration() -> dict[tuple[str, str], dict[str, Any]]:
    """What is configured beside mappings, by kind and name, as it is exported."""
    found = {
        "system": [(row["name"], row) for row in systems_to_json()],
        "option mapping": [(f"{row['name']} {row['code']}", row) for row in options_to_json()],
        "transformation rule": [(row["code"], row) for row in transformations_to_json()],
        "job queue entry": [(f"{row['description']} {row['company'] or ''}".strip(), row) for row in entries_to_json()],
        "notice rule": [(rule_name(row), row) for row in notice_rules_to_json()],
        "log retention": [(f"Log retention {row['kept']}", row) for row in retention_to_json()],
        "role center": [(f"Cue {row['name']}", row) for row in thresholds_to_json()],
    }
    return {(kind, name): row for kind, rows in found.items() for name, row in rows}


def _keep_changes(before: dict[tuple[str, str], dict[str, Any]], after: dict[tuple[str, str], dict[str, Any]]) -> None:
    for (kind, name), row in after.items():
        if before.get((kind, name)) != row:
            keep_change(None, kind=kind, name=name[:100], what=_IMPORTED, before=before.get((kind, name)), after=row)


def _certificate(path: Path) -> str:
    try:
        pem = path.read_text()
        end_of_certificate(pem)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}", returncode=2) from error
    except SyncError as error:
        raise CommandError(error.text, returncode=2) from error
    return pem


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be read: {error}", returncode=2) from error
    if not isinstance(data, dict):
        raise CommandError(f"{path} must hold one object with systems, mappings, job_queue_entries.", returncode=2)
    return data
