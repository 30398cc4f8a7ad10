"""nanobook: backtesting on whole arrays, compiled.

Where things are, from the ground up::

    jit, errors     how kernels compile; what is raised
    types           prices, symbols, sides and other small values; struct dtypes
    panel           frames, arrays and schedules to matrices and back
    persistence     arrays to files and back
    metrics         Metrics, rolling statistics, drawdown
    statistics      is it luck: deflated Sharpe, overfitting, bootstrap, splits of time
    microstructure  spreads, order flow, trade signs, depth: figures of book states and trades
    report          plots and tear sheets
    volatility      GARCH and its kin, EWMA, HAR, estimates from bars, moving correlations
    book            the limit order book: Exchange, a call at a time or a stream at once
    itch            NASDAQ's feed: read, rebuilt into books, written
    datasets        real prices that a dependency ships; seeded synthetic prices and orders
    portfolio       the simulator: backtest, backtest_weights, BacktestResult
    optimize        portfolio weights: optima with a certificate, for one date or for all
    sweep           thousands of backtests at once, walk-forward, overfitting
    cli             the `nanobook` command

Every public name can be had from here and loads its room when first used, so importing
nanobook itself costs next to nothing.
"""

from importlib import import_module

# Not lazy: loading their modules later would put the modules where the functions belong.
from nanobook.capabilities import capabilities
from nanobook.optimize import optimize
from nanobook.sweep import sweep
from nanobook.version import __version__

