"""Rule sets on screen: the list of versions, the editor of the draft, publishing, the way back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from handraiser.console.toasts import toast
from handraiser.core.people.models import Lead
from handraiser.core.staff.models import User
from handraiser.core.staff.roles import EDITORS
from handraiser.kit import clock, ids
from handraiser.qualify import effects, queries
from handraiser.qualify.actions import rule_sets as actions
from handraiser.qualify.models import RuleSet
from handraiser.qualify.rules import difference, editing, wording
from handraiser.qualify.rules import rule_set as rules_of
from handraiser.qualify.rules.difference import Change
from handraiser.qualify.rules.rule_set import Rule, Rules

GROUPS = (
    ("fit", "Fit", "who they are", "at most"),
    ("engagement", "Engagement", "what they do", "at most"),
    ("against", "Against", "what makes it less likely", "down to"),
)
_SHOWN = 8  # leads that change sides, before "n more"


@dataclass(frozen=True)
class Row:
    """A rule in the editor: its words with blanks, its points, what changed, what is wrong."""

    rule: Rule
    sentence: list[editing.Part]
    small: list[editing.Part]
    title: str
    counted: str
    points: str
    change: Change | None
    error: str
    first: bool
    last: bool


def tabs(current: str) -> list[tuple[str, str, bool]]:
    """The second level of Qualify."""
    return [
        ("Rule sets", reverse("qualify:rule_sets"), current == "rule_sets"),
        ("Stages", reverse("qualify:stages"), current == "stages"),
        ("Prediction", reverse("qualify:prediction"), current == "prediction"),
        ("Enrichment", reverse("qualify:enrichment"), current == "enrichment"),
    ]


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Qualify opens on its rule sets."""
    return redirect("qualify:rule_sets")


@require_GET
def rule_sets(request: HttpRequest) -> HttpResponse:
    """The live set, the draft, and every version before."""
    live = actions.live(at=clock.now())
    versions = RuleSet.objects.select_related("published_by").order_by("-number")
    return render(
        request,
        "qualify/rule_sets.html",
        {
            "tabs": tabs("rule_sets"),
            "live": live,
            "draft": next((version for version in versions if version.state == RuleSet.State.DRAFT), None),
            "versions": versions,
            "groups": _groups(live.rules, []),
            "threshold": wording.plain(live.rules.threshold),
            "may_edit": _staff(request).may(*EDITORS),
        },
    )


@require_GET
def rule_set(request: HttpRequest, number: int) -> HttpResponse:
    """One version: an editor when it is the draft, else to read."""
    return _page(request, get_object_or_404(RuleSet, number=number))


@require_POST
def start_draft(request: HttpRequest) -> HttpResponse:
    """Begin a draft from the live set, or open the one there is."""
    draft = actions.draft_from_live(at=clock.now())
    return redirect("qualify:rule_set", number=draft.number)


@require_POST
def save(request: HttpRequest, number: int) -> HttpResponse:
    """Keep what was filled in, then do what was pressed: save, up, down, delete, add a rule, or publish."""
    draft = get_object_or_404(RuleSet, number=number)
    given = {name: str(value) for name, value in request.POST.items()}
    rules, wrong = editing.edited(draft.rules, given)
    verb, _, key = given.get("do", "save").partition(":")
    anchor = key
    if verb in ("up", "down"):
        rules = editing.moved(rules, key, -1 if verb == "up" else 1)
    elif verb == "delete":
        rules, anchor = editing.without(rules, key), ""
    elif verb == "add":
        anchor = ids.new("rule")
        rules = editing.started(rules, key, key=anchor)
    actions.change(draft, rules, at=clock.now())
    if request.headers.get("HX-Request"):
        answer = render(request, "qualify/_saved.html", _editor(draft, wrong))
        answer["HX-Trigger"] = "draft-changed"
        return answer
    if wrong:
        return _page(request, draft, wrong=wrong, status=422)
    if verb == "publish":
        return redirect("qualify:publishing", number=number)
    return redirect(reverse("qualify:rule_set", args=[number]) + (f"#{anchor}" if anchor else ""))


