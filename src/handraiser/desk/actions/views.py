"""Keeping states of the lead list under a name."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from handraiser.core.staff.models import User
from handraiser.desk.models import SavedView
from handraiser.desk.rules import filters
from handraiser.desk.rules.listing import Listing
from handraiser.kit.errors import DomainError


def save(*, state: Listing, name: str, shared: bool, owner: User, at: datetime) -> SavedView:
    """Keep a state as a new view. Raises DomainError("empty_name") or ("name_taken")."""
    name = name.strip()[:60]
    if not name:
        raise DomainError("empty_name", "A view needs a name.", field="name")
    try:
        with transaction.atomic():
            return SavedView.objects.create(
                name=name,
                filters=filters.dump(state.filters),
                sort=state.sort,
                columns=list(state.columns),
                shared=shared,
                owner=owner,
                created_at=at,
            )
    except IntegrityError as error:
        raise DomainError("name_taken", f"You have a view called {name}.", field="name") from error


def change(*, view: SavedView, state: Listing) -> None:
    """Let a view hold another state."""
    view.filters = filters.dump(state.filters)
    view.sort = state.sort
    view.columns = list(state.columns)
    view.save(update_fields=["filters", "sort", "columns"])
