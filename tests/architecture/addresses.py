"""Every address of the product, found in Django's own resolver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver


@dataclass(frozen=True)
class Address:
    """One address: the full name the permission table knows, its route, and the arguments it takes."""

    name: str
    route: str
    arguments: tuple[str, ...]

    @property
    def ours(self) -> bool:
        """One of our own screens, not one of Wagtail's or allauth's."""
        return self.route.startswith("admin/") and not self.route.startswith("admin/content/")


def _walk(resolver: URLResolver, prefix: str, names: tuple[str, ...]) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = (*names, entry.namespace) if entry.namespace else names
            yield from _walk(entry, route, inner)
        elif isinstance(entry, URLPattern):
            arguments = tuple(entry.pattern.converters) or tuple(entry.pattern.regex.groupindex)
            yield Address(":".join((*names, entry.name or "")), route, arguments)


def all_addresses() -> list[Address]:
    """Every address, in the order of the resolver."""
    return list(_walk(get_resolver(), "", ()))
