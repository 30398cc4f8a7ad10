"""How much of a result is luck: Sharpe ratios deflated, choices tested, time split honestly.

`sharpe` has what a Sharpe ratio is worth after many trials, `overfitting` the probability that
the best backtest isn't the best (`cscv` its kernels), `superior_ability` the tests of White and
Hansen, `bootstrap` the resampling they stand on, `bands` how far a result could have fallen
out otherwise, `plateau` how a choice's neighbours do, `splits` ways to cut time for learning
and testing, `moments` the figures these ask for. `add_candidate`, `add_block_sums` and
`pbo_from_sums` take candidates one by one, so that a sweep needn't keep their returns.
"""

from nanobook.statistics.bands import BootstrapBands, bootstrap_bands
from nanobook.statistics.bootstrap import (
    StationaryBootstrap,
    long_run_variance,
    resampled_means,
    stationary_bootstrap,
)
from nanobook.statistics.cscv import add_block_sums, block_edges
from nanobook.statistics.moments import average_correlation, moments
from nanobook.statistics.overfitting import (
    Overfitting,
    pbo_from_sums,
    probability_of_overfitting,
)
from nanobook.statistics.plateau import Plateau, plateau
from nanobook.statistics.sharpe import (
    deflated_sharpe,
    effective_trials,
    expected_maximum_sharpe,
    minimum_backtest_length,
    minimum_track_record_length,
    probabilistic_sharpe,
    trial_count_deflated_sharpe,
)
from nanobook.statistics.splits import (
    CombinatorialSplits,
    combinatorial_purged_splits,
    purged_kfold,
    time_series_split,
    walk_forward_splits,
)
from nanobook.statistics.superior_ability import (
    SuperiorAbility,
    add_candidate,
    empty_maxima,
    p_values,
    superior_predictive_ability,
)

__all__ = [
    "BootstrapBands",
    "CombinatorialSplits",
    "Overfitting",
    "Plateau",
    "StationaryBootstrap",
    "SuperiorAbility",
    "add_block_sums",
    "add_candidate",
    "average_correlation",
    "block_edges",
    "bootstrap_bands",
    "combinatorial_purged_splits",
    "deflated_sharpe",
    "effective_trials",
    "empty_maxima",
    "expected_maximum_sharpe",
    "long_run_variance",
    "minimum_backtest_length",
    "minimum_track_record_length",
    "moments",
    "p_values",
    "pbo_from_sums",
    "plateau",
    "probabilistic_sharpe",
    "probability_of_overfitting",
    "purged_kfold",
    "resampled_means",
    "stationary_bootstrap",
    "superior_predictive_ability",
    "time_series_split",
    "trial_count_deflated_sharpe",
    "walk_forward_splits",
]
