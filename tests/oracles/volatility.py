"""Volatility models in plain Python, from their definitions; nothing of nanobook is imported.

Parameters are dicts: ``mean`` (a list of none, one or two), ``omega``, ``alpha``, ``gamma`` and
``beta`` (lists), ``nu`` (None for normal shocks).
"""

import itertools
import math

NORMAL_SIZE = math.sqrt(2.0 / math.pi)


def residuals(returns, mean):
    """Return returns less nothing, a constant, or a constant and a part of the one before."""
    if len(mean) < 2:
        return [r - sum(mean) for r in returns]
    return [now - mean[0] - mean[1] * before for before, now in itertools.pairwise(returns)]


def backcast(returns, mean):
    """Return the mean of the first 75 squared residuals, weights falling by 0.94."""
    squares = [e * e for e in residuals(returns, mean)][:75]
    weights = [0.94**i for i in range(len(squares))]
    return sum(w * s for w, s in zip(weights, squares, strict=True)) / sum(weights)


def least_squares(returns, kind):
    """Return the parameters of a mean by least squares."""
    if kind == "zero":
        return []
    if kind == "constant":
        return [sum(returns) / len(returns)]
    left, right = returns[1:], returns[:-1]
    a, b = sum(left) / len(left), sum(right) / len(right)
    slope = sum((y - a) * (x - b) for y, x in zip(left, right, strict=True))
    slope /= sum((x - b) ** 2 for x in right)
    return [a - slope * b, slope]


def variances(model, params, returns, presample=None):
    """Return the variance of each residual and the one after the last.

    Without a presample variance it's the mean square of the residuals, and an EGARCH begins with
    the mean residual for its shocks; with one, those shocks add nothing.
    """
    e = residuals(returns, params["mean"])
    ssr = presample is None
    before = sum(x * x for x in e) / len(e) if ssr else presample
    first = sum(e) / len(e) / math.sqrt(before)
    h = []
    for t in range(len(e) + 1):
        value = params["omega"]
        for i, a in enumerate(params["alpha"], 1):
            g = params["gamma"][i - 1] if params["gamma"] else 0.0
            if model == "EGARCH":
                if t - i >= 0:
                    z = e[t - i] / math.sqrt(h[t - i])
                elif ssr:
                    z = first
                else:
                    continue
                value += a * (abs(z) - NORMAL_SIZE) + g * z
            elif t - i >= 0:
                value += (a + g * (e[t - i] < 0)) * e[t - i] ** 2
            else:
                value += (a + 0.5 * g) * before
        for j, b in enumerate(params["beta"], 1):
            past = h[t - j] if t - j >= 0 else before
            value += b * (math.log(past) if model == "EGARCH" else past)
        h.append(math.exp(value) if model == "EGARCH" else value)
    return h


def loglikelihood(model, params, returns, presample=None):
    """Return the sum of the log-densities of the returns."""
    e = residuals(returns, params["mean"])
    h = variances(model, params, returns, presample)
    return sum(log_density(x, v, params["nu"]) for x, v in zip(e, h, strict=False))


def log_density(e, h, nu):
    """Return the log-density of a shock of variance h, normal or Student's t."""
    if nu is None:
        return -0.5 * (math.log(2.0 * math.pi) + math.log(h) + e * e / h)
    constant = math.lgamma(0.5 * (nu + 1)) - math.lgamma(0.5 * nu)
    constant -= 0.5 * math.log(math.pi * (nu - 2))
    return constant - 0.5 * math.log(h) - 0.5 * (nu + 1) * math.log(1 + e * e / h / (nu - 2))


def expected_variances(model, params, returns, horizon, presample=None):
    """Return the expected variances of the periods after the last, of a GARCH or a GJR."""
    e = residuals(returns, params["mean"])
    h = variances(model, params, returns, presample)
    out = [h[-1]]
    for step in range(1, horizon):
        value = params["omega"]
        for i, a in enumerate(params["alpha"], 1):
            g = params["gamma"][i - 1] if params["gamma"] else 0.0
            if step - i >= 0:
                value += (a + 0.5 * g) * out[step - i]
            else:
                past = e[len(e) + step - i]
                value += (a + g * (past < 0)) * past**2
        for j, b in enumerate(params["beta"], 1):
            value += b * (out[step - j] if step - j >= 0 else h[len(e) + step - j])
        out.append(value)
    return out


def simulate(model, params, periods, generator, burn=500):
    """Return returns of a model, made one by one."""
    nu = params["nu"]
    lags = max(len(params["alpha"]), len(params["beta"]))
    persistence = sum(params["beta"])
    if model != "EGARCH":
        persistence += sum(params["alpha"]) + 0.5 * sum(params["gamma"])
    level = params["omega"] / (1.0 - persistence) if persistence < 1 else 1.0
    h = [math.exp(level) if model == "EGARCH" else level] * lags
    e = [0.0] * lags
    for _ in range(periods + burn):
        value = params["omega"]
        for i, a in enumerate(params["alpha"], 1):
            g = params["gamma"][i - 1] if params["gamma"] else 0.0
            if model == "EGARCH":
                z = e[-i] / math.sqrt(h[-i])
                value += a * (abs(z) - NORMAL_SIZE) + g * z
            else:
                value += (a + g * (e[-i] < 0)) * e[-i] ** 2
        for j, b in enumerate(params["beta"], 1):
            value += b * (math.log(h[-j]) if model == "EGARCH" else h[-j])
        h.append(math.exp(value) if model == "EGARCH" else value)
        z = generator.standard_normal() if nu is None else generator.standard_t(nu)
        z *= 1.0 if nu is None else math.sqrt((nu - 2) / nu)
        e.append(z * math.sqrt(h[-1]))
    shocks = e[-periods:]
    return [x + sum(params["mean"][:1]) for x in shocks]
