"""What every list does, shown with a list of users."""

import django_tables2
import pytest
from django.contrib.auth.models import Permission, User
from django.test import RequestFactory
from django.urls import get_resolver
from django_htmx.middleware import HtmxDetails

from syncadmin.ui import columns
from syncadmin.ui.filters import ListFilter
from syncadmin.ui.sign_in import PersonBackend
from syncadmin.ui.tables import ListTable
from syncadmin.ui.views import ListPage

pytestmark = pytest.mark.django_db


class PeopleTable(ListTable):
    key = "people"
    select = columns.SelectColumn(name="person")
    name = columns.NameColumn(accessor="username")
    email = django_tables2.Column()
    last_name = columns.ClipColumn(visible=False)

    class Meta(ListTable.Meta):
        order_by = ("username",)


class PeopleFilter(ListFilter):
    search_fields = ("username", "email")


class People(ListPage):
    title = "People"
    noun = ("person", "people")
    table_class = PeopleTable
    filter_class = PeopleFilter
    empty_text = "Nobody is here. Invite somebody."

    def get_rows(self):
        return User.objects.exclude(username__startswith="hidden")


@pytest.fixture
def people():
    names = ("ann", "bob", "cleo")
    User.objects.bulk_create([User(username=name, email=f"{name}@example.com") for name in names])


@pytest.fixture
def ask(people):
    user = User.objects.create_user("zoe")
    user.user_permissions.add(Permission.objects.get(codename="see"))

    def send(query="", post=None, **headers):
        factory = RequestFactory()
        request = factory.get(f"/people/{query}", headers=headers) if post is None else factory.post(f"/people/{query}", post)
        request.user, request.htmx, request._messages = PersonBackend().get_user(user.pk), HtmxDetails(request), []
        response = People.as_view()(request)
        return response.render() if hasattr(response, "render") else response

    return send


def test_the_page_says_what_it_is_and_how_many(ask):
    page = ask().content.decode()
    assert "<h1>People</h1>" in page
    assert "4 people" in page


def test_a_hidden_column_is_shown_when_it_was_chosen(ask):
    assert "Last name</a>" not in ask().content.decode()
    assert ask(post={"choose": "columns", "columns": ["last_name"]}).status_code == 302
    page = ask().content.decode()
    assert "Last name</a>" in page
    assert "ann@example.com" not in page


def test_fixed_columns_stay_whatever_was_chosen(ask):
    ask(post={"choose": "columns", "columns": []})
    assert "<b>ann</b>" in ask().content.decode()


def test_the_choice_of_columns_can_be_taken_back(ask):
    ask(post={"choose": "columns", "columns": []})
    ask(post={"choose": "columns", "reset": "1"})
    assert "ann@example.com" in ask().content.decode()


def test_columns_chosen_in_a_view_that_names_its_columns_are_shown_at_once(ask):
    answer = ask("?search=ann&cols=email", post={"choose": "columns", "columns": ["last_name"]})
    assert "search=ann" in answer["Location"]
    page = ask(answer["Location"].partition("/people/")[2] or f"?{answer['Location'].partition('?')[2]}").content.decode()
    assert "Last name</a>" in page
    assert "ann@example.com" not in page


def test_a_list_without_buttons_of_its_own_takes_no_other_post(ask):
    assert ask(post={"person": "1"}).status_code == 405


def test_search_finds_every_word_in_any_field(ask):
    page = ask("?search=ANN example").content.decode()
    assert "<b>ann</b>" in page
    assert "<b>bob</b>" not in page


def test_a_search_that_finds_nothing_offers_to_clear_the_filter(ask):
    assert "Nothing fits these filters." in ask("?search=nobody").content.decode()


def test_an_empty_list_says_what_to_do_next(ask):
    for user in User.objects.all():
        User.objects.filter(pk=user.pk).update(username=f"hidden {user.pk}")
    assert "Nobody is here. Invite somebody." in ask().content.decode()


def test_a_live_request_gets_the_list_alone_and_the_count_with_it(ask):
    page = ask(**{"HX-Request": "true"}).content.decode()
    assert "<html" not in page
    assert 'id="count" hx-swap-oob="true">4 people' in page


