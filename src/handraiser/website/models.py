"""Page types of the public site, and its pictures and documents."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.template.response import TemplateResponse
from django.utils.cache import patch_cache_control
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, ObjectList, PageChooserPanel, TabbedInterface
from wagtail.documents.models import AbstractDocument, Document
from wagtail.fields import StreamField
from wagtail.images.models import AbstractImage, AbstractRendition, Image
from wagtail.models import Page

from handraiser.core.staff.models import Organisation
from handraiser.kit import clock
from handraiser.website import blocks
from handraiser.website.panels import ChecksPanel, ResultsPanel

# Says that a page is the same for every visitor, and what filled the campaign fields in its headings.
NAMED = "X-Handraiser-Page"


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


class SiteStamp(models.Model):
    """One row: a word that the database itself changes with everything public pages are made of (`stamp.py`)."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    word = models.CharField(max_length=40)

    class Meta:
        db_table = "website_stamp"

    def __str__(self) -> str:
        return self.word


class SearchAndShare(models.Model):
    """What search engines and social networks are told. A mixin; the page model stays Wagtail's own."""

    canonical_address = models.URLField(
        blank=True, help_text="Only if this text first appeared elsewhere. Empty: this page itself."
    )
    share_picture = models.ForeignKey(
        SitePicture,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Shown when somebody shares the page; 1200 × 630 works everywhere.",
    )
    hidden_from_search = models.BooleanField(
        default=False, help_text="Asks search engines to leave this page out, and takes it off the sitemap."
    )

    class Meta:
        abstract = True

    restrictions_when_kept: Any = None

    share_panels = [
        MultiFieldPanel(
            [FieldPanel("slug"), FieldPanel("seo_title"), FieldPanel("search_description")],
            heading="In search results",
        ),
        MultiFieldPanel(
            [
                FieldPanel("share_picture"),
                FieldPanel("canonical_address"),
                FieldPanel("hidden_from_search"),
                FieldPanel("show_in_menus"),
            ],
            heading="Sharing",
        ),
    ]

    def window_title(self, organisation: Organisation) -> str:
        """The title in the window and in search results, with the organisation's name once."""
        title: str = self.seo_title or self.title  # type: ignore[attr-defined]
        return title if organisation.name in title else f"{title} · {organisation.name}"

    def canonical(self, request: HttpRequest | None = None) -> str:
        """The one address of this text."""
        return self.canonical_address or self.get_full_url(request)  # type: ignore[attr-defined,no-any-return]

    def structured_data(
        self, organisation: Organisation, request: HttpRequest | None = None
    ) -> list[dict[str, Any]]:
        """Schema.org objects of this page."""
        root = f"{settings.BASE_URL}/"
        address = self.canonical(request)
        objects: list[dict[str, Any]] = [
            {
                "@type": "WebPage",
                "@id": address,
                "url": address,
                "name": self.window_title(organisation),
                "description": self.search_description,  # type: ignore[attr-defined]
                "isPartOf": {"@type": "WebSite", "url": root, "name": organisation.name},
                "publisher": {"@type": "Organization", "url": root, "name": organisation.name},
            }
        ]
        for block in getattr(self, "body", None) or []:
            if block.block_type == "faq":
                objects.append(
                    {
                        "@type": "FAQPage",
                        "mainEntity": [
                            {
                                "@type": "Question",
                                "name": item["question"],
                                "acceptedAnswer": {
                                    "@type": "Answer",
                                    "text": strip_tags(str(item["answer"])).strip(),
                                },
                            }
                            for item in block.value["items"]
                        ],
                    }
                )
        return objects

    def json_ld(self, organisation: Organisation, request: HttpRequest | None = None) -> SafeString:
        """The same as text that may stand inside a script element."""
        data = {"@context": "https://schema.org", "@graph": self.structured_data(organisation, request)}
        # "<" would let a title close the element.
        return mark_safe(json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"))

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> TemplateResponse:
        """The page, packed for those who take it so: on a phone that is half the waiting."""
        response: TemplateResponse = super().serve(request, *args, **kwargs)  # type: ignore[misc]
        if isinstance(response, TemplateResponse):
            # What fills the headings is known once they are rendered; see `door.py`.
            request.campaign_words = {}  # type: ignore[attr-defined]
            for_everybody = not self.get_view_restrictions()
            pack = GZipMiddleware(lambda _: response).process_response

            def finish(rendered: HttpResponse) -> HttpResponseBase:
                if for_everybody:
                    rendered[NAMED] = urlencode(request.campaign_words)  # type: ignore[attr-defined]
                patch_cache_control(rendered, no_cache=True)
                return pack(request, rendered)

            response.add_post_render_callback(finish)
        return response

    def get_view_restrictions(self) -> Any:
        """Who may see it; remembered on a page that is kept for showing (`views.page`)."""
        if self.restrictions_when_kept is not None:
            return self.restrictions_when_kept
        return super().get_view_restrictions()  # type: ignore[misc]

    def get_sitemap_urls(self, request: HttpRequest | None = None) -> list[dict[str, Any]]:
        """Nothing for a page that search engines shall leave out."""
        if self.hidden_from_search or self.canonical_address:
            return []
        return super().get_sitemap_urls(request)  # type: ignore[misc,no-any-return]


def _tabs(content: list[Any], *, results: bool = False) -> TabbedInterface:
    tabs = [
        ObjectList([*content, ChecksPanel()], heading="Content"),
        ObjectList(SearchAndShare.share_panels, heading="Search and share"),
    ]
    if results:
        tabs.append(ObjectList([ResultsPanel()], heading="Results"))
    tabs.append(ObjectList(Page.settings_panels, heading="Publishing"))
    return TabbedInterface(tabs)


class HomePage(SearchAndShare, Page):  # type: ignore[django-manager-missing]
    """The front of the site. What stands in every page's head and foot is said here."""

    body = StreamField(blocks.PAGE, blank=True)
    button_label = models.CharField(max_length=40, blank=True, help_text="The button at the top of pages.")
    button_page = models.ForeignKey(
        Page, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="Where it leads."
    )

    max_count = 1
    parent_page_types = ["wagtailcore.Page"]
    template = "website/page.html"
    edit_handler = _tabs(
        [
            FieldPanel("title"),
            FieldPanel("body"),
            MultiFieldPanel(
                [FieldPanel("button_label"), PageChooserPanel("button_page")], heading="Top of every page"
            ),
        ],
        results=True,
    )


class StandardPage(SearchAndShare, Page):  # type: ignore[django-manager-missing]
    """Running text: privacy notice, imprint, about."""

    body = StreamField(blocks.PAGE, blank=True)
    in_foot = models.BooleanField(default=False, help_text="Linked at the foot of every page.")

    parent_page_types = ["website.HomePage", "website.StandardPage"]
    template = "website/page.html"
    edit_handler = _tabs([FieldPanel("title"), FieldPanel("body"), FieldPanel("in_foot")])


class PricingPage(SearchAndShare, Page):  # type: ignore[django-manager-missing]
    """What it costs. Looking at it is a strong sign of interest, so it is a type of its own."""

    body = StreamField(blocks.PAGE, blank=True)

    parent_page_types = ["website.HomePage"]
    subpage_types: list[str] = []
    template = "website/page.html"
    edit_handler = _tabs([FieldPanel("title"), FieldPanel("body")], results=True)


class LandingPage(SearchAndShare, Page):  # type: ignore[django-manager-missing]
    """One goal, no navigation."""

    body = StreamField(blocks.LANDING, blank=True, default=blocks.landing_start)

    parent_page_types = ["website.HomePage"]
    subpage_types: list[str] = []
    template = "website/landing.html"
    edit_handler = _tabs([FieldPanel("title"), FieldPanel("body")], results=True)

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Hero, form and quote for the top of the page; all other blocks in their order."""
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        beside: dict[str, Any] = {}
        rest = list(self.body)
        while rest and rest[0].block_type in {"hero", "form", "quote"} - set(beside):
            block = rest.pop(0)
            beside[block.block_type] = block
        context.update(hero=beside.get("hero"), hero_form=beside.get("form"), hero_quote=beside.get("quote"))
        context["rest"] = rest
        return context


class BlogIndexPage(SearchAndShare, Page):  # type: ignore[django-manager-missing]
    """All posts, newest first."""

    intro = models.TextField(blank=True, max_length=400)
    body = StreamField(blocks.BELOW_POSTS, blank=True, help_text="Below the posts.")

    parent_page_types = ["website.HomePage"]
    subpage_types = ["website.BlogPage"]
    template = "website/blog_index.html"
    edit_handler = _tabs([FieldPanel("title"), FieldPanel("intro"), FieldPanel("body")])

    def posts(self) -> Any:
        """Live posts, newest first."""
        return BlogPage.objects.child_of(self).live().public().order_by("-date", "-id")


class BlogPage(SearchAndShare, Page):  # type: ignore[django-manager-missing]
    """A post: an article, a guide, a comparison, a case study."""

    date = models.DateField()
    author = models.CharField(max_length=120)
    lede = models.TextField(max_length=400)
    body = StreamField(blocks.ARTICLE, blank=True)

    parent_page_types = ["website.BlogIndexPage"]
    subpage_types: list[str] = []
    template = "website/blog_post.html"
    edit_handler = _tabs(
        [
            FieldPanel("title"),
            FieldPanel("date"),
            FieldPanel("author"),
            FieldPanel("lede"),
            FieldPanel("body"),
        ],
        results=True,
    )

    def minutes(self) -> int:
        """How long reading takes, at 220 words a minute."""
        words = len(strip_tags(str(self.body)).split()) + len(self.lede.split())
        return max(1, round(words / 220))

    def others(self) -> Any:
        """Two more posts."""
        return BlogPage.objects.sibling_of(self, inclusive=False).live().public().order_by("-date")[:2]

    def structured_data(
        self, organisation: Organisation, request: HttpRequest | None = None
    ) -> list[dict[str, Any]]:
        """The page, and the article on it."""
        return [
            *super().structured_data(organisation, request),
            {
                "@type": "BlogPosting",
                "headline": self.title,
                "description": self.search_description or self.lede,
                "datePublished": self.date.isoformat(),
                "dateModified": (self.last_published_at or self.latest_revision_created_at or clock.now())
                .date()
                .isoformat(),
                "author": {"@type": "Person", "name": self.author},
                "mainEntityOfPage": self.canonical(request),
            },
        ]
