"""Who works here: the list, inviting, roles, closing an account, and the page an invitation leads to."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from handraiser.core.staff.actions import members
from handraiser.core.staff.forms import InviteForm, JoinForm, MemberForm
from handraiser.core.staff.models import Organisation, User
from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import LABELS, Role
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def staff_list(request: StaffRequest) -> HttpResponse:
    """Everybody: those here, those invited, those gone."""
    protected = set(Authenticator.objects.values_list("user_id", flat=True))
    everybody = User.objects.order_by("-is_active", "name", "email")
    rows = [
        {
            "member": member,
            "role": LABELS[Role(member.role)],
            "link": members.join_link(member) if member.invited_at else "",
            "protected": member.pk in protected,
        }
        for member in everybody
    ]
    here = sum(1 for member in everybody if member.is_active)
    return render(request, "staff/list.html", {"rows": rows, "here": here})


def invite(request: StaffRequest) -> HttpResponse:
    """Ask for an address and a role, and mail the link."""
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            member = members.invite(
                email=form.cleaned_data["email"],
                role=form.cleaned_data["role"],
                by=request.user,
                at=clock.now(),
            )
        except DomainError as error:
            form.add_error(error.field or None, error.message)
        else:
            messages.success(request, f"{member.email} was invited. The link works for 7 days.")
            return redirect("staff:list")
    return render(request, "staff/invite.html", {"form": form}, status=422 if form.errors else 200)


def member(request: StaffRequest, user_id: int) -> HttpResponse:
    """One member: role, whether leads are routed to them."""
    row = get_object_or_404(User, pk=user_id)
    form = MemberForm(request.POST or None, initial={"role": row.role, "takes_leads": row.takes_leads})
    if request.method == "POST" and form.is_valid():
        try:
            members.change(member=row, by=request.user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error("role", error.message)
        else:
            messages.success(request, f"{row} was changed.")
            return redirect("staff:list")
    return render(
        request, "staff/member.html", {"member": row, "form": form}, status=422 if form.errors else 200
    )


@require_POST
def deactivate(request: StaffRequest, user_id: int) -> HttpResponse:
    """Close an account or withdraw an invitation."""
    row = get_object_or_404(User, pk=user_id)
    members.deactivate(member=row, by=request.user, at=clock.now())
    messages.success(request, f"{row} can no longer sign in.")
    return redirect("staff:list")


@require_POST
def reactivate(request: StaffRequest, user_id: int) -> HttpResponse:
    """Open a closed account again."""
    row = get_object_or_404(User, pk=user_id, invited_at=None)
    members.reactivate(member=row, by=request.user, at=clock.now())
    messages.success(request, f"{row} can sign in again.")
    return redirect("staff:list")


@require_POST
def invite_again(request: StaffRequest, user_id: int) -> HttpResponse:
    """Renew an invitation's link; the old one ends."""
    row = get_object_or_404(User, pk=user_id, invited_at__isnull=False)
    members.invite(email=row.email, role=row.role, by=request.user, at=clock.now())
    messages.success(request, f"{row.email} was invited again. The old link no longer works.")
    return redirect("staff:list")


@never_cache
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Where an invitation leads: name, password, in. A GET changes nothing."""
    try:
        invited = members.invited(token)
    except DomainError as error:
        return render(request, "staff/join_over.html", {"error": error}, status=error.status)
    form = JoinForm(request.POST or None, member=invited)
    if request.method == "POST" and form.is_valid():
        newcomer = members.join(member=invited, at=clock.now(), **form.cleaned_data)
        login(request, newcomer, backend=BACKEND)
        return redirect("/admin/")
    context = {"form": form, "invited": invited, "organisation": Organisation.get()}
    return render(request, "staff/join.html", context, status=422 if form.errors else 200)
