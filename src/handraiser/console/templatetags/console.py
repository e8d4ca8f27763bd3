"""Components of the back office as template tags; the house style lives in `templates/console/`."""

from __future__ import annotations

from django import template

register = template.Library()
