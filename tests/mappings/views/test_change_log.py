import pytest

from mappings.changes import keep_change

LOG = "/change-log/"


@pytest.fixture
def changes(db):
    keep_change(
        None,
        kind="mapping",
        name="CUSTOMER",
        version=2,
        what="Direction",
        before={"direction": "Bidirectional"},
        after={"direction": "ToIntegrationTable"},
    )
    keep_change(None, kind="system", name="CRONUS", what="Address", before={"address": "http://a"}, after={"address": "http://b"})


def names(answer):
    return [row.name for row in answer.context["table"].page.object_list.data]


@pytest.mark.rule("A26.kept")
def test_what_differs_is_shown_line_by_line(reader, changes):
    page = reader.get(LOG).content.decode()
    assert '<span class="soft">Direction</span><span class="old">Bidirectional</span><span class="new">To Sales</span>' in page


def test_newest_first(reader, changes):
    assert names(reader.get(LOG)) == ["CRONUS", "CUSTOMER"]


def test_the_log_of_one_object_is_found_by_kind_and_name(reader, changes):
    assert names(reader.get(LOG, {"kind": "mapping", "name": "customer"})) == ["CUSTOMER"]


def test_many_values_are_folded(reader, db):
    keep_change(None, kind="mapping", name="NEW", what="New", before={str(n): 1 for n in range(20)}, after={str(n): 2 for n in range(20)})
    assert "<summary>20 values</summary>" in reader.get(LOG).content.decode()


def test_the_export_says_it_in_words(reader, changes):
    text = b"".join(reader.get(LOG, {"export": "csv"}).streaming_content).decode()
    assert "Direction: Bidirectional -> To Sales" in text


def test_more_changes_need_no_more_queries(reader, changes, django_assert_num_queries):
    for number in range(30):
        keep_change(None, kind="mapping", name=f"M{number}", what="x", before={}, after={"a": 1})
    reader.get(LOG)
    with django_assert_num_queries(8):  # session, person, 2 x permissions, count, changes, systems of the top bar, pause
        reader.get(LOG)
