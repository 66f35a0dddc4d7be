"""The button Update Account Statistics of a customer's page (engine.md section 20)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from joblog.account_figures import has_figures
from joblog.addresses import log_url
from joblog.statistics import CUSTOMER_STATISTICS, update_account_statistics
from joblog.views.synchronize import DETAILS
from mappings.models import IntegrationTableMapping
from syncadmin.ui.formatting import count
from syncadmin.ui.views import Permitted, next_url, tell, tell_scheduled


class UpdateStatistics(Permitted, View):
    """Brings the figures of the coupled customers ``keys`` (of Business Central), and the status of their invoices, to Sales."""

    permission = "mappings.operate"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        mapping = get_object_or_404(IntegrationTableMapping.objects.select_related("business_central"), pk=pk)
        back = next_url(request, reverse("joblog:record-list", args=[pk]))
        keys = tuple(key for key in dict.fromkeys(request.POST.getlist("keys")) if key)
        coupled = mapping.couplings.filter(bc_key__in=keys, pending="").exclude(sales_key=None).values_list("bc_key", flat=True)
        customers = tuple(str(key) for key in coupled) if has_figures(mapping) else ()
        if not customers:
            tell(request, "Nothing was started: select a coupled customer first.", level=messages.ERROR)
            return HttpResponseRedirect(back)
        update_account_statistics(mapping.business_central.company, customers, user=request.user)
        what = f"The account statistics of {count(len(customers))} customer{'s' if len(customers) != 1 else ''}"
        tell_scheduled(request, f"{what} will be updated in the background. {DETAILS}", url=log_url(CUSTOMER_STATISTICS))
        return HttpResponseRedirect(back)