_ROOM_OF = {
    "ArgumentTypeError": "errors",
    "ConvergenceError": "errors",
    "FileFormatError": "errors",
    "InfeasibleError": "errors",
    "MissingDependencyError": "errors",
    "NanobookError": "errors",
    "RangeError": "errors",
    "UnknownSymbolError": "errors",
    "ValidationError": "errors",
    "OrderStatus": "types",
    "Price": "types",
    "Side": "types",
    "SubmitStatus": "types",
    "Symbol": "types",
    "TimeInForce": "types",
    "daily_prices": "datasets",
    "order_flow": "datasets",
    "random_prices": "datasets",
    "Metrics": "metrics",
    "compute_metrics": "metrics",
    "drawdown": "metrics",
    "drawdown_series": "metrics",
    "rolling_max_drawdown": "metrics",
    "rolling_sharpe": "metrics",
    "rolling_volatility": "metrics",
    "DepthProfile": "microstructure",
    "IntervalFlow": "microstructure",
    "QueueLengths": "microstructure",
    "VolumeProfile": "microstructure",
    "depth_profile": "microstructure",
    "effective_spread": "microstructure",
    "microprice": "microstructure",
    "mid_at": "microstructure",
    "mid_price": "microstructure",
    "order_flow_imbalance": "microstructure",
    "order_imbalance": "microstructure",
    "price_impact": "microstructure",
    "queue_lengths": "microstructure",
    "quoted_spread": "microstructure",
    "realized_spread": "microstructure",
    "state_at": "microstructure",
    "trade_signs": "microstructure",
    "volume_profile": "microstructure",
    "BootstrapBands": "statistics",
    "CombinatorialSplits": "statistics",
    "Overfitting": "statistics",
    "Plateau": "statistics",
    "StationaryBootstrap": "statistics",
    "SuperiorAbility": "statistics",
    "average_correlation": "statistics",
    "bootstrap_bands": "statistics",
    "combinatorial_purged_splits": "statistics",
    "deflated_sharpe": "statistics",
    "effective_trials": "statistics",
    "expected_maximum_sharpe": "statistics",
    "minimum_backtest_length": "statistics",
    "minimum_track_record_length": "statistics",
    "plateau": "statistics",
    "probabilistic_sharpe": "statistics",
    "probability_of_overfitting": "statistics",
    "purged_kfold": "statistics",
    "stationary_bootstrap": "statistics",
    "superior_predictive_ability": "statistics",
    "time_series_split": "statistics",
    "walk_forward_splits": "statistics",
    "DccResult": "volatility",
    "HarResult": "volatility",
    "dcc_fit": "volatility",
    "ewma_volatility": "volatility",
    "forecast_losses": "volatility",
    "garch_ewma_forecast": "volatility",
    "har_fit": "volatility",
    "mincer_zarnowitz": "volatility",
    "realized_vol": "volatility",
    "riskmetrics2006_volatility": "volatility",
    "rolling_har": "volatility",
    "rolling_realized_vol": "volatility",
    "value_at_risk_backtest": "volatility",
    "TearSheet": "report",
    "tear_sheet": "report",
    "GarchResult": "volatility",
    "GarchSelection": "volatility",
    "VolatilityForecast": "volatility",
    "garch_fit": "volatility",
    "garch_forecast": "volatility",
    "garch_model": "volatility",
    "garch_select": "volatility",
    "rolling_garch": "volatility",
    "BOOK_ORDER": "book",
    "EXTENDED_MESSAGE": "book",
    "MESSAGE": "book",
    "ORDER_RESULT": "book",
    "ORDER_STATE": "book",
    "STOP": "book",
    "TRADE": "book",
    "BookSamples": "book",
    "BookSnapshot": "book",
    "CancelAllResult": "book",
    "CancelResult": "book",
    "Event": "book",
    "Exchange": "book",
    "LevelSnapshot": "book",
    "ModifyResult": "book",
    "MultiExchange": "book",
    "MultiResult": "book",
    "Order": "book",
    "ProcessResult": "book",
    "QueuePosition": "book",
    "StopSubmitResult": "book",
    "SubmitResult": "book",
    "SweepCost": "book",
    "Trade": "book",
    "process_many": "book",
    "queue_positions": "book",
    "sweep_price": "book",
    "vwap": "book",
    "ItchBook": "itch",
    "ItchError": "itch",
    "ItchMessages": "itch",
    "ItchReplay": "itch",
    "parse_itch": "itch",
    "read_itch": "itch",
    "replay_itch": "itch",
    "write_itch": "itch",
    "BlackLitterman": "optimize",
    "Cardinality": "optimize",
    "CovarianceEstimate": "optimize",
    "EfficientFrontier": "optimize",
    "FactorExposure": "optimize",
    "GrossLimit": "optimize",
    "GroupLimit": "optimize",
    "LinearConstraint": "optimize",
    "MinimumPosition": "optimize",
    "NetLimit": "optimize",
    "Optimum": "optimize",
    "RollingWeights": "optimize",
    "TrackingErrorLimit": "optimize",
    "TransactionCost": "optimize",
    "TurnoverLimit": "optimize",
    "WeightCube": "optimize",
    "black_litterman": "optimize",
    "compare_optimizers": "optimize",
    "efficient_frontier": "optimize",
    "equal_weights": "optimize",
    "estimate_covariance": "optimize",
    "estimate_mean": "optimize",
    "inverse_cdar_weights": "optimize",
    "inverse_cvar_weights": "optimize",
    "inverse_volatility_weights": "optimize",
    "nearest_covariance": "optimize",
    "optimize_cdar": "optimize",
    "optimize_cvar": "optimize",
    "optimize_herc": "optimize",
    "optimize_hrp": "optimize",
    "optimize_max_diversification": "optimize",
    "optimize_max_sharpe": "optimize",
    "optimize_mean_cvar": "optimize",
    "optimize_min_variance": "optimize",
    "optimize_nco": "optimize",
    "optimize_risk_parity": "optimize",
    "optimize_utility": "optimize",
    "rolling_weights": "optimize",
    "weight_cube": "optimize",
    "BacktestResult": "portfolio",
    "CostModel": "portfolio",
    "EqualWeight": "portfolio",
    "Portfolio": "portfolio",
    "Position": "portfolio",
    "Stops": "portfolio",
    "StrategyResult": "portfolio",
    "backtest": "portfolio",
    "backtest_weights": "portfolio",
    "run_backtest": "portfolio",
    "CrossValidationResult": "sweep",
    "Grid": "sweep",
    "OverfittingReport": "sweep",
    "Strategy": "sweep",
    "SweepResult": "sweep",
    "Uniform": "sweep",
    "WalkForwardResult": "sweep",
    "combinatorial_cross_validation": "sweep",
    "sweep_equal_weight": "sweep",
    "sweep_strategy": "sweep",
    "walk_forward": "sweep",
    "walkforward": "sweep",
    "py_backtest_weights": "aliases",
    "py_capabilities": "aliases",
    "py_compute_metrics": "aliases",
    "py_deflated_sharpe": "aliases",
    "py_garch_ewma_forecast": "aliases",
    "py_optimize_hrp": "aliases",
    "py_optimize_risk_parity": "aliases",
    "py_realized_vol": "aliases",
    "py_garch_forecast": "aliases",
    "py_rolling_sharpe": "aliases",
    "py_rolling_volatility": "aliases",
    "py_time_series_split": "aliases",
}

__all__ = ["__version__", "capabilities", "optimize", "sweep", *_ROOM_OF]


def __getattr__(name):
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module 'nanobook' has no attribute {name!r}")
    value = getattr(import_module(f"nanobook.{room}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
