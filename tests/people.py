"""People and other programs at work in the two systems: plain HTTP, no code of the connectors."""

from __future__ import annotations

from typing import Any

import requests

from syncadmin.sandbox.ids import COMPANY_ID


class People:
    """Speaks to a sandbox as the user ``someone`` and through its control endpoints."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.bc_root = f"{url}/v2.0/sandbox/demo/api/saleslink/sync/v1.0"
        self.sales_root = f"{url}/api/data/v9.2"

    def sign_in(self) -> None:
        self.session.headers["Authorization"] = self._token("someone")

    def _token(self, client: str) -> str:
        data = {"grant_type": "client_credentials", "client_id": client, "client_secret": "sandbox", "scope": f"{self.url}/.default"}
        answer = self.session.post(f"{self.url}/sandbox/oauth2/v2.0/token", data=data)
        answer.raise_for_status()
        return f"Bearer {answer.json()['access_token']}"

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.session.request(method, f"{self.url}/_sandbox/{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def reset(self, data: str = "empty") -> None:
        self.control("POST", "reset", {"data": data})
        self.control("DELETE", "faults")
        self.sign_in()

    def fault(self, **fault: Any) -> None:
        self.control("POST", "faults", [fault])

    def stats(self) -> dict[str, Any]:
        return self.control("GET", "stats")

    # ---- Business Central

    def create_bc(self, table: str, **values: Any) -> dict[str, Any]:
        return self._checked(self.session.post(f"{self.bc_root}/companies({COMPANY_ID})/{table}", json=values))

    def create_standard(self, table: str, **values: Any) -> dict[str, Any]:
        """A row of a table that API v2.0 alone serves."""
        root = self.bc_root.replace("saleslink/sync/v1.0", "v2.0")
        return self._checked(self.session.post(f"{root}/companies({COMPANY_ID})/{table}", json=values))

    def change_standard(self, table: str, key: str, **values: Any) -> dict[str, Any]:
        root = self.bc_root.replace("saleslink/sync/v1.0", "v2.0")
        address = f"{root}/companies({COMPANY_ID})/{table}({key})"
        return self._checked(self.session.patch(address, json=values, headers={"If-Match": "*"}))

    def act_standard(self, table: str, key: str, action: str) -> None:
        """A bound action of API v2.0, such as ``cancel`` of an invoice."""
        root = self.bc_root.replace("saleslink/sync/v1.0", "v2.0")
        self._checked(self.session.post(f"{root}/companies({COMPANY_ID})/{table}({key})/Microsoft.NAV.{action}"))

    def delete_standard(self, table: str, key: str) -> None:
        root = self.bc_root.replace("saleslink/sync/v1.0", "v2.0")
        self._checked(self.session.delete(f"{root}/companies({COMPANY_ID})/{table}({key})", headers={"If-Match": "*"}))

    def create_many_bc(self, table: str, rows: list[dict[str, Any]]) -> None:
        """By $batch, 100 at a time."""
        for start in range(0, len(rows), 100):
            operations = [
                {"method": "POST", "url": f"companies({COMPANY_ID})/{table}", "headers": {"Content-Type": "application/json"}, "body": row}
                for row in rows[start : start + 100]
            ]
            answers = self._checked(self.session.post(f"{self.bc_root}/$batch", json={"requests": operations}))["responses"]
            assert all(answer["status"] == 201 for answer in answers), answers[-1]

    def change_bc(self, table: str, key: str, **values: Any) -> dict[str, Any]:
        address = f"{self.bc_root}/companies({COMPANY_ID})/{table}({key})"
        return self._checked(self.session.patch(address, json=values, headers={"If-Match": "*"}))

    def rows_bc(self, table: str, condition: str = "") -> list[dict[str, Any]]:
        return self._all(f"{self.bc_root}/companies({COMPANY_ID})/{table}", condition)

    def rows_standard(self, table: str, condition: str = "") -> list[dict[str, Any]]:
        """Rows of a table that API v2.0 alone serves."""
        root = self.bc_root.replace("saleslink/sync/v1.0", "v2.0")
        return self._all(f"{root}/companies({COMPANY_ID})/{table}", condition)

    # ---- Dynamics 365 Sales

    def create_sales(self, table: str, **values: Any) -> dict[str, Any]:
        return self._checked(self.session.post(f"{self.sales_root}/{table}", json=values, headers={"Prefer": "return=representation"}))

    def create_many_sales(self, table: str, kind: str, rows: list[dict[str, Any]]) -> None:
        """By CreateMultiple, 1,000 at a time; ``kind`` is the logical name of the table."""
        for start in range(0, len(rows), 1000):
            targets = [{"@odata.type": f"Microsoft.Dynamics.CRM.{kind}", **row} for row in rows[start : start + 1000]]
            self._checked(self.session.post(f"{self.sales_root}/{table}/Microsoft.Dynamics.CRM.CreateMultiple", json={"Targets": targets}))

    def change_sales(self, table: str, key: str, **values: Any) -> None:
        self._checked(self.session.patch(f"{self.sales_root}/{table}({key})", json=values, headers={"If-Match": "*"}))

    def delete_sales(self, table: str, key: str) -> None:
        self._checked(self.session.delete(f"{self.sales_root}/{table}({key})"))

    def options(self, entity: str, column: str) -> dict[int, str]:
        """Published options of a choice column: value -> label. ``entity`` is the logical name of its table."""
        kind = "Microsoft.Dynamics.CRM.PicklistAttributeMetadata"
        place = f"EntityDefinitions(LogicalName='{entity}')/Attributes(LogicalName='{column}')/{kind}?$expand=OptionSet"
        options = self._checked(self.session.get(f"{self.sales_root}/{place}"))["OptionSet"]["Options"]
        return {one["Value"]: one["Label"]["UserLocalizedLabel"]["Label"] for one in options}

    def customize(self, action: str, entity: str, column: str, value: int, label: str = "") -> None:
        """Somebody with the role System Customizer changes an option of a column and publishes it."""
        headers = {"Authorization": self._token("sync-admin")}
        body: dict[str, Any] = {"EntityLogicalName": entity, "AttributeLogicalName": column, "Value": value}
        body |= {"Label": {"LocalizedLabels": [{"Label": label, "LanguageCode": 1033}]}} if label else {}
        body |= {"MergeLabels": True} if action == "UpdateOptionValue" else {}
        self._checked(self.session.post(f"{self.sales_root}/{action}", json=body, headers=headers))
        self._checked(self.session.post(f"{self.sales_root}/PublishAllXml", headers=headers))

    def rows_sales(self, table: str, condition: str = "") -> list[dict[str, Any]]:
        return self._all(f"{self.sales_root}/{table}", condition)

    def _all(self, address: str, condition: str) -> list[dict[str, Any]]:
        parameters: dict[str, str] | None = {"$filter": condition} if condition else None
        rows: list[dict[str, Any]] = []
        while address:
            page = self._checked(self.session.get(address, params=parameters))
            rows, address, parameters = rows + page["value"], page.get("@odata.nextLink", ""), None
        return rows

    @staticmethod
    def _checked(answer: requests.Response) -> Any:
        assert answer.ok, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None
