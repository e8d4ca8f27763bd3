"""The few finished blocks that public pages are made of. Colours and type come from the brand alone."""

from __future__ import annotations

from typing import Any

from wagtail import blocks
from wagtail.images.blocks import ImageChooserBlock

from handraiser.capture.blocks import FormBlock
from handraiser.capture.models import Form

ART = [
    ("", "None"),
    ("cover", "Cover of a booklet"),
    ("report", "A one-page report"),
    ("stop", "Papers falling away"),
    ("checklist", "A checklist"),
    ("funnel", "Rising strokes"),
]
TEXT_FEATURES = ["bold", "italic", "link", "ol", "ul", "h2", "h3", "hr"]


class LinkValue(blocks.StructValue):
    """A link, wherever it leads."""

    @property
    def href(self) -> str:
        """The address: the page's, or what was written; "" without either."""
        page = self.get("page")
        return (page.url or "") if page else (self.get("url") or "")


class LinkBlock(blocks.StructBlock):
    """A button: words, and where they lead."""

    label = blocks.CharBlock(required=False, max_length=60, help_text='A verb and its object: "Book a demo".')
    page = blocks.PageChooserBlock(required=False)
    url = blocks.CharBlock(
        required=False, max_length=400, help_text="Instead of a page: an address, or #form for the form."
    )

    class Meta:
        icon = "link"
        value_class = LinkValue


class HeroBlock(blocks.StructBlock):
    """The first thing seen. On a landing page, a form and a quote placed right after it stand beside it."""

    heading = blocks.CharBlock(
        max_length=120, help_text="May hold a campaign field with a fallback: {{utm_term|reports}}"
    )
    lede = blocks.TextBlock(required=False, max_length=400)
    points = blocks.ListBlock(blocks.CharBlock(max_length=160), required=False, default=[])
    art = blocks.ChoiceBlock(choices=ART[1:], required=False)
    art_title = blocks.CharBlock(required=False, max_length=40, help_text="On the cover.")
    art_line = blocks.CharBlock(required=False, max_length=60, help_text="Below it.")
    picture = ImageChooserBlock(required=False, help_text="Instead of the drawing.")
    picture_text = blocks.CharBlock(required=False, max_length=200, help_text="What the picture shows.")
    button = LinkBlock(required=False)
    second = LinkBlock(required=False, label="Second link")

    class Meta:
        icon = "title"
        template = "website/blocks/hero.html"


class BenefitsBlock(blocks.StructBlock):
    """Three things that somebody gains."""

    heading = blocks.CharBlock(max_length=120)
    items = blocks.ListBlock(
        blocks.StructBlock(
            [
                ("art", blocks.ChoiceBlock(choices=ART[1:], required=False)),
                ("heading", blocks.CharBlock(max_length=80)),
                ("text", blocks.TextBlock(max_length=400)),
            ]
        )
    )

    class Meta:
        icon = "list-ul"
        template = "website/blocks/benefits.html"


class QuoteBlock(blocks.StructBlock):
    """Proof: somebody's words, with their name."""

    text = blocks.TextBlock(max_length=400)
    name = blocks.CharBlock(max_length=80)
    role = blocks.CharBlock(required=False, max_length=120)

    class Meta:
        icon = "openquote"
        template = "website/blocks/quote.html"


class TextBlock(blocks.StructBlock):
    """Running text."""

    text = blocks.RichTextBlock(features=TEXT_FEATURES)

    class Meta:
        icon = "pilcrow"
        template = "website/blocks/text.html"


class PictureBlock(blocks.StructBlock):
    """A picture with what it shows, for those who cannot see it."""

    picture = ImageChooserBlock()
    text = blocks.CharBlock(max_length=200, help_text="What the picture shows.")
    caption = blocks.CharBlock(required=False, max_length=200)

    class Meta:
        icon = "image"
        template = "website/blocks/picture.html"


