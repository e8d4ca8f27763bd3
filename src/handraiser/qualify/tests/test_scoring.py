"""The scoring rules alone: worked examples of the classic set, then properties that hold for any history."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handraiser.kit.errors import DomainError
from handraiser.qualify.rules import editing, rule_set, scoring, validation, wording
from handraiser.qualify.rules.defaults import CLASSIC
from handraiser.qualify.rules.rule_set import (
    DAY_MS,
    PARTS,
    POINT,
    AttributeRule,
    EventRule,
    Exclusion,
    FrequencyRule,
    Limits,
    Range,
    Signal,
    weights,
)
from handraiser.qualify.rules.scoring import Evidence, evaluate

NOW = 400 * DAY_MS
HOUR = 3_600_000
MINUTE = 60_000


def event(name: str, *, ago: int, key: str = "", visitor: str = "v1", **body) -> Evidence:
    return Evidence(key or f"{name}:{ago}:{visitor}:{sorted(body.items())}", name, NOW - ago, visitor, body)


def pricing(ago: int, **more) -> Evidence:
    return event("attract.page_viewed", ago=ago, path="/pricing/", **more)


def opened(ago: int, message: str, **more) -> Evidence:
    return event("delivery.email_opened", ago=ago, message=message, **more)


def points(attributes=None, *events, now=NOW, rules=CLASSIC) -> float:
    return evaluate(rules, attributes or {}, events, now_ms=now).total / POINT


def alone(**more):
    """The classic set with one rule in place of its own: every opening gives ten points."""
    rule = EventRule(key="one", group="engagement", points=10 * POINT, event="delivery.email_opened", **more)
    return msgspec.structs.replace(CLASSIC, rules=(rule,))


class TestFadingAndCaps:
    def test_half_is_left_after_the_half_life_and_nothing_after_six(self):
        rules = alone(half_life_days=10)
        worth = {days: points({}, opened(days * DAY_MS, "m"), rules=rules) for days in (0, 10, 20, 59, 60)}
        assert worth == {0: 10, 10: 5, 20: 2.5, 59: 0.167455, 60: 0}
        assert points({}, opened(DAY_MS - 1, "m"), rules=rules) == 10
        assert points({}, opened(DAY_MS, "m"), rules=rules) == 9.330329

    @pytest.mark.parametrize("half_life", [1, 2, 7, 30, 365])
    def test_what_is_left_is_exact(self, half_life):
        table = weights(half_life)
        assert len(table) == 6 * half_life
        for age, part in enumerate(table):
            exact = PARTS**half_life >> age  # part^h <= PARTS^h / 2^age < (part + 1)^h
            if age < 3 or age % 41 == 0:
                assert part**half_life <= exact < (part + 1) ** half_life

    def test_parts_are_added_up_before_they_are_rounded(self):
        rules = alone(half_life_days=3)
        ages = (1, 4, 5, 8)
        parts = sum(weights(3)[age] for age in ages)
        score = evaluate(rules, {}, [opened(age * DAY_MS, str(age)) for age in ages], now_ms=NOW)
        assert score.total == 10 * POINT * parts // PARTS
        assert score.lines[0].left == tuple(weights(3)[age] for age in reversed(ages))

    def test_it_changes_with_every_whole_day_of_an_event(self):
        score = evaluate(
            alone(half_life_days=3), {}, [opened(5 * HOUR, "a"), opened(30 * HOUR, "b")], now_ms=NOW
        )
        assert score.next_change_at == NOW + 18 * HOUR

    def test_so_many_a_day_count_the_newest_of_a_day(self):
        noon = 12 * HOUR  # NOW is midnight
        of_days = [opened(noon + day * DAY_MS + i * HOUR, f"{day}.{i}") for day in range(3) for i in range(4)]
        score = evaluate(alone(at_most_a_day=2), {}, of_days, now_ms=NOW)
        assert (score.total, score.lines[0].count, score.lines[0].capped) == (60 * POINT, 12, "rule")
        newest = {(noon + day * DAY_MS + i * HOUR) for day in range(3) for i in range(2)}
        assert {int(key.split(":")[1]) for key in score.lines[0].because} == newest

    def test_in_no_thirty_days_do_more_count(self):
        rules = alone(at_most_30_days=2, counting="distinct", distinct="message")
        days = [0, 1, 2, 29, 30, 31, 60, 61]
        score = evaluate(rules, {}, [opened(day * DAY_MS, str(day)) for day in days], now_ms=NOW)
        counted = sorted((NOW - int(key.split(":")[1])) // DAY_MS for key in score.lines[0].because)
        assert score.total == 60 * POINT
        assert [NOW // DAY_MS - day for day in reversed(counted)] == [0, 1, 30, 31, 60, 61]

    def test_a_thing_counts_as_its_newest_event_before_the_caps_are_looked_at(self):
        rules = alone(at_most_a_day=1, counting="distinct", distinct="message")
        same_day = [opened(13 * HOUR, "a"), opened(14 * HOUR, "b")]
        assert points({}, *same_day, rules=rules) == 10
        assert points({}, *same_day, opened(0, "a", key="again"), rules=rules) == 20

    def test_what_left_its_window_decides_nothing(self):
        rules = alone(at_most_30_days=1, days=40)
        days = (0, 29, 39, 41)
        every = [opened(day * DAY_MS, str(day)) for day in days]
        assert points({}, *every, rules=rules) == points({}, *every[:3], rules=rules) == 20

    def test_against_fades_too(self):
        rules = msgspec.structs.replace(
            CLASSIC,
            rules=(
                EventRule(
                    key="x", group="against", points=-POINT, event="delivery.email_opened", half_life_days=2
                ),
            ),
        )
        assert points({}, opened(DAY_MS, "m"), rules=rules) == -0.707106


class TestClassicSet:
    def test_each_rule_as_written(self):
        assert points({}, pricing(HOUR)) == 10
        assert points({}, event("capture.magnet_downloaded", ago=1, magnet="m1", kind="ebook")) == 5
        assert points({"job_title": "VP of Marketing"}) == 15
        assert points({"email_free": True}) == -5
        assert points({}, *(opened(i * DAY_MS, f"msg{i}") for i in range(5))) == 20
        assert points({}, event("capture.form_submitted", ago=1, intent="demo", form="f")) == 40

    def test_unknown_is_not_no(self):
        assert evaluate(CLASSIC, {}, [], now_ms=NOW).lines == ()
        assert points({"job_title": "Head of Sales", "email_free": False}) == 0

    def test_pricing_counts_visits_not_page_views(self):
        reloads = [pricing(HOUR - i * MINUTE) for i in range(5)]
        assert points({}, *reloads) == 10
        assert points({}, pricing(2 * HOUR), pricing(HOUR)) == 20

    def test_looking_around_in_between_is_the_same_visit(self):
        around = [event("attract.page_viewed", ago=HOUR - m * MINUTE, path="/blog/") for m in (20, 40)]
        assert points({}, pricing(HOUR), *around, pricing(HOUR - 55 * MINUTE)) == 10

    def test_two_browsers_are_two_visits(self):
        assert points({}, pricing(HOUR), pricing(HOUR - MINUTE, visitor="v2")) == 20

    def test_pricing_counts_four_visits_in_thirty_days(self):
        visits = [pricing(i * DAY_MS) for i in range(1, 8)]
        score = evaluate(CLASSIC, {}, visits, now_ms=NOW)
        assert score.total == 40 * POINT
        [line] = score.lines
        assert (line.count, line.counted, line.capped) == (7, 4, "rule")
        assert points({}, pricing(30 * DAY_MS)) == 0
        assert points({}, pricing(30 * DAY_MS - 1)) == 10

    def test_the_address_of_a_page_is_compared_without_its_last_slash(self):
        assert points({}, event("attract.page_viewed", ago=1, path="/pricing")) == 10
        assert points({}, event("attract.page_viewed", ago=1, path="/pricing/faq/")) == 0

    def test_an_ebook_counts_once(self):
        again = [event("capture.magnet_downloaded", ago=i, magnet="m1", kind="ebook") for i in range(3)]
        other = event("capture.magnet_downloaded", ago=9, magnet="m2", kind="ebook")
        assert points({}, *again) == 5
        assert points({}, *again, other) == 10
        assert points({}, event("capture.magnet_downloaded", ago=9, magnet="m3", kind="template")) == 0

    def test_five_different_emails_in_a_week(self):
        assert points({}, *(opened(i * DAY_MS, f"msg{i}") for i in range(4))) == 0
        assert points({}, *(opened(i, "the same") for i in range(9))) == 0
        week = [opened(ago, f"msg{ago}") for ago in (0, 1, 2, 3, 7 * DAY_MS - 1)]
        assert points({}, *week) == 20
        longer = [opened(ago, f"msg{ago}") for ago in (0, 1, 2, 3, 7 * DAY_MS)]
        assert points({}, *longer) == 0

    def test_five_emails_count_while_five_lie_in_the_last_week(self):
        history = [opened(i * HOUR, f"msg{i}") for i in range(6)]
        until = evaluate(CLASSIC, {}, history, now_ms=NOW).next_change_at
        assert until == NOW - 4 * HOUR + 7 * DAY_MS
        assert points({}, *history, now=until - 1) == 20
        assert points({}, *history, now=until) == 0

    def test_machines_and_bots_weigh_nothing(self):
        proxies = [opened(i, f"msg{i}", machine="apple_mpp") for i in range(9)]
        assert points({}, *proxies, pricing(HOUR, bot="crawler")) == 0

    def test_gmail_and_a_title_stand_apart(self):
        score = evaluate(CLASSIC, {"job_title": "vp  of marketing EMEA", "email_free": True}, [], now_ms=NOW)
        assert [line.points // POINT for line in score.lines] == [15, -5]
        assert (score.fit, score.engagement) == (10 * POINT, 0)
        assert score.grade == "B3"

    def test_a_demo_and_four_visits_are_hot(self):
        demo = event("capture.form_submitted", ago=1, intent="demo", form="f")
        score = evaluate(CLASSIC, {}, [demo, *(pricing(i * DAY_MS) for i in range(4))], now_ms=NOW)
        assert (score.total // POINT, score.temperature, score.grade) == (80, "hot", "C1")


class TestLimits:
    def test_a_group_is_cut_at_its_limit_in_the_order_of_its_rules(self):
        rules = rule_set.from_data(
            rule_set.to_data(CLASSIC) | {"limits": {"fit": 40, "engagement": 50 * POINT, "against": 0}}
        )
        demo = event("capture.form_submitted", ago=1, intent="demo", form="f")
        score = evaluate(rules, {"email_free": True}, [demo, pricing(1), pricing(DAY_MS)], now_ms=NOW)
        by_rule = {line.rule: line for line in score.lines}
        assert by_rule["pricing"].points == 20 * POINT
        assert (by_rule["demo"].points, by_rule["demo"].capped) == (30 * POINT, "group")
        assert by_rule["demo"].earned == 40 * POINT
        assert by_rule["free_mail"].points == 0

    def test_numbers_between_bounds(self):
        rule = AttributeRule(
            key="size",
            group="fit",
            points=POINT,
            field="company_employees",
            test="between",
            low=250,
            high=999,
        )
        rules = rule_set.Rules(threshold=POINT, limits=CLASSIC.limits, bands=CLASSIC.bands, rules=(rule,))
        for size, expected in ((249, 0), (250, 1), (999, 1), (1000, 0), ("400", 1), ("many", 0)):
            assert points({"company_employees": size}, rules=rules) == expected

    def test_several_values_and_a_star(self):
        rule = EventRule(
            key="careers",
            group="against",
            points=-10 * POINT,
            event="attract.page_viewed",
            where_field="path",
            value="/jobs/, /careers/*",
            counting="once",
        )
        rules = rule_set.Rules(threshold=POINT, limits=CLASSIC.limits, bands=CLASSIC.bands, rules=(rule,))
        for path, expected in (("/jobs", -10), ("/careers/engineer/", -10), ("/career/", 0)):
            score = evaluate(rules, {}, [event("attract.page_viewed", ago=1, path=path)], now_ms=NOW)
            assert (score.total / POINT, score.fit) == (expected, 0)


class TestCheck:
    def test_the_classic_set_is_sound_and_survives_storing(self):
        assert validation.check(CLASSIC) == []
        assert rule_set.from_data(rule_set.to_data(CLASSIC)) == CLASSIC

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"points": -5 * POINT}, "points"),
            ({"points": 0}, "points"),
            ({"value": " , "}, "value"),
            ({"event": "unheard.of"}, "event"),
            ({"at_most": 0}, "at_most"),
            ({"days": 0}, "days"),
        ],
    )
    def test_a_rule_that_cannot_work_is_named(self, change, code):
        data = rule_set.to_data(CLASSIC)
        data["rules"][1] |= change
        [problem] = validation.check(rule_set.from_data(data))
        assert problem.code == code
        assert problem.field.startswith("pricing.")

    def test_something_else_is_refused(self):
        with pytest.raises(DomainError, match="cannot be read"):
            rule_set.from_data({"threshold": "many"})


class TestWording:
    def test_rules_read_as_sentences(self):
        assert [wording.title(rule) for rule in CLASSIC.rules] == [
            "Job title contains **VP of Marketing**",
            "Visited **/pricing/**",
            "Downloaded an **ebook**",
            "Opened **5 different emails** in 7 days",
            "Asked for **a demo**",
            "**Email is at a free mail service**",
        ]
        assert wording.how_counted(CLASSIC.rules[1]) == "each visit, at most 4 in 30 days"

    @pytest.mark.parametrize(
        ("micro", "text"), [(10 * POINT, "+10"), (-5 * POINT, "−5"), (1_500_000, "+1.5"), (0, "+0")]
    )
    def test_points(self, micro, text):
        assert wording.points(micro) == text


# A busy machine is no finding.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
moments = st.integers(0, 120 * DAY_MS)
visitors = st.sampled_from(["", "v1", "v2"])
machines = st.sampled_from(["", "", "scanner"])
events = st.one_of(
    st.builds(
        lambda ago, visitor, path: event("attract.page_viewed", ago=ago, visitor=visitor, path=path),
        moments,
        visitors,
        st.sampled_from(["/pricing/", "/blog/"]),
    ),
    st.builds(
        lambda ago, message, machine: opened(ago, message, machine=machine),
        moments,
        st.sampled_from("abcdefg"),
        machines,
    ),
    st.builds(
        lambda ago, magnet: event("capture.magnet_downloaded", ago=ago, magnet=magnet, kind="ebook"),
        moments,
        st.sampled_from("mno"),
    ),
    st.builds(lambda ago: event("capture.form_submitted", ago=ago, intent="demo", form="f"), moments),
)
histories = st.lists(events, max_size=30)
people = st.fixed_dictionaries(
    {},
    optional={"job_title": st.sampled_from(["VP of Marketing", "Student"]), "email_free": st.booleans()},
)


class TestAnyHistory:
    @patient
    @given(people, histories, st.integers(0, 10_000))
    def test_order_and_repeats_change_nothing(self, person, history, seed):
        score = evaluate(CLASSIC, person, history, now_ms=NOW)
        shuffled = history + history[: len(history) // 2]
        Random(seed).shuffle(shuffled)
        assert evaluate(CLASSIC, person, shuffled, now_ms=NOW) == score

    @patient
    @given(people, histories)
    def test_lines_add_up_and_stay_inside_their_limits(self, person, history):
        score = evaluate(CLASSIC, person, history, now_ms=NOW)
        assert sum(line.points for line in score.lines) == score.total == score.fit + score.engagement
        group = {
            name: sum(line.points for line in score.lines if line.group == name)
            for name in ("fit", "engagement", "against")
        }
        assert 0 <= group["fit"] <= CLASSIC.limits.fit
        assert 0 <= group["engagement"] <= CLASSIC.limits.engagement
        assert CLASSIC.limits.against <= group["against"] <= 0
        for line in score.lines:
            rule = CLASSIC.rule(line.rule)
            if isinstance(rule, EventRule) and rule.at_most:
                assert line.counted <= rule.at_most

    @patient
    @given(people, histories)
    def test_nothing_changes_before_the_next_change_and_the_promise_is_kept(self, person, history):
        score = evaluate(CLASSIC, person, history, now_ms=NOW)
        later = score.next_change_at
        if later is None:
            assert evaluate(CLASSIC, person, history, now_ms=NOW + 999 * DAY_MS).lines == score.lines
            return
        assert later > NOW
        assert evaluate(CLASSIC, person, history, now_ms=later - 1).total == score.total
        assert evaluate(CLASSIC, person, history, now_ms=later).lines != score.lines

    @patient
    @given(people, histories, st.integers(0, 60 * DAY_MS))
    def test_what_comes_later_does_not_change_the_past(self, person, history, back):
        past = NOW - back
        known_then = [happening for happening in history if happening.at <= past]
        assert evaluate(CLASSIC, person, history, now_ms=past) == evaluate(
            CLASSIC, person, known_then, now_ms=past
        )

    @patient
    @given(people, histories)
    def test_events_older_than_every_window_may_be_forgotten(self, person, history):
        longest = max(rule_set.look_back_days(rule) or 0 for rule in CLASSIC.rules) * DAY_MS
        recent = [happening for happening in history if NOW - happening.at <= longest]
        assert evaluate(CLASSIC, person, history, now_ms=NOW) == evaluate(CLASSIC, person, recent, now_ms=NOW)

    def test_scores_are_exact_to_the_millisecond(self):
        edge = [pricing(30 * DAY_MS - 1), pricing(DAY_MS)]
        score = evaluate(CLASSIC, {}, edge, now_ms=NOW)
        assert score.next_change_at == NOW + 1
        assert scoring.evaluate(CLASSIC, {}, edge, now_ms=NOW + 1).total == 10 * POINT


PEOPLE = "company_employees"
SIZES = AttributeRule(
    key="sizes", group="fit", points=0, field=PEOPLE, test="ranges",
    ranges=(
        Range(low=1, high=49, points=2 * POINT),
        Range(low=50, high=249, points=6 * POINT),
        Range(low=250, points=POINT),
    ),
)  # fmt: skip


class TestRanges:
    def test_the_first_range_that_fits_gives_its_points(self):
        rules = msgspec.structs.replace(CLASSIC, rules=(SIZES,))
        worth = {
            size: points({PEOPLE: size}, rules=rules) for size in (0, 1, 49, 50, "249", 250, 9_999, "many")
        }
        assert worth == {0: 0, 1: 2, 49: 2, 50: 6, "249": 6, 250: 1, 9_999: 1, "many": 0}
        other = msgspec.structs.replace(rules, rules=(msgspec.structs.replace(SIZES, points=3 * POINT),))
        assert (points({PEOPLE: 0}, rules=other), points({}, rules=other)) == (3, 0)

    def test_they_are_written_and_read_alike(self):
        assert wording.title(SIZES) == "Company size: **1–49: 2, 50–249: 6, 250+: 1**"
        assert (wording.worth(SIZES), wording.gives(SIZES)) == ("+1–6", "")
        rules = msgspec.structs.replace(CLASSIC, rules=(SIZES,))
        same, wrong = editing.edited(rules, {"sizes.ranges": "1 - 49: 2; 50-249: 6, 250+: 1"})
        assert (same, wrong) == (rules, {})
        _, wrong = editing.edited(rules, {"sizes.ranges": "1-49"})
        assert "Example: 1–49: 2" in wrong["sizes.ranges"]


class TestLeftOut:
    RULES = msgspec.structs.replace(
        CLASSIC,
        exclusions=(
            Exclusion(
                key="out",
                reason="competitor",
                field="email_domain",
                test="is",
                value="oriel.example.com, b.example",
            ),
        ),
    )

    def test_who_is_left_out_has_no_points_and_a_reason(self):
        known = {"email_domain": "oriel.example.com", "job_title": "VP of Marketing"}
        score = evaluate(self.RULES, known, [pricing(HOUR)], now_ms=NOW)
        assert (score.total, score.lines, score.left_out, score.grade) == (0, (), "out", "C3")
        other = evaluate(self.RULES, known | {"email_domain": "x.example.com"}, [pricing(HOUR)], now_ms=NOW)
        assert (other.total, other.left_out) == (25 * POINT, "")


@pytest.mark.parametrize(
    ("key", "change", "code", "field"),
    [
        ("pricing", {"half_life_days": 7}, "window_and_half_life", "half_life_days"),
        ("pricing", {"days": None, "half_life_days": 366}, "half_life", "half_life_days"),
        ("pricing", {"at_most_a_day": 5}, "caps", "at_most_a_day"),
        ("pricing", {"at_most": None, "at_most_a_day": 3, "at_most_30_days": 2}, "caps", "at_most_a_day"),
        ("pricing", {"at_most_30_days": 5}, "caps", "at_most_30_days"),
        ("pricing", {"at_most_a_day": 0}, "at_most", "at_most_a_day"),
        ("pricing", {"points": 1_000 * POINT, "at_most": 101}, "overflow", "at_most"),
        ("ebook", {"counting": "visit"}, "counting", "counting"),
        ("ebook", {"distinct": "shoe_size"}, "distinct", "counting"),
        ("vp_of_marketing", {"field": "shoe_size"}, "field", "field"),
        ("vp_of_marketing", {"test": "between", "low": 1}, "test", "value"),
        ("vp_of_marketing", {"field": PEOPLE, "test": "ranges"}, "ranges", "ranges"),
    ],
)
def test_contradictions_unknown_names_and_overflow_are_refused_with_their_field(key, change, code, field):
    data = rule_set.to_data(CLASSIC)
    [rule] = [one for one in data["rules"] if one["key"] == key]
    rule |= change
    [problem] = validation.check(rule_set.from_data(data))
    assert (problem.code, problem.field) == (code, f"{key}.{field}")


def test_fading_points_are_read_with_one_decimal_and_never_as_more():
    assert [wording.shown(points) for points in (74_980_000, 75 * POINT, -333_333)] == ["74.9", "75", "−0.3"]
    assert (wording.shown(22_044_640, up=True), wording.given(7_955_360)) == ("22.1", "+7.9")


def test_a_number_of_different_things_that_can_never_be_seen_is_refused():
    rule = FrequencyRule(
        key="busy", group="engagement", points=POINT, event="attract.page_viewed", distinct="path",
        where_field="path", value="/a/, /b/", times=3, within_days=7,
    )  # fmt: skip
    [problem] = validation.check(msgspec.structs.replace(CLASSIC, rules=(rule,)))
    assert (problem.field, problem.message.split(".")[0]) == (
        "busy.times",
        "Only 2 can be told apart, so 3 never happen",
    )
    star = msgspec.structs.replace(rule, value="/a/*, /b/")
    assert validation.check(msgspec.structs.replace(CLASSIC, rules=(star,))) == []


@pytest.mark.parametrize(
    "change",
    [
        {"exclusions": (Exclusion(key="x", reason=" ", field="email_free", test="is_true"),)},
        {"exclusions": (Exclusion(key="x", reason="why", field="email_domain", test="is"),)},
        {"signals": (Signal(key="x", event=" "),)},
        {"signals": (Signal(key="x", event="Trial", times=0),)},
        {"limits": Limits(fit=100_001 * POINT, engagement=0, against=0)},
    ],
)
def test_the_rest_of_a_set_is_looked_at_too(change):
    assert len(validation.check(msgspec.structs.replace(CLASSIC, **change))) == 1


@pytest.mark.parametrize("ranges", [[(5, 1, 1)], [(1, None, 1), (3, 9, 1)], [(1, 2, -1)], [(1, 2, 1_001)]])
def test_ranges_that_cannot_be_are_refused(ranges):
    some = tuple(Range(low=low, high=high, points=worth * POINT) for low, high, worth in ranges)
    rules = msgspec.structs.replace(CLASSIC, rules=(msgspec.structs.replace(SIZES, ranges=some),))
    assert [problem.field for problem in validation.check(rules)] == ["sizes.ranges"]
