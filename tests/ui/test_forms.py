from django import forms

from syncadmin.ui.forms import Section, SectionedForm


class PetForm(SectionedForm, forms.Form):
    sections = (Section(title="Pet", fields=("name", "gone")), Section(title="More", fields=("age",), wide=("age",), open=False))
    name = forms.CharField()
    age = forms.IntegerField()


def test_fields_stand_in_their_sections_and_missing_ones_are_left_out():
    pet, more = PetForm().shown_sections()
    assert [field.bound.name for field in pet.fields] == ["name"]
    assert more.fields[0].wide


def test_a_closed_section_opens_when_something_in_it_is_wrong():
    assert not list(PetForm().shown_sections())[1].open
    assert list(PetForm({"name": "Rex", "age": "old"}).shown_sections())[1].open


def test_a_locked_form_takes_nothing():
    form = PetForm({"name": "Max", "age": "3"}, initial={"name": "Rex", "age": 9})
    form.lock()
    assert form.is_valid()
    assert form.cleaned_data == {"name": "Rex", "age": 9}
