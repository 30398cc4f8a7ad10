"""What can't be kept together is named: all that's needed for the conflict, and nothing else."""

import pickle

import numpy as np
import pytest

from nanobook import (
    Cardinality,
    FactorExposure,
    GrossLimit,
    GroupLimit,
    LinearConstraint,
    MinimumPosition,
    NetLimit,
    TrackingErrorLimit,
    TransactionCost,
    TurnoverLimit,
    optimize,
)
from nanobook.errors import ArgumentTypeError, InfeasibleError, ValidationError

N = 6
RETURNS = np.random.default_rng(0).normal(0.001, 0.01, (80, N))
SECTORS = {0: "tech", 1: "tech", 2: "banks", 3: "banks", 4: "oil", 5: "oil"}
CURRENT = np.array([0.6, 0.0, 0.4, 0.0, 0.0, 0.0])
HARMLESS = [
    FactorExposure(np.ones(N), upper=3.0),
    GrossLimit(4.0),
    LinearConstraint(np.eye(N)[1], upper=0.9),
]
BUDGET, LOWER, UPPER = "the budget (weights add up to 1)", "lower bounds", "upper bounds"

#: Constraints, bounds, and the words that must be named, those and no others.
CONFLICTS = {
    "turnover and group": (
        [TurnoverLimit(0.05), GroupLimit(SECTORS, upper={"tech": 0.2, "oil": 0.9})],
        {},
        {"TurnoverLimit(0.05)", "GroupLimit(tech <= 0.2)"},
    ),
    "groups and budget": (
        [GroupLimit(SECTORS, upper=0.3)],
        {},
        {BUDGET, *(f"GroupLimit({name} <= 0.3)" for name in ("tech", "banks", "oil"))},
    ),
    "bounds above": ([], {"upper": 0.1}, {BUDGET, UPPER}),
    "bounds below": ([], {"lower": 0.2}, {BUDGET, LOWER}),
    "cardinality": ([Cardinality(2)], {"upper": 0.3}, {BUDGET, UPPER, "Cardinality(2)"}),
    "cardinality and must": ([Cardinality(3)], {"lower": 0.1}, {LOWER, "Cardinality(3)"}),
    "least number": (
        [Cardinality(6, 5), MinimumPosition(0.25)],
        {},
        {BUDGET, "Cardinality(5 .. 6)", "MinimumPosition(0.25)"},
    ),
    "minimum position": (
        [MinimumPosition(0.6), LinearConstraint(np.eye(N)[0], 0.1, 0.2)],
        {},
        {"MinimumPosition(0.6)", "LinearConstraint(row 0 in 0.1 .. 0.2)"},
    ),
    "gross": ([GrossLimit(0.8)], {"lower": -1.0}, {BUDGET, "GrossLimit(0.8)"}),
    "net and gross": (
        [NetLimit(1.2), GrossLimit(1.1)],
        {"lower": -1.0},
        {"NetLimit(= 1.2)", "GrossLimit(1.1)"},
    ),
    "factor": (
        [FactorExposure(np.full(N, 2.0), upper=1.5)],
        {},
        {BUDGET, "FactorExposure(factor 0 <= 1.5)"},
    ),
    "linear": (
        [LinearConstraint(np.eye(N)[:2], lower=[0.7, 0.6])],
        {},
        {BUDGET, LOWER, "LinearConstraint(row 0 >= 0.7)", "LinearConstraint(row 1 >= 0.6)"},
    ),
    "tracking error and turnover": (
        [TrackingErrorLimit(0.0005), TurnoverLimit(0.1)],
        {},
        {"TrackingErrorLimit(0.0005)", "TurnoverLimit(0.1)"},
    ),
    "tracking error and group": (
        [TrackingErrorLimit(0.0005), GroupLimit(SECTORS, upper={"oil": 0.1})],
        {},
        {"TrackingErrorLimit(0.0005)", "GroupLimit(oil <= 0.1)"},
    ),
}


def problem(constraints, bounds):
    return {
        "constraints": constraints,
        "current": CURRENT,
        "benchmark": np.full(N, 1 / N),
        **bounds,
    }


@pytest.mark.parametrize("objective", ["min_variance", "max_sharpe", "cvar", "max_return"])
@pytest.mark.parametrize("case", CONFLICTS)
def test_the_conflict_is_named_and_nothing_else(case, objective):
    constraints, bounds, words = CONFLICTS[case]
    bystanders = [] if any(isinstance(one, GrossLimit) for one in constraints) else HARMLESS
    if objective != "min_variance" and bystanders:
        bystanders = HARMLESS[:1]
    with pytest.raises(InfeasibleError) as caught:
        optimize(RETURNS, objective, **problem([*bystanders, *constraints], bounds))
    assert set(caught.value.conflict) == words
    for name in words:
        assert name in str(caught.value)


@pytest.mark.parametrize("case", CONFLICTS)
def test_any_of_them_away_the_others_can_be_kept(case):
    constraints, bounds, _ = CONFLICTS[case]
    for one in constraints:
        if isinstance(one, MinimumPosition) and any(
            isinstance(c, Cardinality) for c in constraints
        ):
            continue  # the least number can't do without
        rest = [other for other in constraints if other is not one]
        if isinstance(one, GroupLimit | LinearConstraint) or rest:
            answer = optimize(RETURNS, **problem(rest, bounds))
            assert answer.status == "optimal"


