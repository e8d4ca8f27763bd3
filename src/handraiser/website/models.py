"""Page types of the public site, and its pictures and documents."""

from __future__ import annotations

from django.db import models
from wagtail.documents.models import AbstractDocument, Document
from wagtail.images.models import AbstractImage, AbstractRendition, Image
from wagtail.models import Page


class SitePicture(AbstractImage):
    """A picture of a public page."""

    admin_form_fields = Image.admin_form_fields


class Rendition(AbstractRendition):
    """A picture in another size."""

    image = models.ForeignKey(SitePicture, on_delete=models.CASCADE, related_name="renditions")

    class Meta:
        unique_together = (("image", "filter_spec", "focal_point_key"),)


class SiteDocument(AbstractDocument):
    """A file of the editors. Gated files are lead magnets, not documents."""

    admin_form_fields = Document.admin_form_fields


class HomePage(Page):
    """The front of the site."""

    max_count = 1
