from mappings.differences import Line, differing_lines


def test_equal_structures_have_no_lines():
    assert differing_lines({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}) == []


def test_a_changed_value_is_one_line():
    assert differing_lines({"direction": "Bidirectional", "order": 1}, {"direction": "ToIntegrationTable", "order": 1}) == [
        Line("direction", "Bidirectional", "ToIntegrationTable")
    ]


def test_rows_are_told_apart_by_their_fields_not_by_their_place():
    name, city = (
        {"field": "name", "integration_field": "n", "status": "Enabled"},
        {"field": "city", "integration_field": "c", "status": "Enabled"},
    )
    moved = {"fields": [city, name | {"status": "Disabled"}]}
    assert differing_lines({"fields": [name, city]}, moved) == [Line("fields · name / n · status", "Enabled", "Disabled")]


def test_an_added_row_is_one_line_with_what_it_holds():
    before, after = (
        {"fields": [{"field": "a", "integration_field": "b"}]},
        {"fields": [{"field": "a", "integration_field": "b"}, {"field": "", "integration_field": "x"}]},
    )
    assert differing_lines(before, after) == [Line("fields · constant / x", "–", "integration field: x")]


def test_a_new_object_has_nothing_before():
    new = {"user_defined": True, "note": "", "fields": [{"field": "a", "integration_field": "b", "status": "Enabled"}]}
    assert differing_lines(None, new) == [
        Line("user defined", "–", "yes"),
        Line("fields · a / b", "–", "field: a, integration field: b, status: Enabled"),
    ]


def test_zero_and_no_are_values():
    assert differing_lines({"order": 3, "enabled": True}, {"order": 0, "enabled": False}) == [
        Line("order", "3", "0"),
        Line("enabled", "yes", "no"),
    ]
