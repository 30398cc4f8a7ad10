"""nanobook: backtesting on whole arrays, compiled.

Where things are, from the ground up::

    jit, errors     how kernels compile; what is raised
    types           prices, symbols, sides and other small values; struct dtypes
    panel           frames, arrays and schedules to matrices and back
    persistence     arrays to files and back
    metrics         Metrics, rolling statistics, drawdown
    microstructure  spreads, order flow, trade signs, depth: figures of book states and trades
    report          plots and tear sheets
    volatility      GARCH and its kin by maximum likelihood: garch_fit, rolling_garch
    book            the limit order book: Exchange, a call at a time or a stream at once
    itch            NASDAQ's feed: read, rebuilt into books, written
    datasets        real prices that a dependency ships; seeded synthetic prices and orders
    portfolio       the simulator: backtest, backtest_weights, BacktestResult
    cli             the `nanobook` command

Every public name can be had from here and loads its room when first used, so importing
nanobook itself costs next to nothing.
"""

from importlib import import_module

# Not lazy: loading its module later would put the module where the function belongs.
from nanobook.capabilities import capabilities
from nanobook.version import __version__

_ROOM_OF = {
    "ArgumentTypeError": "errors",
    "FileFormatError": "errors",
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
    "py_backtest_weights": "aliases",
    "py_capabilities": "aliases",
    "py_compute_metrics": "aliases",
    "py_garch_forecast": "aliases",
    "py_rolling_sharpe": "aliases",
    "py_rolling_volatility": "aliases",
}

__all__ = ["__version__", "capabilities", *_ROOM_OF]


def __getattr__(name):
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module 'nanobook' has no attribute {name!r}")
    value = getattr(import_module(f"nanobook.{room}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
