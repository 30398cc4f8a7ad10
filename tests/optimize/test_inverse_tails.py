"""The original's rules of inverse tail risk: its numbers, and its own answers."""

import json
import os
import subprocess

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from optimize.tail_cases import made
from oracles import tails as oracle

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.optimize import inverse_cdar_weights, inverse_cvar_weights

METHODS = {False: inverse_cvar_weights, True: inverse_cdar_weights}
EXAMPLE = [
    [0.010, 0.004, -0.002],
    [-0.003, 0.006, 0.001],
    [0.007, -0.001, 0.002],
    [0.004, 0.003, -0.004],
    [-0.002, 0.005, 0.003],
    [0.006, -0.002, 0.001],
]


def random_case(seed):
    generator = np.random.default_rng(seed)
    periods, assets = int(generator.integers(2, 80)), int(generator.integers(1, 9))
    returns = made(periods, assets, seed) * float(generator.choice([0.01, 1.0, 30.0]))
    if seed % 5 == 1:
        returns = np.abs(returns)
    if seed % 5 == 2:
        returns = np.round(returns, 2)
    return returns, float(generator.choice([0.95, 0.9, 0.5, 0.2, 0.99, 0.9999, 2.0, -1.0, np.nan]))


@pytest.mark.core
def test_the_worked_example():
    expected = [0.3076923076923077, 0.46153846153846156, 0.23076923076923078]
    assert inverse_cvar_weights(EXAMPLE) == expected
    assert inverse_cvar_weights(EXAMPLE, ["A", "B", "C"], 0.95) == dict(
        zip("ABC", expected, strict=True)
    )
    assert inverse_cdar_weights(EXAMPLE, ["A", "B", "C"], 0.9) == {
        "A": 0.30769230769230776,
        "B": 0.46153846153845685,
        "C": 0.23076923076923536,
    }


@pytest.mark.core
@pytest.mark.parametrize("of_drawdowns", [False, True], ids=["cvar", "cdar"])
def test_equals_the_rule_to_the_last_bit(of_drawdowns):
    for seed in range(60):
        returns, alpha = random_case(seed)
        expected = oracle.inverse_weights(returns, alpha, of_drawdowns)
        assert METHODS[of_drawdowns](returns, alpha=alpha).tolist() == expected


def test_equals_the_original(tmp_path):
    wheel = os.environ.get("NANOBOOK_ORIGINAL_PYTHON")
    if wheel is None:
        pytest.skip("NANOBOOK_ORIGINAL_PYTHON names no Python that has the original, 0.9.3")
    cases = [random_case(seed) for seed in range(400)]
    asked = [(returns.tolist(), None if np.isnan(a) else a) for returns, a in cases]
    script = (
        "import json, sys, nanobook as nb\n"
        "out = []\n"
        "for m, a in json.load(sys.stdin):\n"
        "    names, a = [str(i) for i in range(len(m[0]))], float('nan') if a is None else a\n"
        "    got = [f(m, names, a) for f in (nb.inverse_cvar_weights, nb.inverse_cdar_weights)]\n"
        "    out.append([[g[n] for n in names] for g in got])\n"
        "json.dump(out, sys.stdout)\n"
    )
    done = subprocess.run(
        [wheel, "-c", script],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
    )
    for (returns, alpha), (cvar, cdar) in zip(cases, json.loads(done.stdout), strict=True):
        assert inverse_cvar_weights(returns, alpha=alpha).tolist() == cvar
        assert inverse_cdar_weights(returns, alpha=alpha).tolist() == cdar


@pytest.mark.parametrize("of_drawdowns", [False, True], ids=["cvar", "cdar"])
def test_dress_and_certificate(of_drawdowns):
    method, risk = METHODS[of_drawdowns], (oracle.cvar, oracle.cdar)[of_drawdowns]
    frame = pd.DataFrame(made(60, 3, 1), columns=list("abc"))
    weights = method(frame)
    assert list(weights.index) == list("abc")
    rule = method(frame.to_numpy(), certificate=True)
    assert rule.status == "computed"
    assert_allclose(rule.weights, weights.to_numpy(), rtol=0)
    assert_allclose(rule.objective, risk(frame.to_numpy(), rule.weights, 0.95), rtol=1e-13)
    assert method(frame.to_numpy()[:, :1]).tolist() == [1.0]
    frame.iloc[4, 1] = np.nan
    assert_allclose(method(frame, missing="complete"), method(frame.dropna()))


@pytest.mark.core
def test_bad_arguments_are_named():
    with pytest.raises(ValidationError, match="missing='complete'"):
        inverse_cvar_weights([[0.1, np.nan], [0.1, 0.2]])
    with pytest.raises(ValidationError, match="'pairwise'"):
        inverse_cvar_weights([[0.1, np.nan], [0.1, 0.2]], missing="pairwise")
    with pytest.raises(ArgumentTypeError, match="alpha must be a number"):
        inverse_cdar_weights(EXAMPLE, alpha="high")