@require_GET
def effect(request: HttpRequest, number: int) -> HttpResponse:
    """What this set would do to the open leads of today, beside the live one."""
    chosen = get_object_or_404(RuleSet, number=number)
    partial = request.headers.get("HX-Request")
    template = "qualify/_effect.html" if partial else "qualify/effect.html"
    return render(request, template, _effect(chosen, at=clock.now()) | {"tabs": tabs("rule_sets")})


@require_GET
def try_on(request: HttpRequest, number: int) -> HttpResponse:
    """Score one lead by this set and by the live one, side by side."""
    chosen = get_object_or_404(RuleSet, number=number)
    now = clock.now()
    live = actions.live(at=now)
    words = request.GET.get("q", "").strip()
    mine = Lead.objects.visible_to(request.user).filter(closed_at=None).with_people()
    lead = mine.filter(id=request.GET.get("lead", "")).first()
    context: dict[str, Any] = {
        "tabs": tabs("rule_sets"),
        "rule_set": chosen,
        "live": live,
        "words": words,
        "found": [] if lead else queries.find(mine, words)[:10],
        "lead": lead,
    }
    if lead is not None:
        before, after = queries.score_now(lead, live.rules, now), queries.score_now(lead, chosen.rules, now)
        context |= {
            "before": before,
            "after": after,
            "lines": _side_by_side(live.rules, chosen.rules, before, after),
        }
    return render(request, "qualify/try_on.html", context)


@require_GET
def publishing(request: HttpRequest, number: int) -> HttpResponse:
    """The last look before publishing: the difference and its effect."""
    draft = get_object_or_404(RuleSet, number=number, state=RuleSet.State.DRAFT)
    now = clock.now()
    context = _effect(draft, at=now) | {
        "tabs": tabs("rule_sets"),
        "changes": difference.between(actions.live(at=now).rules, draft.rules),
        "problems": _problems(draft.rules),
    }
    return render(request, "qualify/publishing.html", context)


@require_POST
def publish(request: HttpRequest, number: int) -> HttpResponse:
    """Let the draft give the points."""
    draft = get_object_or_404(RuleSet, number=number)
    now = clock.now()
    before = actions.live(at=now)
    actions.publish(draft, at=now, by=_staff(request), note=request.POST.get("note", ""))
    undo = reverse("qualify:roll_back", args=[before.number])
    toast(request, f"Rule set {draft.number} is live. Open leads are being scored again.", undo=undo)
    return redirect("qualify:rule_sets")


@require_POST
def discard(request: HttpRequest, number: int) -> HttpResponse:
    """Throw the draft away."""
    draft = get_object_or_404(RuleSet, number=number)
    actions.discard(draft, at=clock.now(), by=_staff(request))
    toast(request, f"Draft {number} was discarded.")
    return redirect("qualify:rule_sets")


@require_POST
def roll_back(request: HttpRequest, number: int) -> HttpResponse:
    """Make an earlier version live again."""
    again = actions.roll_back(get_object_or_404(RuleSet, number=number), at=clock.now(), by=_staff(request))
    toast(request, f"The rules of set {number} are live again, as rule set {again.number}.")
    return redirect("qualify:rule_sets")


def _staff(request: HttpRequest) -> User:
    """Who asks: the permission table let nobody else in."""
    assert isinstance(request.user, User)
    return request.user


