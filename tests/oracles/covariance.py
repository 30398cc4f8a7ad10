"""Covariances, means and views in plain loops, from the papers' formulas; nothing of nanobook.

Matrices are lists of rows; where eigenvectors are needed NumPy finds them.
"""

import itertools
import math

import numpy as np


def columns(returns):
    return [list(map(float, column)) for column in zip(*returns, strict=True)]


def mean(values, weights=None):
    weights = weights or [1.0] * len(values)
    return math.fsum(w * x for w, x in zip(weights, values, strict=True)) / math.fsum(weights)


def deviations(returns):
    out = []
    for column in columns(returns):
        middle = mean(column)
        out.append([x - middle for x in column])
    return out


def second_moments(x, y):
    return math.fsum(a * b for a, b in zip(x, y, strict=True))


def covariance(returns, divisor):
    """Return sums of products of deviations over a divisor."""
    x = deviations(returns)
    return [[second_moments(a, b) / divisor for b in x] for a in x]


def sample(returns):
    return covariance(returns, len(returns) - 1)


def ewma(returns, half_life):
    """Return the weighted covariance without bias: reliability weights."""
    periods = len(returns)
    w = [0.5 ** ((periods - 1 - t) / half_life) for t in range(periods)]
    total = math.fsum(w)
    w = [value / total for value in w]
    data = columns(returns)
    middles = [mean(column, w) for column in data]
    bias = 1.0 - math.fsum(value * value for value in w)
    return [
        [
            math.fsum(w[t] * (a[t] - middles[i]) * (b[t] - middles[j]) for t in range(periods))
            / bias
            for j, b in enumerate(data)
        ]
        for i, a in enumerate(data)
    ]


def blend(target, estimate, share):
    return [
        [share * f + (1.0 - share) * s for f, s in zip(row, other, strict=True)]
        for row, other in zip(target, estimate, strict=True)
    ]


def identity_target(s):
    size = len(s)
    level = math.fsum(s[i][i] for i in range(size)) / size
    return [[level if i == j else 0.0 for j in range(size)] for i in range(size)]


def ledoit_wolf(returns, share=None):
    """Ledoit, Wolf (2004), "A well-conditioned estimator": lemmas 3.2 to 3.5, norms over N."""
    periods, x = len(returns), deviations(returns)
    size = len(x)
    s = covariance(returns, periods)
    target = identity_target(s)
    if share is None:
        pairs = list(itertools.product(range(size), repeat=2))
        d2 = math.fsum((s[i][j] - target[i][j]) ** 2 for i, j in pairs) / size
        b2 = 0.0
        for t in range(periods):
            b2 += math.fsum((x[i][t] * x[j][t] - s[i][j]) ** 2 for i, j in pairs) / size
        b2 = min(b2 / periods**2, d2)
        share = b2 / d2 if d2 > 0.0 else 0.0
    return blend(target, s, share), share


def oas(returns):
    """Chen, Wiesel, Eldar, Hero (2010), equation 23 without the terms in 2 / N."""
    periods = len(returns)
    s = covariance(returns, periods)
    size = len(s)
    trace = math.fsum(s[i][i] for i in range(size))
    squares = math.fsum(value * value for row in s for value in row)
    share = min((squares + trace**2) / ((periods + 1) * (squares - trace**2 / size)), 1.0)
    return blend(identity_target(s), s, share), share


def asymptotic_covariance(x, s, i, j, k, m):
    """Return the mean over rows of (x_i x_j - s_ij)(x_k x_m - s_km)."""
    periods = len(x[0])
    return (
        math.fsum(
            (x[i][t] * x[j][t] - s[i][j]) * (x[k][t] * x[m][t] - s[k][m]) for t in range(periods)
        )
        / periods
    )


def shrinkage_towards(returns, target, rho):
    """Return the estimate: intensity (pi - rho) / gamma / T, within 0 and 1."""
    periods, x = len(returns), deviations(returns)
    s = covariance(returns, periods)
    pairs = list(itertools.product(range(len(s)), repeat=2))
    pi = math.fsum(asymptotic_covariance(x, s, i, j, i, j) for i, j in pairs)
    gamma = math.fsum((target[i][j] - s[i][j]) ** 2 for i, j in pairs)
    if gamma <= 1e-24 * math.fsum(s[i][j] ** 2 for i, j in pairs):
        return s, 0.0  # the sample is the target, but for rounding
    share = min(max((pi - rho) / gamma / periods, 0.0), 1.0)
    return blend(target, s, share), share


