"""What a sweep's best candidate is worth, given that many were tried."""

import math
from dataclasses import dataclass

import numpy as np

from nanobook.statistics.bands import BootstrapBands, bootstrap_bands
from nanobook.statistics.overfitting import Overfitting, pbo_from_sums
from nanobook.statistics.plateau import Plateau, plateau
from nanobook.statistics.sharpe import (
    deflated_sharpe,
    effective_trials,
    expected_maximum_sharpe,
    minimum_backtest_length,
    probabilistic_sharpe,
)
from nanobook.statistics.superior_ability import p_values
from nanobook.sweep.candidates import SCALE

__all__ = ["OverfittingReport", "correlation_of_sums", "judge"]

#: Of more candidates than these, neighbours aren't looked for.
_MOST_PLACES = 2_000_000

_REPORT_FIELDS = (
    *("trials", "effective_trials", "average_correlation", "years", "sharpe"),
    *("expected_maximum_sharpe", "probabilistic_sharpe", "deflated_sharpe"),
    *("minimum_backtest_length", "probability_of_overfitting", "probability_of_loss"),
    *("reality_check", "spa_lower", "spa_consistent", "spa_upper"),
)


@dataclass(frozen=True, eq=False, repr=False)
class OverfittingReport:
    """How likely the best candidate's Sharpe ratio is luck. Sharpe ratios are annualised.

    Parameters
    ----------
    best : dict
        The parameters of the candidate with the highest Sharpe ratio.
    sharpe : float
        Its Sharpe ratio.
    skew, kurtosis : float
        Of its returns per period; 3 is the kurtosis of a normal distribution.
    n_obs : int
        Its returns.
    years : float
        What they span.
    trials : int
        Candidates whose returns vary.
    average_correlation : float
        The mean correlation between the returns of two of them.
    effective_trials : float
        As many independent candidates as theirs are worth: ``rho + (1 - rho) trials``.
    expected_maximum_sharpe : float
        What the best of so many would show without any skill.
    probabilistic_sharpe : float
        The probability that the best one's true Sharpe ratio is above 0, had it alone been tried.
    deflated_sharpe : float
        The probability that it's above `expected_maximum_sharpe`. 0.95 is a usual bar.
    minimum_backtest_length : float
        Years that `effective_trials` need so that none shows the best one's Sharpe ratio by luck,
        if none has skill.
    pbo : Overfitting or None
        The splits behind `probability_of_overfitting`; None of a single candidate.
    reality_check, spa_lower, spa_consistent, spa_upper : float
        White's and Hansen's p-values that no candidate beats the benchmark.
    bands : BootstrapBands or None
        Bootstrap bands of the best one's Sharpe ratio; None where its path is gone.
    plateau : Plateau or None
        How its neighbours do; None where parameters have no neighbours.
    seed : int
        What the bootstrap was drawn from.
    """

    best: dict
    sharpe: float
    skew: float
    kurtosis: float
    n_obs: int
    years: float
    trials: int
    average_correlation: float
    effective_trials: float
    expected_maximum_sharpe: float
    probabilistic_sharpe: float
    deflated_sharpe: float
    minimum_backtest_length: float
    pbo: Overfitting | None
    reality_check: float
    spa_lower: float
    spa_consistent: float
    spa_upper: float
    bands: BootstrapBands | None
    plateau: Plateau | None
    seed: int

    @property
    def probability_of_overfitting(self):
        """The share of splits whose in-sample best is no better than the median out of sample."""
        return math.nan if self.pbo is None else self.pbo.probability

    @property
    def probability_of_loss(self):
        """The share of splits whose in-sample best has a Sharpe ratio below 0 out of sample."""
        return math.nan if self.pbo is None else self.pbo.probability_of_loss

    def to_series(self):
        """Return the figures as a Series.

        Returns
        -------
        pandas.Series
            By name.
        """
        import pandas as pd

        values = {name: getattr(self, name) for name in _REPORT_FIELDS}
        if self.plateau is not None:
            values["plateau"] = self.plateau.median_ratio
        return pd.Series(values, dtype=np.float64, name="overfitting")

    def line(self):
        """Return the figures that matter most in one line.

        Returns
        -------
        str
            As the repr of a sweep shows it.
        """
        parts = [f"deflated Sharpe {self.deflated_sharpe:.2f}"]
        if self.pbo is not None:
            parts.append(f"PBO {self.pbo.probability:.2f}")
        parts.append(f"SPA p {self.spa_consistent:.2f}")
        years = f"{self.years:.1f} years of {self.minimum_backtest_length:.1f} needed"
        trials = f"{self.trials:,} trials worth {self.effective_trials:,.1f}"
        return ", ".join([*parts, trials, years])

    def __repr__(self):
        return f"OverfittingReport({self.line()})"

    def __str__(self):
        lines = [
            "How likely the best candidate is luck",
            f"  Best: {', '.join(f'{name}={value}' for name, value in self.best.items())}",
            f"  Its Sharpe ratio, {self.years:.1f} years {self.sharpe:>10.2f}",
            f"  Trials, and what they're worth {self.trials:>8,} {self.effective_trials:>8,.1f}",
            f"  Best Sharpe ratio of luck alone {self.expected_maximum_sharpe:>7.2f}",
            f"  Deflated Sharpe ratio {self.deflated_sharpe:>17.2f}   (want above 0.95)",
            f"  Minimum backtest length, years {self.minimum_backtest_length:>8.1f}",
            f"  Probability of overfitting {self.probability_of_overfitting:>12.2f}"
            "   (want near 0)",
            f"  Reality check, p {self.reality_check:>22.2f}   (want below 0.05)",
            f"  Superior ability, p {self.spa_consistent:>19.2f}   (want below 0.05)",
        ]
        if self.bands is not None:
            low, high = self.bands.lower, self.bands.upper
            lines.append(f"  Sharpe ratio, {self.bands.level:.0%} band {low:>14.2f} to {high:.2f}")
        if self.plateau is not None and self.plateau.count:
            lines.append(
                f"  Its {self.plateau.count} neighbours reach "
                f"{self.plateau.median_ratio:>18.0%}   of it, in the median"
            )
        return "\n".join(lines)