def _page(
    request: HttpRequest, shown: RuleSet, *, wrong: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    context = _editor(shown, wrong or {}) | {
        "tabs": tabs("rule_sets"),
        "editing": shown.state == RuleSet.State.DRAFT and _staff(request).may(*EDITORS),
        "may_edit": _staff(request).may(*EDITORS),
    }
    return render(request, "qualify/rule_set.html", context, status=status)


def _editor(shown: RuleSet, wrong: dict[str, str]) -> dict[str, Any]:
    live = actions.live(at=clock.now())
    rules = shown.rules
    changes = difference.between(live.rules, rules) if shown.state == RuleSet.State.DRAFT else []
    wrong = _problems(rules) | wrong
    by_key = {change.key: change for change in changes}
    bands = rules.bands
    return {
        "rule_set": shown,
        "live": live,
        "changes": changes,
        "gone": [change for change in changes if change.kind == "removed"],
        "groups": _groups(rules, changes, wrong),
        "threshold": wording.plain(rules.threshold),
        "leave": "" if rules.leaves_below is None else wording.plain(rules.leaves_below),
        "threshold_change": next((c for c in changes if c.key in ("", "leave")), None),
        "threshold_error": wrong.get("threshold", "") or wrong.get("leave", ""),
        "bands": [
            (f"band.{name}", label, wording.plain(getattr(bands, name)), by_key.get(name))
            for name, label in (
                ("fit_a", "Fit A from"),
                ("fit_b", "Fit B from"),
                ("engagement_1", "Engagement 1 from"),
                ("engagement_2", "Engagement 2 from"),
                ("hot", "Hot from"),
                ("warm", "Warm from"),
            )
        ],
        "bands_error": next((text for name, text in wrong.items() if name.startswith("band")), ""),
        "wrong": wrong,
    }


def _groups(rules: Rules, changes: list[Change], wrong: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """The three groups with their rules, as the editor shows them."""
    by_key = {change.key: change for change in changes}
    faults = wrong or {}
    groups = []
    for key, label, what, verb in GROUPS:
        of_group = rules.of_group(key)
        rows = [
            Row(
                rule=rule,
                sentence=editing.sentence(rule),
                small=editing.small_print(rule),
                title=wording.title(rule),
                counted=wording.how_counted(rule),
                points=wording.points(rule.points),
                change=by_key.get(rule.key),
                error=next((text for name, text in faults.items() if name.startswith(f"{rule.key}.")), ""),
                first=place == 0,
                last=place == len(of_group) - 1,
            )
            for place, rule in enumerate(of_group)
        ]
        groups.append(
            {
                "key": key,
                "label": label,
                "what": what,
                "verb": verb,
                "limit": wording.plain(getattr(rules.limits, key)),
                "limit_error": faults.get(f"limit.{key}", faults.get("limits", "")),
                "limit_change": by_key.get(key),
                "rows": rows,
                "starters": editing.starters_of(key),
            }
        )
    return groups


def _problems(rules: Rules) -> dict[str, str]:
    return {problem.field: problem.message for problem in rules_of.check(rules)}


def _effect(chosen: RuleSet, *, at: datetime) -> dict[str, Any]:
    live = actions.live(at=at)
    found = effects.effect(chosen.rules, live.rules, at=at)
    return {
        "rule_set": chosen,
        "live": live,
        "effect": found,
        "reach_change": found.reach_after - found.reach_before,
        "hot_change": found.hot_after - found.hot_before,
        "shown": found.sides[:_SHOWN],
        "more": max(0, len(found.sides) - _SHOWN),
        "threshold": wording.plain(chosen.rules.threshold),
    }


def _side_by_side(
    old: Rules, new: Rules, before: queries.Score, after: queries.Score
) -> list[tuple[str, str, str, bool]]:
    """(sentence, points by the live set, points by this one, they differ), rules without points left out."""
    by_old = {line.rule: line.points for line in before.lines}
    by_new = {line.rule: line.points for line in after.lines}
    rows = []
    for key in dict.fromkeys([*by_new, *by_old]):
        rule = new.rule(key) or old.rule(key)
        if rule is None:
            continue
        was, now = by_old.get(key, 0), by_new.get(key, 0)
        rows.append((wording.title(rule), wording.points(was), wording.points(now), was != now))
    return rows
