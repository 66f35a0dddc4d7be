"""Signing in: a person comes with their settings, so that no page has to ask for them."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User


class PersonBackend(ModelBackend):
    """Reads the settings together with the user of a session, in one statement."""

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.select_related("personal_settings").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
