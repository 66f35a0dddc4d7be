"""What a person does on the pages, in few words."""

from __future__ import annotations

from playwright.sync_api import Page


def sign_in(page: Page, user: str, password: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