def test_the_message_tells_by_how_much():
    constraints, _, _ = CONFLICTS["turnover and group"]
    with pytest.raises(InfeasibleError) as caught:
        optimize(RETURNS, **problem(constraints, {}))
    assert str(caught.value) == (
        "TurnoverLimit(0.05) and GroupLimit(tech <= 0.2) can't be kept together; "
        "TurnoverLimit(0.05) by 0.75 or GroupLimit(tech <= 0.2) by 0.375 has to give way, "
        "all else kept (GroupLimit(tech <= 0.2) is at 0.6 now)"
    )
    eased = [TurnoverLimit(0.8), GroupLimit(SECTORS, upper={"tech": 0.2})]
    assert optimize(RETURNS, **problem(eased, {})).status == "optimal"
    eased = [TurnoverLimit(0.05), GroupLimit(SECTORS, upper={"tech": 0.575})]
    assert optimize(RETURNS, **problem(eased, {})).status == "optimal"
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.conflict == caught.value.conflict


def test_no_excess_is_said_to_be_so():
    with pytest.raises(ValidationError, match="max_sharpe needs weights that earn more than"):
        optimize(RETURNS, "max_sharpe", constraints=[GroupLimit(SECTORS, upper=0.4)], risk_free=0.1)


# ---- what can't be read --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GroupLimit(SECTORS), "GroupLimit must have a lower or an upper limit"),
        (lambda: GroupLimit("abc", upper=1), "groups must be a mapping or a sequence"),
        (lambda: GroupLimit(SECTORS, 0.5, 0.2), "lower must not be above upper, got 0.5 above 0.2"),
        (lambda: GroupLimit(SECTORS, upper={"tech": "x"}), r"GroupLimit upper\['tech'\] must be a"),
        (lambda: TurnoverLimit(-0.1), "TurnoverLimit limit must be at least 0"),
        (lambda: TurnoverLimit(float("nan")), "TurnoverLimit limit must be finite"),
        (lambda: TransactionCost(-1), "TransactionCost bps must be at least 0"),
        (lambda: TransactionCost(1, periods=0), "periods must be above 0"),
        (lambda: TrackingErrorLimit("x"), "TrackingErrorLimit limit must be a number"),
        (lambda: GrossLimit(-1), "GrossLimit limit must be at least 0"),
        (lambda: NetLimit(1, 0.5), "NetLimit upper must be at least 1"),
        (lambda: Cardinality(0), "Cardinality most must lie between 1"),
        (lambda: Cardinality(2, 3), "least must not be above most, got 3 above 2"),
        (lambda: MinimumPosition(0.0), "MinimumPosition least must be above 0"),
        (lambda: FactorExposure([1, 2]), "FactorExposure must have a lower or an upper"),
        (lambda: LinearConstraint([1, 2], 2, 1), "lower must not be above upper, got 2 above 1"),
    ],
)
def test_a_constraint_checks_what_its_given(make, message):
    with pytest.raises(ValidationError, match=message):
        make()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective": "best"}, "objective must be one of min_variance, .* got 'best'"),
        ({"constraints": ["x"]}, "constraints must be of nanobook's own kinds"),
        ({"constraints": [TurnoverLimit(0.1)]}, "current must be given"),
        ({"constraints": [TrackingErrorLimit(0.1)]}, "benchmark must be given"),
        ({"objective": "tracking_error"}, "benchmark must be given"),
        ({"constraints": [GroupLimit({9: "a"}, upper=1)]}, "9 isn't one"),
        ({"constraints": [GroupLimit(["a"], upper=1)]}, "a group for each of 6 assets, got 1"),
        ({"constraints": [GroupLimit(SECTORS, upper={"gold": 1})]}, "must name what there is"),
        ({"constraints": [FactorExposure(np.ones(4), upper=1)]}, "for each of 6 assets"),
        ({"constraints": [LinearConstraint({7: 1.0}, upper=1)]}, "7 isn't one"),
        ({"constraints": [Cardinality(3, 2)]}, "needs a MinimumPosition"),
        ({"constraints": [NetLimit(1), NetLimit(0)]}, "one NetLimit at most"),
        ({"objective": "hrp", "constraints": [GrossLimit(1)]}, "knows no constraints"),
        ({"objective": "risk_parity", "costs": 5, "current": CURRENT}, "costs don't go with"),
        ({"objective": "risk_parity", "constraints": [Cardinality(2)]}, "can't choose among"),
        (
            {"objective": "max_sharpe", "costs": TransactionCost(1, 0.1), "current": CURRENT},
            r"quadratic costs \(impact\) don't go with 'max_sharpe'",
        ),
        ({"solver": "gurobi"}, "solver must be 'clarabel'"),
        ({"alpha": 0.0, "objective": "cvar"}, "alpha must be above 0"),
        ({"lower": 0.5, "upper": 0.2, "solver": "clarabel"}, "lower must not be above upper"),
        ({"current": [np.nan] * N, "constraints": [TurnoverLimit(1)]}, "current must be finite"),
        ({"constraints": [GrossLimit(2)], "covariance": -np.eye(N)}, "negative variances"),
        (
            {"constraints": [GrossLimit(2)], "covariance": np.eye(N) - 1.0 + 0.5 * np.eye(N)},
            "positive semidefinite|negative variances",
        ),
    ],
)
def test_what_doesnt_fit_is_said(options, message):
    with pytest.raises(ValidationError, match=message):
        optimize(RETURNS, **options)


def test_no_constraint_is_of_another_kind():
    with pytest.raises(ArgumentTypeError):
        optimize(RETURNS, constraints=[object()])
