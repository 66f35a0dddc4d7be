"""Addresses of the mappings app."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.views.generic import RedirectView

from mappings.views.change_log import ChangeLog
from mappings.views.connections import ConnectionDelete, ConnectionEdit, ConnectionList, ConnectionTest
from mappings.views.default_setup import DefaultSetup
from mappings.views.field_list import AddFields, FieldList, TryFields
from mappings.views.filter_builder import FilterBuilder
from mappings.views.guide import GuideStep, NewMapping
from mappings.views.mapping_edit import CheckFilter, ClearWatermarks, FullRunSize, MappingEdit
from mappings.views.mapping_list import MappingFactBox, MappingList
from mappings.views.mapping_rows import MappingRows
from mappings.views.option_list import OptionList, OptionLookUp
from mappings.views.templates import TemplateEdit, TemplateList
from mappings.views.transformation_edit import TransformationEdit, TransformationTrial
from mappings.views.transformation_list import TransformationList
from mappings.views.users import UserEdit, UserList
from mappings.views.versions import RestoreVersion, Versions

app_name = "mappings"
urlpatterns: list[URLPattern] = [
    path("", RedirectView.as_view(pattern_name="mappings:mapping-list"), name="home"),
    path("mappings/", MappingList.as_view(), name="mapping-list"),
    path("mappings/new/", NewMapping.as_view(), name="mapping-new"),
    path("mappings/new/<slug:step>/", GuideStep.as_view(), name="guide-step"),
    path("mappings/edit/", MappingRows.as_view(), name="mapping-rows"),
    path("mappings/<int:pk>/", MappingEdit.as_view(), name="mapping-edit"),
    path("mappings/<int:pk>/fields/", FieldList.as_view(), name="field-list"),
    path("mappings/<int:pk>/fields/add/", AddFields.as_view(), name="field-add"),
    path("mappings/<int:pk>/fields/try/", TryFields.as_view(), name="field-try"),
    path("mappings/<int:pk>/factbox/", MappingFactBox.as_view(), name="mapping-factbox"),
    path("mappings/<int:pk>/check-filter/", CheckFilter.as_view(), name="check-filter"),
    path("mappings/<int:pk>/filter/<str:side>/", FilterBuilder.as_view(), name="filter-builder"),
    path("mappings/<int:pk>/full-run-size/", FullRunSize.as_view(), name="full-run-size"),
    path("mappings/<int:pk>/clear-watermarks/", ClearWatermarks.as_view(), name="clear-watermarks"),
    path("mappings/<int:pk>/versions/", Versions.as_view(), name="versions"),
    path("mappings/<int:pk>/versions/<int:change>/restore/", RestoreVersion.as_view(), name="restore-version"),
    path("default-setup/", DefaultSetup.as_view(), name="default-setup"),
    path("option-mappings/", OptionList.as_view(), name="option-list"),
    path("option-mappings/look-up/", OptionLookUp.as_view(), name="option-look-up"),
    path("templates/", TemplateList.as_view(), name="template-list"),
    path("templates/new/", TemplateEdit.as_view(), name="template-new"),
    path("templates/<int:pk>/", TemplateEdit.as_view(), name="template-edit"),
    path("transformation-rules/", TransformationList.as_view(), name="transformation-list"),
    path("transformation-rules/new/", TransformationEdit.as_view(), name="transformation-new"),
    path("transformation-rules/try/", TransformationTrial.as_view(), name="transformation-try"),
    path("transformation-rules/<int:pk>/", TransformationEdit.as_view(), name="transformation-edit"),
    path("connections/", ConnectionList.as_view(), name="connection-list"),
    path("connections/new/<str:kind>/", ConnectionEdit.as_view(), name="connection-new"),
    path("connections/<int:pk>/", ConnectionEdit.as_view(), name="connection-edit"),
    path("connections/<int:pk>/test/", ConnectionTest.as_view(), name="connection-test"),
    path("connections/<int:pk>/delete/", ConnectionDelete.as_view(), name="connection-delete"),
    path("users/", UserList.as_view(), name="user-list"),
    path("users/new/", UserEdit.as_view(), name="user-new"),
    path("users/<int:pk>/", UserEdit.as_view(), name="user-edit"),
    path("change-log/", ChangeLog.as_view(), name="change-log"),
]
