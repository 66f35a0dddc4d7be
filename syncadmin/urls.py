"""All addresses. Pages of an app are named in the app."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

urlpatterns = [
    path("sign-in/", LoginView.as_view(template_name="pages/sign_in.html"), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("admin/", admin.site.urls),
    path("", include("syncadmin.ui.urls")),
    path("", include("mappings.urls")),
    path("", include("mappings.own_urls")),
    path("", include("joblog.urls")),
    path("", include("joblog.open_urls")),
    path("", include("joblog.own_urls")),
]
