"""What every public template may use."""

from __future__ import annotations

from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """The organisation, for name, hue and imprint; lazily, as most requests do not need it."""
    from django.utils.functional import SimpleLazyObject

    from handraiser.core.staff.models import Organisation
    from handraiser.website import stamp

    return {"organisation": SimpleLazyObject(lambda: stamp.kept(request, "organisation", Organisation.get))}
