"""A rule set on the leads of the past: begun when it is looked at, shown when it is done."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from handraiser.kit import clock
from handraiser.qualify import back_tests, lifts, tasks
from handraiser.qualify.actions import back_tests as actions
from handraiser.qualify.actions import rule_sets
from handraiser.qualify.models import BackTest, RuleSet
from handraiser.qualify.rules.stages import LABELS
from handraiser.qualify.views.rule_sets import tabs

_SHOWN = 8  # leads that change sides, before "n more"


@require_GET
def back_test(request: HttpRequest, number: int) -> HttpResponse:
    """The newest result, and how far the run for what the set holds now has come."""
    chosen = get_object_or_404(RuleSet, number=number)
    now, partial = clock.now(), request.headers.get("HX-Request")
    live = rule_sets.live(at=now)
    context = {
        "rule_set": chosen,
        "live": live,
        "tabs": tabs("rule_sets"),
        "needed_days": actions.WATCHED_DAYS,
    }
    if actions.may_run(chosen):
        test, is_new = actions.ask(chosen, live, at=now)
        if is_new:
            tasks.run_back_test.enqueue(test.id)
        told = test if test.result else _before(test)
        shown = back_tests.shown(told) if told else None
        context |= {"test": test, "shown": shown, "stale": test.finished_at is None}
        if told and shown:
            changed = told.sides.select_related("lead__person__company").order_by("id")
            sides = list(changed[:_SHOWN] if partial else changed)
            for side in sides:
                side.became = LABELS.get(side.outcome, "")  # type: ignore[attr-defined]
            result = shown.result
            of_rules = lifts.lifts(result.rules, all_leads=(result.leads, result.sqls, result.customers))
            context |= {
                "lifts": of_rules,
                "ranked": of_rules.ranked(chosen.rules.rules),
                "sides": sides,
                "more": result.changed_sides - len(sides),
                "first_at": clock.from_ms(result.first_at),
                "last_at": clock.from_ms(result.last_at),
            }
    else:
        context["problems"] = True
    return render(request, "qualify/_back_test.html" if partial else "qualify/back_test.html", context)


def _before(test: BackTest) -> BackTest | None:
    """The last run of this set that has a result."""
    done = BackTest.objects.filter(rule_set=test.rule_set, finished_at__isnull=False, trouble="")
    return done.order_by("-finished_at").first()
