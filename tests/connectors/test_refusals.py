import pytest

from syncadmin.connectors.odata import Fault
from syncadmin.connectors.refusals import refused_read, refused_write
from syncadmin.sync.errors import RetryLater, RunError
from syncadmin.sync.records import Outcome
from syncadmin.sync.tables import Field, FieldType, Table

FIELDS = [Field("name", FieldType.TEXT, "Account Name", max_length=5), Field("industrycode", FieldType.OPTION, "Industry")]
TABLE = Table("accounts", "Account", "accountid", "modifiedon", fields={one.name: one for one in FIELDS})
KEY = "11111111-1111-1111-1111-111111111111"
OTHER = "22222222-2222-2222-2222-222222222222"


def written(status, code, words="no", *, new=False, values=None):
    return refused_write(Fault(status, code, words), TABLE, KEY, values or {"name": "x"}, system="Dynamics 365 Sales", new=new)


@pytest.mark.parametrize(("status", "code"), [(409, "Request_EntityChanged"), (412, "0x80060882"), (412, ""), (409, "Other")])
def test_a_changed_row_is_stale(status, code):
    assert written(status, code).outcome is Outcome.STALE


@pytest.mark.parametrize(
    ("status", "code"), [(412, "0x80040237"), (400, "Internal_EntityWithSameKeyExists"), (409, "Internal_EntityWithSameKeyExists")]
)
def test_a_taken_key_exists_for_an_insert_and_refuses_a_change(status, code):
    assert written(status, code, new=True).outcome is Outcome.EXISTS
    changed = written(status, code)
    assert (changed.outcome, changed.code) == (Outcome.REFUSED, "duplicate")


def test_an_insert_that_was_refused_has_no_key():
    assert written(400, "0x80044331", new=True).key == ""
    assert written(400, "0x80044331").key == KEY


def test_a_refusal_keeps_the_words_of_the_system_with_status_and_code():
    assert written(400, "0x80044331", "A validation error occurred.").answer == "HTTP 400, 0x80044331: A validation error occurred."
    assert written(500, "", "HTTP 500").answer == "HTTP 500"


def test_a_duplicate_rule_is_no_changed_row():
    assert written(412, "0x80040333").code == "duplicate"


def test_a_missing_row_is_gone():
    assert written(404, "Internal_RecordNotFound").outcome is Outcome.GONE
    assert written(404, "0x80040217", f"Entity 'account' With Id = {KEY} Does Not Exist").outcome is Outcome.GONE


def test_a_missing_row_that_a_lookup_names_is_another_matter():
    result = written(404, "0x80040217", f"Entity 'contact' With Id = {OTHER} Does Not Exist")
    assert (result.outcome, result.code) == (Outcome.REFUSED, "not-found-reference")


@pytest.mark.parametrize("code", ["0x8006088a", "BadRequest_ResourceNotFound", "Internal_CompanyNotFound"])
def test_a_missing_table_or_company_does_not_make_a_row_gone(code):
    assert written(404, code).outcome is Outcome.REFUSED


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_marked(status):
    result = written(status, "")
    assert (result.outcome, result.code, result.passing) == (Outcome.REFUSED, "busy", True)


@pytest.mark.parametrize(
    ("status", "code", "short"),
    [
        (400, "0x80044331", "too-long"),
        (400, "Application_StringExceededLength", "too-long"),
        (400, "0x8004431A", "unknown-option"),
        (400, "BadRequest_InvalidOperation", "read-only"),
        (400, "BadRequest_RequiredParamNotProvided", "required"),
        (400, "Application_FieldValidationException", "required"),
        (400, "Internal_InvalidTableRelation", "not-found-reference"),
        (412, "0x80040333", "duplicate"),
        (403, "0x80040220", "permission"),
        (403, "Authorization_RequestDenied", "permission"),
        (400, "Application_DialogException", "refused"),
    ],
)
def test_refusals_have_short_codes(status, code, short):
    result = written(status, code, new=True)
    assert (result.outcome, result.code, result.passing) == (Outcome.REFUSED, short, False)


def test_the_text_has_the_systems_own_words_and_the_fields_they_name():
    result = written(400, "0x80044331", "The length of the 'name' attribute exceeded the maximum allowed length of '5'.")
    assert result.fields == ("name",)
    assert result.text.startswith("Dynamics 365 Sales refused the Account record: The length of the 'name' attribute")


def test_a_text_that_is_too_long_is_found_where_the_system_names_no_field():
    result = written(400, "Application_StringExceededLength", values={"name": "too long", "industrycode": "1"})
    assert result.fields == ("name",)


def test_a_removed_field_ends_a_read_by_name():
    words = "Could not find a property named 'name' on type 'Microsoft.Dynamics.CRM.account'."
    error = refused_read(Fault(400, "0x0", words), system="Sales", table=TABLE, fields=FIELDS, condition="statecode eq 0")
    assert isinstance(error, RunError)
    assert error.code == "unknown-field"
    assert "name in Account (accounts)" in error.text


def test_a_bad_filter_is_shown_with_the_reason():
    error = refused_read(Fault(400, "0x80060888", "Syntax error."), system="Sales", table=TABLE, condition="statecode equals 0")
    assert error.code == "bad-filter"
    assert "Syntax error." in error.text
    assert "statecode equals 0" in error.text


@pytest.mark.parametrize(
    ("status", "code", "short"),
    [
        (401, "", "sign-in"),
        (403, "0x80040220", "permission"),
        (404, "0x8006088a", "unknown-table"),
        (404, "Internal_CompanyNotFound", "unknown-company"),
    ],
)
def test_reads_end_with_what_a_person_has_to_change(status, code, short):
    assert refused_read(Fault(status, code, "no"), system="Sales", table=TABLE).code == short


def test_a_busy_system_is_asked_later():
    error = refused_read(Fault(503, "", "", retry_after=7), system="Sales", table=TABLE)
    assert isinstance(error, RetryLater)
    assert error.seconds == 7


def test_a_field_is_known_by_its_label_too():
    table = Table(
        "customers", "Customer", "id", "", fields={"salespersonCode": Field("salespersonCode", FieldType.CODE, "Salesperson Code")}
    )
    fault = Fault(400, "Internal_InvalidTableRelation", "The field Salesperson Code contains a value (NN) that cannot be found")
    result = refused_write(fault, table, KEY, {"salespersonCode": "NN"}, system="Business Central", new=True)
    assert result.fields == ("salespersonCode",)
    assert "cannot be found. It refers to" in result.text