def correlation_of_sums(together):
    """Return the mean correlation between candidates, from the sum of their standardised returns.

    Parameters
    ----------
    together : ndarray of shape (T + 1,)
        The sums as integers, and the number of candidates.

    Returns
    -------
    float
        NaN of fewer than two candidates.
    """
    count = int(together[-1])
    if count < 2:
        return math.nan
    sums = together[:-1] / SCALE
    variance = float(sums @ sums) / sums.size
    return (variance - count) / (count * (count - 1.0))


def judge(result, *, seed, level=0.9):
    """Work out the report of a sweep.

    Parameters
    ----------
    result : SweepResult
        With at least one candidate done.
    seed : int
        What the bootstrap was drawn from.
    level : float, default 0.9
        Of the bootstrap bands.

    Returns
    -------
    OverfittingReport
        The figures.
    """
    gathered, job = result._gathered, result._job
    done = np.flatnonzero(gathered.done)
    figures = result._figures(done)
    root = math.sqrt(job.year)
    sharpes = figures["sharpe"]
    moves = np.isfinite(sharpes) & (figures["volatility"] > 0)
    trials = int(moves.sum())
    place = int(np.nanargmax(np.where(moves, sharpes, -np.inf))) if trials else 0
    best = int(done[place])
    sharpe, n_obs = float(sharpes[place]), int(figures["num_periods"][place])
    correlation = correlation_of_sums(gathered.together)
    effective = trials
    if trials > 1 and not math.isnan(correlation):
        effective = effective_trials(trials, min(max(correlation, 0.0), 1.0))
    variance = float(np.var(sharpes[moves] / root, ddof=1)) if trials > 1 else 0.0
    shape = {"skew": float(figures["skew"][place]), "kurtosis": float(figures["kurtosis"][place])}
    maximum = float(expected_maximum_sharpe(effective, variance)) if trials else 0.0
    deflated = probabilistic = math.nan
    if trials and n_obs > 2:
        alone = {"n_obs": n_obs, **shape}
        probabilistic = float(probabilistic_sharpe(sharpe / root, **alone))
        deflated = float(
            deflated_sharpe(sharpe / root, n_trials=effective, variance=variance, **alone)
        )
    white, lower, consistent, upper = p_values(gathered.maxima, gathered.observed).tolist()
    return OverfittingReport(
        best=result._params_of(best),
        sharpe=sharpe,
        **shape,
        n_obs=n_obs,
        years=n_obs / job.year,
        trials=trials,
        average_correlation=correlation,
        effective_trials=float(effective),
        expected_maximum_sharpe=maximum * root,
        probabilistic_sharpe=probabilistic,
        deflated_sharpe=deflated,
        minimum_backtest_length=_needed_years(effective, sharpe),
        pbo=_pbo(gathered.sums[done], moves),
        reality_check=white,
        spa_lower=lower,
        spa_consistent=consistent,
        spa_upper=upper,
        bands=_bands(result, best, level, seed),
        plateau=_plateau(result, done, place, sharpes),
        seed=seed,
    )


def _needed_years(effective, sharpe):
    if not sharpe > 0.0:
        return math.inf
    return float(minimum_backtest_length(effective, sharpe)) if effective > 1.0 else 0.0


def _pbo(sums, moves):
    """Return the probability of overfitting among the candidates that move."""
    sums = sums[moves] if not moves.all() else sums
    if len(sums) < 2 or sums.shape[2] < 2:
        return None
    return pbo_from_sums(sums[:, 0], sums[:, 1], sums[:, 2])


def _bands(result, best, level, seed):
    returns = result._returns_of(best)
    if returns is None or returns.size < 3:
        return None
    year = result._job.year
    return bootstrap_bands(
        returns - result._job.risk_free, periods_per_year=year, level=level, seed=seed, path=False
    )


def _plateau(result, done, place, sharpes):
    if result._source is None or result._source.grid is None or not 2 <= len(done) <= _MOST_PLACES:
        return None
    grid = result._source.grid
    coordinates = grid.coordinates(grid.columns(0, len(grid)))[done]
    return plateau(sharpes, coordinates, place)
