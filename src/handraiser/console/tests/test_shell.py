"""The shell: navigation by role, the palette, a refusal that says who can."""

from __future__ import annotations

from django.template import Context, Template

from handraiser.kit.statistics import rate


def render(source: str, **context) -> str:
    return Template(source).render(Context(context))


def test_a_refusal_names_who_can(dana, mira, login):
    page = login(dana).get("/admin/content/pages/")
    assert page.status_code == 403
    assert "Only owners and marketers can do this" in page.content.decode()
    assert "Mira Voss" in page.content.decode()


def test_the_side_shows_what_a_role_may_open(dana, mira, login):
    assert b"/admin/nurture/" not in login(dana).get("/admin/content/pages/").content
    found = login(mira).get("/admin/find/", {"q": "nurt"}).content.decode()
    assert 'href="/admin/nurture/"' in found


def test_a_rate_says_its_range_and_its_n():
    assert "13 %" in render("{% rate r %}", r=rate(77, 612))
    assert "likely 10–15 %, n 612" in render("{% rate r %}", r=rate(77, 612))
    assert "0 of 30, likely under 11 %" in render("{% rate r %}", r=rate(0, 30))
    assert "Unknown" in render("{% rate r %}", r=rate(0, 0))


def test_money_follows_the_currency():
    assert render("{% money m 'GBP' %}", m=128400) == "£1,284"
    assert render("{% money m 'GBP' %}", m=4205) == "£42.05"
    assert render("{% money m 'JPY' %}", m=4205) == "¥4,205"
    assert render("{% money m 'GBP' %}", m=None) == "Unknown"
    assert render("{% money m 'GBP' %}", m=-100) == "−£1"


def test_the_score_chip_says_the_warmth_in_words():
    assert "Hot, score " in render("{% score 92 'A1' 'hot' %}")


def test_a_component_may_stand_before_a_comma():
    from handraiser.kit import clock

    assert render("{% ago m %}, then", m=clock.now()).endswith("</time>, then")
