"""Where errors were found out, each place once."""

from __future__ import annotations

from django.db import models


class CallStack(models.Model):
    """``digest`` is what entries that were failed there say in their detail: a million of them have one text of a kilobyte."""

    digest = models.CharField(max_length=32, primary_key=True)
    text = models.TextField()

    def __str__(self) -> str:
        return self.text.rpartition("\n")[2][:100]
