"""The decisions of a policy as tables: whether it is time, and what becomes of a new version."""

from __future__ import annotations

from dataclasses import replace

import pytest

from automl_core.errors import InputError
from automl_core.registry.paired import Paired
from automl_core.registry.store import Registered
from automl_core.retraining.deciding import DAY, Facts, due, fate
from automl_core.retraining.policy import (
    Firing,
    Policy,
    check_policy,
    delete_policy,
    list_firings,
    list_policies,
    save_firing,
    save_policy,
)

FACTS = Facts(now=10 * DAY, last=0.0)


@pytest.mark.parametrize(
    ("policy", "facts", "fires", "reason"),
    [
        (Policy("p", "time", enabled=False), FACTS, False, "It is switched off."),
        (Policy("p", "time"), replace(FACTS, champion=0), False, "There is no champion to set a new version against."),
        (Policy("p", "time"), FACTS, True, "10.0 days have passed; it runs every 7."),
        (Policy("p", "time"), replace(FACTS, last=4 * DAY), False, "6.0 of 7 days have passed."),
        (Policy("p", "data"), FACTS, False, "No new file arrived."),
        (Policy("p", "data"), replace(FACTS, writing=1), False, "1 file is still being written."),
        (Policy("p", "data"), replace(FACTS, writing=2), False, "2 files are still being written."),
        (Policy("p", "data"), replace(FACTS, arrived=1, writing=1), True, "1 new file arrived."),
        (Policy("p", "data"), replace(FACTS, arrived=3), True, "3 new files arrived."),
        (
            Policy("p", "data", pause_days=11),
            replace(FACTS, now=11 * DAY, arrived=3, fired=1 * DAY),
            False,
            "It fired 10.0 days ago and pauses for 11.",
        ),
        (Policy("p", "data", pause_days=11), replace(FACTS, arrived=3), True, "3 new files arrived."),
        (
            Policy("p", "drift"),
            replace(FACTS, drift="act", fired=9.5 * DAY),
            False,
            "It fired 0.5 days ago and pauses for 1.",
        ),
        (Policy("p", "drift"), FACTS, False, "Drift was not looked at yet."),
        (Policy("p", "drift"), replace(FACTS, drift="watch"), False, "The drift verdict is watch."),
        (Policy("p", "drift"), replace(FACTS, drift="act"), True, "The drift verdict is to act."),
        (Policy("p", "performance"), FACTS, False, "The performance is not known yet."),
        (
            Policy("p", "performance"),
            replace(FACTS, drop=0.05),
            False,
            "Performance fell by 5.0%; the policy's limit is 10%.",
        ),
        (Policy("p", "performance"), replace(FACTS, drop=0.1), True, "Performance fell by 10.0%; the policy's limit is 10%."),
        (Policy("p", "performance"), replace(FACTS, drop=-0.3), False, "Performance fell by 0.0%; the policy's limit is 10%."),
        (Policy("p", "limits", then="rollback"), FACTS, False, "No limit was crossed."),
        (Policy("p", "limits", then="rollback"), replace(FACTS, crossed=("disk",)), False, "No limit was crossed."),
        (
            Policy("p", "limits", then="rollback"),
            replace(FACTS, crossed=("errors", "latency")),
            True,
            "A limit was crossed: errors, latency.",
        ),
        (
            Policy("p", "limits", then="rollback"),
            replace(FACTS, crossed=("errors",), has_earlier=False),
            False,
            "There is no earlier champion to go back to.",
        ),
        (
            Policy("p", "limits", then="fallback", fallback=1),
            replace(FACTS, crossed=("errors",)),
            False,
            "Version 1 answers already.",
        ),
        (
            Policy("p", "limits", then="fallback", fallback=1),
            replace(FACTS, crossed=("errors",), champion=2),
            True,
            "A limit was crossed: errors.",
        ),
    ],
)
def test_whether_it_is_time(policy, facts, fires, reason):
    found = due(policy, facts)
    assert (found.value, found.reason) == (fires, reason)


PAIRED = Paired("roc_auc", "ROC AUC", True, 100, 0.8, 0.85, 0.05, 0.01, 0.09, "better")


@pytest.mark.parametrize(
    ("then", "outcome", "becomes", "begins"),
    [
        ("promote", "better", "promote", "It wins: ROC AUC 0.85 against 0.8 on 100 labelled rows, better by more than chance"),
        ("challenger", "better", "challenger", "It wins, and a person decides: "),
        ("promote", "level", "challenger", "It does not win, and a person may decide: "),
        ("challenger", "level", "challenger", "It does not win, and a person may decide: "),
        ("promote", "worse", "keep", "It loses: "),
        ("challenger", "worse", "keep", "It loses: "),
        ("promote", "too few rows", "keep", "It cannot be judged: "),
        ("challenger", "too few rows", "keep", "It cannot be judged: "),
    ],
)
def test_what_becomes_of_a_new_version(then, outcome, becomes, begins):
    found = fate(then, replace(PAIRED, outcome=outcome))
    assert found.value == becomes
    assert found.reason.startswith(begins)


def test_nothing_is_promoted_that_does_not_win():
    promoted = [
        outcome
        for then in ("promote", "challenger")
        for outcome in ("better", "level", "worse", "too few rows")
        if fate(then, replace(PAIRED, outcome=outcome)).value == "promote"  # type: ignore[arg-type]
    ]
    assert promoted == ["better"]


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (Policy("", "time"), "The policy has no name"),
        (Policy("p", "noon"), "when is 'noon'. It must be one of time, data, drift"),
        (Policy("p", "time", days=0), "It would run every 0 days"),
        (Policy("p", "data"), "Nothing is watched. New rows need a folder"),
        (Policy("p", "data", watched="inbox"), "'inbox' is no whole path. It must begin with a slash"),
        (Policy("p", "data", watched="/not/there"), "There is no /not/there on this machine"),
        (Policy("p", "time", on="last_days"), "The last days of rows need a date column"),
        (Policy("p", "limits", then="fallback", fallback=9), "shop has no version 9 to fall back to"),
        (Policy("p", "data", watched="/tmp", then="rollback"), "New rows are no reason to go back"),
    ],
)
def test_policies_that_make_no_sense_are_refused(shop: Registered, policy, told):
    with pytest.raises(InputError, match=told):
        check_policy(policy, shop)


def test_policies_and_firings_survive_their_files(shop: Registered):
    kept = save_policy(shop, Policy("Weekly", "time", how="search", then="promote"))
    assert list_policies(shop) == [kept]
    assert kept.sentence == (
        "Every 7 days, search anew for 60 s with the same recipe on all rows, then promote it if it wins by more than chance."
    )
    firing = Firing(
        "fi261124-aaaaaaaa", kept.id, "Weekly", 5.0, "7 days have passed", compared=PAIRED.to_dict(), files=("a.csv",)
    )
    save_firing(shop, firing)
    assert list_firings(shop) == [firing]
    delete_policy(shop, kept.id)
    assert list_policies(shop) == [] and list_firings(shop) == [firing]