class FaqBlock(blocks.StructBlock):
    """Questions people ask before they decide."""

    heading = blocks.CharBlock(max_length=120, default="Questions people ask")
    items = blocks.ListBlock(
        blocks.StructBlock(
            [
                ("question", blocks.CharBlock(max_length=200)),
                ("answer", blocks.RichTextBlock(features=["bold", "italic", "link", "ul"])),
            ]
        )
    )

    class Meta:
        icon = "help"
        template = "website/blocks/faq.html"


class CtaBlock(blocks.StructBlock):
    """The goal once more, in the same words."""

    heading = blocks.CharBlock(max_length=120)
    button = LinkBlock()

    class Meta:
        icon = "pick"
        template = "website/blocks/cta.html"


class PricesBlock(blocks.StructBlock):
    """Plans side by side."""

    heading = blocks.CharBlock(required=False, max_length=120)
    plans = blocks.ListBlock(
        blocks.StructBlock(
            [
                ("name", blocks.CharBlock(max_length=40)),
                ("price", blocks.CharBlock(max_length=30)),
                ("per", blocks.CharBlock(required=False, max_length=60)),
                ("whom", blocks.CharBlock(max_length=160, label="For whom")),
                ("points", blocks.ListBlock(blocks.CharBlock(max_length=120))),
                ("button", LinkBlock()),
                ("chosen", blocks.BooleanBlock(required=False, label="Most chosen")),
            ]
        )
    )
    small_print = blocks.CharBlock(required=False, max_length=200)

    class Meta:
        icon = "form"
        template = "website/blocks/prices.html"


class CompareBlock(blocks.StructBlock):
    """An honest comparison, row by row."""

    heading = blocks.CharBlock(max_length=120)
    ours = blocks.CharBlock(max_length=60)
    theirs = blocks.CharBlock(max_length=60)
    rows = blocks.ListBlock(
        blocks.StructBlock(
            [
                ("what", blocks.CharBlock(max_length=120)),
                ("ours", blocks.CharBlock(max_length=160)),
                ("theirs", blocks.CharBlock(max_length=160)),
            ]
        )
    )

    class Meta:
        icon = "table"
        template = "website/blocks/compare.html"


class NewPostsBlock(blocks.StructBlock):
    """The newest posts of the blog."""

    heading = blocks.CharBlock(max_length=120, default="From the blog")

    class Meta:
        icon = "doc-full"
        template = "website/blocks/posts.html"

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        """Three posts, newest first."""
        from handraiser.website.models import BlogPage

        context = super().get_context(value, parent_context=parent_context)
        context["posts"] = BlogPage.objects.live().public().order_by("-date", "-id")[:3]
        return context


class OnPageFormBlock(FormBlock):
    """A form of Capture, with the anchor that buttons lead to."""

    def live_form(self, form_id: str, request: Any) -> Form | None:
        """Kept in memory until the site changes."""
        from handraiser.website import stamp

        if request is None:
            return super().live_form(form_id, request)
        return stamp.kept(
            request, ("form", form_id), lambda: super(OnPageFormBlock, self).live_form(form_id, request)
        )

    class Meta:
        icon = "form"
        label = "Form"
        template = "website/blocks/form.html"


_COMMON = [
    ("text", TextBlock()),
    ("quote", QuoteBlock()),
    ("form", OnPageFormBlock()),
    ("faq", FaqBlock()),
    ("cta", CtaBlock()),
]
LANDING = [("hero", HeroBlock()), ("benefits", BenefitsBlock()), *_COMMON]


def landing_start() -> list[tuple[str, Any]]:
    """A new landing page is not a blank one: the promise, the form, and the goal once more."""
    begun = {"hero": {"points": [""]}, "form": {}, "cta": {"button": {"url": "#form"}}}
    kinds: dict[str, Any] = dict(LANDING)
    # Only `to_python` gives a value to the parts that are not named.
    return [(name, kinds[name].to_python(values)) for name, values in begun.items()]


PAGE = [*LANDING, ("prices", PricesBlock()), ("compare", CompareBlock()), ("posts", NewPostsBlock())]
BELOW_POSTS = [("form", OnPageFormBlock()), ("cta", CtaBlock())]
ARTICLE = [*_COMMON, ("picture", PictureBlock()), ("compare", CompareBlock())]