def constant_correlation(returns):
    """Ledoit, Wolf (2004), "Honey, I shrunk the sample covariance matrix", appendices A and B."""
    periods, x = len(returns), deviations(returns)
    s = covariance(returns, periods)
    size = len(s)
    others = [(i, j) for i in range(size) for j in range(size) if i != j]
    r = mean([s[i][j] / math.sqrt(s[i][i] * s[j][j]) for i, j in others])
    target = [
        [s[i][i] if i == j else r * math.sqrt(s[i][i] * s[j][j]) for j in range(size)]
        for i in range(size)
    ]
    rho = math.fsum(asymptotic_covariance(x, s, i, i, i, i) for i in range(size))
    for i, j in others:
        for one, other in ((i, j), (j, i)):
            theta = asymptotic_covariance(x, s, one, one, i, j)
            rho += r / 2.0 * math.sqrt(s[other][other] / s[one][one]) * theta
    return shrinkage_towards(returns, target, rho)


def single_factor(returns, factor=None):
    """Return the model's covariance: variances of the sample, betas times the factor's variance."""
    factor = factor or [mean(row) for row in returns]
    s = sample([[*row, f] for row, f in zip(returns, factor, strict=True)])
    size = len(s) - 1
    return [
        [s[i][i] if i == j else s[i][size] * s[j][size] / s[size][size] for j in range(size)]
        for i in range(size)
    ]


def ledoit_wolf_single_factor(returns, factor=None):
    """Ledoit, Wolf (2003): pi, rho and gamma, with the market as one more column."""
    factor = factor or [mean(row) for row in returns]
    joined = [[*row, f] for row, f in zip(returns, factor, strict=True)]
    x = deviations(joined)
    s = covariance(joined, len(returns))
    size = len(s) - 1
    m = size
    target = [
        [s[i][i] if i == j else s[i][m] * s[j][m] / s[m][m] for j in range(size)]
        for i in range(size)
    ]
    rho = math.fsum(asymptotic_covariance(x, s, i, i, i, i) for i in range(size))
    for i in range(size):
        for j in range(size):
            if i != j:
                rho += s[j][m] / s[m][m] * asymptotic_covariance(x, s, i, m, i, j)
                rho += s[i][m] / s[m][m] * asymptotic_covariance(x, s, j, m, i, j)
                rho -= s[i][m] * s[j][m] / s[m][m] ** 2 * asymptotic_covariance(x, s, m, m, i, j)
    return shrinkage_towards(returns, target, rho)


# Far from the kernel the transform is the small difference of large numbers: more digits help.
_LONG = np.longdouble
_ROOT_5 = np.sqrt(_LONG(5))


def epanechnikov(x):
    return 3.0 / (4.0 * math.sqrt(5.0)) * max(1.0 - float(x) ** 2 / 5.0, 0.0)


def epanechnikov_transform(x):
    """Return its Hilbert transform."""
    x, pi = _LONG(x), _LONG(math.pi)
    out = -3 * x / (10 * pi)
    if abs(x) != _ROOT_5:
        log = np.log(abs((_ROOT_5 - x) / (_ROOT_5 + x)))
        out += 3 / (4 * _ROOT_5 * pi) * (1 - x * x / 5) * log
    return float(out)


def nonlinear_eigenvalues(values, n):
    """Ledoit, Wolf (2020): equations 4.3, 4.7 to 4.9, C.4, C.5 and C.8."""
    p = len(values)
    kept = values[max(0, p - n) :]
    h = n ** (-1.0 / 3.0)
    out = []
    for value in kept:
        x = [(_LONG(value) - _LONG(other)) / (h * _LONG(other)) for other in kept]
        f = mean([epanechnikov(a) / (h * other) for a, other in zip(x, kept, strict=True)])
        g = mean(
            [epanechnikov_transform(a) / (h * other) for a, other in zip(x, kept, strict=True)]
        )
        if p <= n:
            c = p / n
            bottom = (math.pi * c * value * f) ** 2 + (1 - c - math.pi * c * value * g) ** 2
        else:
            bottom = math.pi**2 * value**2 * (f * f + g * g)
        out.append(value / bottom)
    if p <= n:
        return out
    log = math.log(abs((1 + math.sqrt(5) * h) / (1 - math.sqrt(5) * h)))
    g0 = 3 / (10 * h * h) + 3 / (4 * math.sqrt(5) * h) * (1 - 1 / (5 * h * h)) * log
    g0 *= mean([1.0 / value for value in kept]) / math.pi
    return [1.0 / (math.pi * (p - n) / n * g0)] * (p - n) + out