@pytest.mark.parametrize("query", ["?sort=nothing", "?page=99999", "?page=x", "?per_page=1000000", "?page=-1"])
def test_a_mangled_address_still_shows_the_list(ask, query):
    assert "<b>ann</b>" in ask(query).content.decode()


def test_pages_follow_each_other_without_gap_or_repetition(ask):
    User.objects.bulk_create([User(username=f"user {number:03}", email="same") for number in range(60)])
    pages = [ask(f"?sort=email&per_page=25&page={page}").content.decode() for page in (1, 2, 3)]
    shown = [page.count("data-select data-name") for page in pages]
    assert shown == [25, 25, 14]
    assert all(sum(f"<b>user {number:03}</b>" in page for page in pages) == 1 for number in range(60))


def test_the_export_holds_all_rows_of_the_filter(ask):
    lines = b"".join(ask("?export=csv&search=bob").streaming_content).decode().splitlines()
    assert lines == ["Username,Email address", "bob,bob@example.com"]


def test_the_export_lets_no_formula_through(ask):
    User.objects.filter(username="bob").update(email="=HYPERLINK(1)")
    assert b"'=HYPERLINK(1)" in b"".join(ask("?export=csv").streaming_content)


class LongTable(PeopleTable):
    newest = ("-pk",)
    quick_sorts = ("name",)
    quick_filters = ("name",)


@pytest.fixture
def ask_long(ask, monkeypatch):
    """A list of which only the newest two of four people are looked through for what has no index: cleo and zoe."""
    monkeypatch.setattr("syncadmin.ui.paging.LIMIT", 2)
    monkeypatch.setattr(People, "table_class", LongTable)
    User.objects.filter(username="zoe").update(email="zoe@example.com")
    return lambda query: ask(query).content.decode()


def names_in(page):
    return [name for name in ("ann", "bob", "cleo", "zoe") if f"<b>{name}</b>" in page]


def test_a_long_list_is_sorted_by_an_index_or_its_newest_rows_are(ask_long):
    assert names_in(ask_long("?sort=-name&per_page=25")) == ["cleo", "zoe"]
    assert names_in(ask_long("?sort=name")) == ["ann", "bob"]
    assert names_in(ask_long("?sort=email")) == ["cleo", "zoe"]
    assert "2+ people" in ask_long("?sort=email")


def test_a_long_list_is_searched_in_its_newest_rows_and_says_so(ask_long):
    page = ask_long("?search=example")
    assert names_in(page) == ["cleo", "zoe"]
    assert "were looked through" in page
    assert "were looked through" not in ask_long("?f.name=ann&search=example")


def test_the_pane_of_a_long_list_finds_everything_by_an_index_alone(ask_long):
    assert names_in(ask_long("?f.name=ann")) == ["ann"]
    assert names_in(ask_long("?f.name=a..b")) == ["ann"]
    page = ask_long("?f.email=ann@example.com")
    assert names_in(page) == []
    assert "were looked through" in page
    assert names_in(ask_long("?f.name=*n*")) == []


def test_the_export_of_a_long_list_is_whole(ask_long, ask):
    lines = b"".join(ask("?export=csv&sort=email&search=example")).decode().splitlines()
    assert len(lines) == 5


def test_every_list_looks_like_a_list():
    """A table without a Meta of its own that inherits loses the class that gives it its looks."""
    get_resolver().url_patterns  # noqa: B018 (loads every page with its table)
    lists, found = [ListTable], []
    while lists:
        found += (more := lists.pop().__subclasses__())
        lists += more
    own = [one for one in found if not one.__module__.startswith("tests.")]
    assert len(own) > 15
    assert [one.__name__ for one in own if "rows" not in one._meta.attrs.get("class", "") or one._meta.default != ""] == []


def test_no_column_of_any_list_exports_markup():
    get_resolver().url_patterns  # noqa: B018  (loads every page, and with it every table)
    lost = [
        f"{table.__name__}.{name}"
        for table in tables_below(ListTable)
        for name, column in table.base_columns.items()
        if column.exclude_from_export is False
        and "SafeString" in str(getattr(table, f"render_{name}", None) and getattr(table, f"render_{name}").__annotations__.get("return"))
        and not hasattr(table, f"value_{name}")
    ]
    assert lost == []


def tables_below(table):
    for one in table.__subclasses__():
        yield one
        yield from tables_below(one)
