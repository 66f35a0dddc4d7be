"""The last step of the New Table Mapping guide: the mapping, and a job queue entry that waits to be set to Ready."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.generic import View

from joblog.default_entries import entry_on_hold
from mappings.guide import KEY, Draft, Unfinished, finished
from syncadmin.sync.errors import SyncError
from syncadmin.ui.views import Permitted, tell


class CreateMapping(Permitted, View):
    permission = "mappings.configure"

    def post(self, request: HttpRequest) -> HttpResponse:
        draft = Draft.of(request.session)
        if request.POST.get("seen", draft.seen) != draft.seen:
            tell(
                request,
                "Nothing was saved: something else was entered meanwhile, in another window. Look at it first.",
                level=messages.ERROR,
            )
            return HttpResponseRedirect(reverse("mappings:mapping-new"))
        try:
            new = finished(draft)
            with transaction.atomic():
                mapping = new.save(request.user)
                entry = entry_on_hold(mapping)
        except Unfinished as unfinished:
            return HttpResponseRedirect(reverse("mappings:guide-step", args=[unfinished.step]))
        except SyncError as error:
            tell(request, f"Nothing was saved: {error.text}", level=messages.ERROR)
            step = "systems" if error.code == "taken" else "preview"
            return HttpResponseRedirect(reverse("mappings:guide-step", args=[step]))
        request.session.pop(KEY, None)
        fields = len(draft.used_pairs())
        tell(request, f"{mapping.name} was made, with {fields} field mapping{'s' if fields > 1 else ''}.")
        text = "Its job queue entry is On Hold. Synchronize the mapping by hand first, then set the entry to Ready."
        tell(request, text, url=reverse("joblog:queue-entry", args=[entry.pk]), label="Open the job queue entry", level=messages.INFO)
        return HttpResponseRedirect(reverse("mappings:mapping-edit", args=[mapping.pk]))