def nonlinear(returns):
    n = len(returns) - 1
    values, vectors = np.linalg.eigh(np.array(covariance(returns, n)))
    return vectors @ np.diag(nonlinear_eigenvalues(list(values), n)) @ vectors.T


def marchenko_pastur(x, variance, q):
    low, high = (variance * (1.0 + sign * math.sqrt(1.0 / q)) ** 2 for sign in (-1, 1))
    root = math.sqrt(max((high - x) * (x - low), 0.0))
    return q / (2.0 * math.pi * variance * x) * root if root else 0.0


def noise_misfit(values, variance, q, points=1000, bandwidth=0.01):
    """Lopez de Prado (2020), snippet 2.4: summed squares of the gap between the densities."""
    low, high = (variance * (1.0 + sign * math.sqrt(1.0 / q)) ** 2 for sign in (-1, 1))
    x = np.linspace(low, high, points)
    fitted = np.array([0.0, *[marchenko_pastur(a, variance, q) for a in x[1:-1]], 0.0])
    z = (x[:, None] - np.asarray(values)[None, :]) / bandwidth
    kernel = np.exp(-0.5 * z * z).mean(axis=1) / (bandwidth * math.sqrt(2.0 * math.pi))
    return float(((kernel - fitted) ** 2).sum())


def denoised(returns, variance, share=None):
    """Constant residual eigenvalue under a noise's variance; with a share, targeted shrinkage."""
    s = np.array(sample(returns))
    scale = np.sqrt(np.diag(s))
    values, vectors = np.linalg.eigh(s / np.outer(scale, scale))
    edge = variance * (1.0 + math.sqrt(len(s) / len(returns))) ** 2
    noise = values <= edge
    if share is None:
        fresh = np.where(noise, values[noise].mean() if noise.any() else 0.0, values)
        c = vectors @ np.diag(fresh) @ vectors.T
        c = c / np.sqrt(np.outer(np.diag(c), np.diag(c)))
    else:
        c = vectors[:, ~noise] @ np.diag(values[~noise]) @ vectors[:, ~noise].T
        rest = vectors[:, noise] @ np.diag(values[noise]) @ vectors[:, noise].T
        c = c + (1.0 - share) * rest + share * np.diag(np.diag(rest))
    return c * np.outer(scale, scale), int((~noise).sum())


def alternating_projections(correlation, steps=2000):
    """Higham (2002), algorithm 3.3, with Dykstra's correction."""
    y = np.array(correlation)
    correction = np.zeros_like(y)
    for _ in range(steps):
        values, vectors = np.linalg.eigh(y - correction)
        x = vectors @ np.diag(np.maximum(values, 0.0)) @ vectors.T
        correction = x - (y - correction)
        y = x.copy()
        np.fill_diagonal(y, 1.0)
    return y


def bayes_stein(returns, covariance=None):
    """Jorion (1986), equations 14 and 17."""
    periods, size = len(returns), len(returns[0])
    m = np.array([mean(column) for column in columns(returns)])
    if covariance is None:
        covariance = np.array(sample(returns)) * (periods - 1) / (periods - size - 2)
    inverse = np.linalg.inv(np.array(covariance))
    one = np.ones(size)
    g = one @ inverse @ m / (one @ inverse @ one)
    w = (size + 2) / (size + 2 + periods * (m - g) @ inverse @ (m - g))
    return (1.0 - w) * m + w * g


def posterior(covariance, prior, portfolios, expected, omega, tau):
    """Black, Litterman (1992), by precisions: He, Litterman (1999), appendix, items 7 and 8."""
    covariance, portfolios = np.array(covariance), np.array(portfolios)
    precision = np.linalg.inv(tau * covariance)
    weight = portfolios.T @ np.linalg.inv(np.array(omega))
    spread = np.linalg.inv(precision + weight @ portfolios)
    mean = spread @ (precision @ np.array(prior) + weight @ np.array(expected))
    return mean, covariance + spread
