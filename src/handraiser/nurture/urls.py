"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

admin: list[URLPattern | URLResolver] = []
public: list[URLPattern | URLResolver] = []
