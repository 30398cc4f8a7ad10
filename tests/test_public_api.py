"""The names nanobook promises: each where it belongs, with the original's signatures."""

import ast
import enum
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

import nanobook
from nanobook import errors

EMPTY = inspect.Parameter.empty
PACKAGE = Path(nanobook.__file__).parent
ROOMS = sorted(
    info.name for info in pkgutil.iter_modules([str(PACKAGE)]) if not info.name.startswith("__")
)

#: Every name promised so far, and the module that it must be had from as well.
PROMISED = {
    "errors": (
        *("NanobookError", "ValidationError", "ArgumentTypeError", "RangeError"),
        *("UnknownSymbolError", "FileFormatError", "MissingDependencyError"),
        *("ConvergenceError", "InfeasibleError"),
    ),
    "types": ("OrderStatus", "Price", "Side", "SubmitStatus", "Symbol", "TimeInForce"),
    "metrics": (
        *("Metrics", "compute_metrics", "rolling_sharpe", "rolling_volatility"),
        *("rolling_max_drawdown", "drawdown", "drawdown_series"),
    ),
    "microstructure": (
        *("mid_price", "microprice", "quoted_spread", "order_imbalance", "order_flow_imbalance"),
        *("IntervalFlow", "effective_spread", "realized_spread", "price_impact", "state_at"),
        *("mid_at", "trade_signs", "volume_profile", "VolumeProfile", "queue_lengths"),
        *("QueueLengths", "depth_profile", "DepthProfile"),
    ),
    "statistics": (
        *("BootstrapBands", "CombinatorialSplits", "Overfitting", "Plateau"),
        *("StationaryBootstrap", "SuperiorAbility", "average_correlation", "bootstrap_bands"),
        *("combinatorial_purged_splits", "deflated_sharpe", "effective_trials"),
        *("expected_maximum_sharpe", "minimum_backtest_length", "minimum_track_record_length"),
        *("plateau", "probabilistic_sharpe", "probability_of_overfitting", "purged_kfold"),
        *("stationary_bootstrap", "superior_predictive_ability", "time_series_split"),
        *("walk_forward_splits",),
    ),
    "optimize": (
        *("optimize", "Cardinality", "FactorExposure", "GrossLimit", "GroupLimit"),
        *("LinearConstraint", "MinimumPosition", "NetLimit", "TrackingErrorLimit"),
        *("TransactionCost", "TurnoverLimit"),
        *("BlackLitterman", "CovarianceEstimate", "EfficientFrontier", "Optimum"),
        *("RollingWeights", "WeightCube", "black_litterman", "compare_optimizers"),
        *("efficient_frontier", "equal_weights", "estimate_covariance"),
        *("estimate_mean", "inverse_cdar_weights", "inverse_cvar_weights"),
        *("inverse_volatility_weights", "nearest_covariance", "optimize_cdar"),
        *("optimize_cvar", "optimize_herc", "optimize_hrp"),
        *("optimize_max_diversification", "optimize_max_sharpe", "optimize_mean_cvar"),
        *("optimize_min_variance", "optimize_nco", "optimize_risk_parity"),
        *("optimize_utility", "rolling_weights", "weight_cube"),
    ),
    "datasets": ("daily_prices", "order_flow", "random_prices"),
    "report": ("TearSheet", "tear_sheet"),
    "volatility": (
        *("garch_ewma_forecast", "ewma_volatility", "riskmetrics2006_volatility"),
        *("HarResult", "har_fit", "rolling_har", "realized_vol", "rolling_realized_vol"),
        *("DccResult", "dcc_fit"),
        *("forecast_losses", "mincer_zarnowitz", "value_at_risk_backtest"),
        *("GarchResult", "GarchSelection", "VolatilityForecast", "garch_fit", "garch_forecast"),
        *("garch_model", "garch_select", "rolling_garch"),
    ),
    "book": (
        *("Exchange", "Order", "Trade", "SubmitResult", "CancelResult", "ModifyResult"),
        *("CancelAllResult", "LevelSnapshot", "BookSnapshot", "QueuePosition", "SweepCost"),
        *("ProcessResult", "BookSamples", "MESSAGE", "EXTENDED_MESSAGE", "ORDER_RESULT"),
        *("TRADE", "BOOK_ORDER", "ORDER_STATE"),
        *("Event", "StopSubmitResult", "STOP", "MultiExchange", "MultiResult"),
        *("process_many", "queue_positions", "sweep_price", "vwap"),
    ),
    "itch": (
        *("parse_itch", "read_itch", "replay_itch", "write_itch"),
        *("ItchBook", "ItchError", "ItchMessages", "ItchReplay"),
    ),
    "portfolio": (
        *("backtest", "BacktestResult", "CostModel", "Stops"),
        *("backtest_weights", "Portfolio", "Position"),
        *("run_backtest", "EqualWeight", "StrategyResult"),
    ),
    "sweep": (
        *("sweep", "Grid", "Uniform", "Strategy", "SweepResult", "OverfittingReport"),
        *("walk_forward", "WalkForwardResult", "combinatorial_cross_validation"),
        *("CrossValidationResult", "sweep_equal_weight", "sweep_strategy", "walkforward"),
    ),
    "capabilities": ("capabilities",),
    "aliases": (
        *("py_backtest_weights", "py_capabilities", "py_compute_metrics"),
        *("py_rolling_sharpe", "py_rolling_volatility", "py_time_series_split"),
        *("py_deflated_sharpe", "py_garch_ewma_forecast", "py_realized_vol"),
        *("py_garch_forecast", "py_optimize_hrp", "py_optimize_risk_parity"),
    ),
}
PLACES = [(room, name) for room, names in PROMISED.items() for name in names]

#: The original's names that aren't built yet, by what they wait for. A name that appears must
#: be taken out of here and promised above, with its signature below.
NOT_YET = {
    "optimizers (issue 8)": (
        *("optimize_min_variance", "py_optimize_min_variance"),
        *("optimize_max_sharpe", "py_optimize_max_sharpe"),
        *("inverse_cvar_weights", "py_inverse_cvar_weights", "inverse_cdar_weights"),
        *("py_inverse_cdar_weights", "optimize_cvar", "py_optimize_cvar", "optimize_cdar"),
        "py_optimize_cdar",
    ),
    "indicators (spec/portfolio.md 10)": (
        *("rsi", "py_rsi", "macd", "py_macd", "bbands", "py_bbands", "atr", "py_atr"),
    ),
    "statistics (spec/portfolio.md 11)": (
        *("spearman", "py_spearman", "quintile_spread", "py_quintile_spread"),
    ),
}
WAITING = [(reason, name) for reason, names in NOT_YET.items() for name in names]

#: Section 3 of spec/portfolio.md: parameters in order, with defaults. All may be given by
#: position or by name.
SEED_SIGNATURES = {
    "backtest_weights": {
        "weight_schedule": EMPTY,
        "price_schedule": EMPTY,
        "initial_cash": EMPTY,
        "cost_bps": EMPTY,
        "periods_per_year": 252.0,
        "risk_free": 0.0,
        "stop_cfg": None,
    },
    "run_backtest": {
        "strategy": EMPTY,
        "price_series": EMPTY,
        "initial_cash": EMPTY,
        "cost_model": EMPTY,
        "periods_per_year": 252.0,
        "risk_free": 0.0,
    },
    "sweep_strategy": {
        "params": EMPTY,
        "price_series": EMPTY,
        "initial_cash": EMPTY,
        "cost_model": EMPTY,
        "periods_per_year": EMPTY,
        "risk_free": EMPTY,
        "make_strategy": EMPTY,
    },
    "sweep_equal_weight": {
        "n_params": EMPTY,
        "price_series": EMPTY,
        "initial_cash": EMPTY,
        "periods_per_year": 12.0,
        "risk_free": 0.0,
    },
    "walkforward": {
        "returns": EMPTY,
        "params": None,
        "n_windows": 5,
        "train_pct": 0.7,
        "periods_per_year": 252.0,
        "risk_free": 0.0,
    },
    "Portfolio": {"initial_cash": EMPTY, "cost_model": EMPTY},
    "compute_metrics": {"returns": EMPTY, "periods_per_year": 252.0, "risk_free": 0.0},
    "rolling_sharpe": {"returns": EMPTY, "window": EMPTY, "periods_per_year": 252},
    "rolling_volatility": {"returns": EMPTY, "window": EMPTY, "periods_per_year": 252},
    "rolling_max_drawdown": {"equity": EMPTY, "window": EMPTY},
    "drawdown_series": {"equity": EMPTY},
    "drawdown": {"equity": EMPTY},
    "time_series_split": {"n_samples": EMPTY, "n_splits": 5},
    "py_deflated_sharpe": {"sr": EMPTY, "n_trials": EMPTY, "skew": EMPTY, "kurt": EMPTY},
    "garch_ewma_forecast": {"returns": EMPTY, "p": 1, "q": 1, "mean": "zero"},
    "realized_vol": {
        "open": EMPTY,
        "high": EMPTY,
        "low": EMPTY,
        "close": EMPTY,
        "method": "close_to_close",
    },
    "garch_forecast": {"returns": EMPTY, "p": 1, "q": 1, "mean": "zero"},
    "capabilities": {},
    "parse_itch": {"path": EMPTY},
}


def room_of(name):
    return import_module(f"nanobook.{name}")


# ---- every name is there ---------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize("name", nanobook.__all__)
def test_every_public_name_resolves(name):
    assert getattr(nanobook, name) is not None


@pytest.mark.core
@pytest.mark.parametrize(("room", "name"), PLACES, ids=lambda value: value)
def test_a_promised_name_is_public_and_lives_where_it_should(room, name):
    assert name in nanobook.__all__
    assert getattr(nanobook, name) is getattr(room_of(room), name)
    assert name in room_of(room).__all__


@pytest.mark.core
def test_every_public_name_is_promised():
    # The other way round: a name nobody promised is a slip, or this list is behind.
    promised = {name for _, name in PLACES} | {"__version__"}
    assert set(nanobook.__all__) == promised


@pytest.mark.core
@pytest.mark.parametrize(("reason", "name"), WAITING, ids=lambda value: value)
def test_a_name_for_later_isnt_there_yet(reason, name):
    assert not hasattr(nanobook, name), (
        f"nanobook.{name} has come: move it from NOT_YET ({reason}) to PROMISED, "
        "and write down its signature"
    )


@pytest.mark.core
def test_no_name_is_both_promised_and_for_later():
    names = [name for _, name in (*PLACES, *WAITING)]
    assert len(names) == len(set(names))


@pytest.mark.core
def test_dir_lists_every_public_name():
    listed = dir(nanobook)
    assert set(nanobook.__all__) <= set(listed)
    assert listed == sorted(set(listed))


@pytest.mark.core
def test_an_unknown_attribute_raises():
    with pytest.raises(AttributeError, match="'nanobook' has no attribute 'backtset'"):
        _ = nanobook.backtset
    with pytest.raises(ImportError):
        from nanobook import backtset  # noqa: F401
    assert not hasattr(nanobook, "_nothing")


@pytest.mark.core
def test_the_version_is_a_version_and_the_packages_own():
    assert re.fullmatch(r"\d+\.\d+\.\d+([ab]\d+|rc\d+|\.dev\d+)?", nanobook.__version__)
    about = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    place = about["tool"]["setuptools"]["dynamic"]["version"]["attr"]
    module, _, name = place.rpartition(".")
    assert getattr(import_module(module), name) == nanobook.__version__


# ---- nothing else is -------------------------------------------------------------------------


@pytest.mark.core
def test_nothing_private_leaks():
    assert len(nanobook.__all__) == len(set(nanobook.__all__))
    for name in nanobook.__all__:
        assert name == "__version__" or not name.startswith("_")
        assert name == "__version__" or not isinstance(getattr(nanobook, name), ModuleType | str)


def test_importing_the_rooms_hides_no_name():
    # Importing nanobook.capabilities, say by way of nanobook.aliases, makes the import system
    # write the module into nanobook under the name that the function is promised under.
    code = """
    import pkgutil, sys
    from importlib import import_module
    from types import ModuleType
    import nanobook
    for info in pkgutil.iter_modules(nanobook.__path__):
        if info.name != "__main__":
            import_module(f"nanobook.{info.name}")
    hidden = [n for n in nanobook.__all__ if isinstance(getattr(nanobook, n), ModuleType)]
    sys.exit(f"modules in the place of functions: {hidden}" if hidden else 0)
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(code)], cwd=PACKAGE.parent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.core
@pytest.mark.parametrize("room", ROOMS)
def test_what_a_room_offers_resolves_once_and_in_public(room):
    module = room_of(room)
    offered = getattr(module, "__all__", [])
    assert len(offered) == len(set(offered))
    for name in offered:
        assert name == "__version__" or not name.startswith("_")
        assert not isinstance(getattr(module, name), ModuleType)


#: Rooms whose names stand in the order one reads about them, not in that of the alphabet.
BY_SUBJECT = {"errors", "jit", "metrics"}


@pytest.mark.core
@pytest.mark.parametrize("room", [room for room in ROOMS if room not in BY_SUBJECT])
def test_what_a_room_offers_is_sorted(room):
    offered = list(getattr(room_of(room), "__all__", []))
    constants = [name for name in offered if name.isupper()]
    classes = [name for name in offered if name[0].isupper() and name not in constants]
    functions = [name for name in offered if name not in (*constants, *classes)]
    assert offered == sorted(constants) + sorted(classes) + sorted(functions)


@pytest.mark.core
@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_what_a_file_offers_is_defined_in_it_once(path):
    names, defined = [], set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
        if any(getattr(target, "id", None) == "__all__" for target in targets):
            names += [e.value for e in node.value.elts if isinstance(e, ast.Constant)]
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                defined.add(inner.id)
                if inner.id == "_MODULE_OF":  # a room that loads its names when they're used
                    defined.update(key.value for key in node.value.keys)
            elif isinstance(inner, ast.alias):
                defined.add(inner.asname or inner.name)
        branches = (*node.body, *node.orelse) if isinstance(node, ast.If) else ()
        defined.update(getattr(statement, "name", None) for statement in (node, *branches))
    assert len(names) == len(set(names))
    assert set(names) <= defined


# ---- the shapes of what is there ---------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize("name", SEED_SIGNATURES)
def test_signatures_are_the_originals(name):
    function = getattr(nanobook, name)
    parameters = inspect.signature(function).parameters.values()
    assert {p.name: p.default for p in parameters} == SEED_SIGNATURES[name]
    assert [p.name for p in parameters] == list(SEED_SIGNATURES[name])
    assert {p.kind for p in parameters} <= {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert {type(p.default) for p in parameters} == {
        type(default) for default in SEED_SIGNATURES[name].values()
    }


#: The original's formula under the original's name; without the prefix stands the right one.
NOT_THE_SAME = {"py_deflated_sharpe"}


@pytest.mark.core
@pytest.mark.parametrize("name", sorted({*PROMISED["aliases"]} - NOT_THE_SAME))
def test_an_alias_is_the_same_function(name):
    assert getattr(nanobook, name) is getattr(nanobook, name.removeprefix("py_"))


@pytest.mark.core
def test_the_cost_model_begins_as_the_original_does():
    parameters = inspect.signature(nanobook.CostModel).parameters
    assert {name: p.default for name, p in parameters.items()} == {
        "commission_bps": 0,
        "slippage_bps": 0,
        "min_trade_fee": 0,
        "per_share": 0,
    }
    assert nanobook.CostModel(1, 2, 3) == nanobook.CostModel(
        commission_bps=1, slippage_bps=2, min_trade_fee=3
    )
    assert nanobook.CostModel.zero() == nanobook.CostModel()
    # The examples of spec/portfolio.md, section 4.
    costs = [nanobook.CostModel(15).compute_cost(n) for n in (666, 667, 1333, 1334, -667)]
    assert costs == [0, 1, 1, 2, 1]


@pytest.mark.core
def test_backtest_takes_prices_and_weights_and_the_rest_by_name():
    parameters = inspect.signature(nanobook.backtest).parameters
    by_position = [n for n, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    by_name = {n: p.default for n, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    assert by_position == ["prices", "weights"]
    assert by_name == {
        "cash": EMPTY,
        "costs": None,
        "lag": 1,
        "lot_size": 1,
        "rebalance": None,
        "sizing": "post_cost",
        "stops": None,
        "delisting": "sell",
        "periods_per_year": None,
        "risk_free": 0.0,
        "records": True,
    }


@pytest.mark.core
def test_sweep_takes_what_backtest_does_and_the_originals_arguments():
    parameters = inspect.signature(nanobook.sweep).parameters
    by_position = {n: p.default for n, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD}
    assert by_position == {"prices": EMPTY, "strategy": EMPTY, "grid": None, "fn": None}
    options = inspect.signature(nanobook.backtest).parameters
    for name, option in options.items():
        if name not in ("prices", "weights", "cash", "records"):
            assert parameters[name] == option, name
    for chooses in (nanobook.walk_forward, nanobook.combinatorial_cross_validation):
        theirs = inspect.signature(chooses).parameters
        for name in set(theirs) & set(options) - {"prices"}:
            assert theirs[name] == parameters[name], name


@pytest.mark.core
def test_the_result_has_the_attributes_and_keys_it_was_promised_with():
    promised = (
        *("equity", "returns", "positions", "holdings", "trades", "costs", "stop_events"),
        *("metrics", "missing", "plot", "tear_sheet", "to_frame", "save", "load"),
    )
    assert not [name for name in promised if not hasattr(nanobook.BacktestResult, name)]
    result = nanobook.backtest_weights([], [], 100, 0)
    # Spec section 7: this order, and this for zero periods.
    assert list(result) == [
        *("returns", "equity_curve", "final_cash", "metrics", "holdings"),
        *("symbol_returns", "stop_events"),
    ]
    assert dict(result) == {
        "returns": [],
        "equity_curve": [100],
        "final_cash": 100,
        "metrics": None,
        "holdings": [],
        "symbol_returns": [],
        "stop_events": [],
    }


@pytest.mark.core
def test_the_portfolio_has_the_originals_members():
    promised = (
        *("cash", "position", "positions", "total_equity", "current_weights", "returns"),
        *("equity_curve", "rebalance_simple", "record_return", "snapshot", "compute_metrics"),
        *("save_json", "load_json", "close_position_at"),
    )
    assert not [name for name in promised if not hasattr(nanobook.Portfolio, name)]
    position = nanobook.Position("A")
    fields = ("symbol", "quantity", "avg_entry_price", "total_cost", "realized_pnl")
    assert [getattr(position, name) for name in fields] == ["A", 0, 0, 0, 0]
    for name in ("unrealized_pnl", "apply_fill", "market_value", "is_flat"):
        assert hasattr(position, name)


@pytest.mark.core
def test_metrics_begin_with_the_originals_fields():
    assert list(inspect.signature(nanobook.Metrics).parameters)[:15] == [
        *("total_return", "cagr", "volatility", "sharpe", "sortino", "max_drawdown", "calmar"),
        *("num_periods", "winning_periods", "losing_periods", "cvar_95", "win_rate"),
        *("profit_factor", "payoff_ratio", "kelly"),
    ]


@pytest.mark.core
def test_capabilities_are_a_fresh_list_of_words_of_the_original():
    known = {
        *("backtest_stops", "garch_ewma_forecast", "optimize_min_variance"),
        *("optimize_max_sharpe", "optimize_risk_parity", "inverse_cvar_weights"),
        *("inverse_cdar_weights", "backtest_holdings"),
        *("garch_forecast", "optimize_cvar", "optimize_cdar"),  # of 0.9.2
    }
    first = nanobook.capabilities()
    assert type(first) is list
    assert all(type(word) is str for word in first)
    assert len(first) == len(set(first))
    assert {"backtest_stops", "backtest_holdings"} <= set(first) <= known
    # A word that is a function's name is there when the function is, and not before.
    functions = known - {"backtest_stops", "backtest_holdings"}
    assert {word for word in functions if hasattr(nanobook, word)} == set(first) & functions
    first.clear()
    assert nanobook.capabilities()


@pytest.mark.core
def test_errors_are_the_built_in_ones_that_code_for_the_original_catches():
    assert all(issubclass(getattr(errors, name), errors.NanobookError) for name in errors.__all__)
    assert issubclass(errors.ValidationError, ValueError)
    assert issubclass(errors.ArgumentTypeError, errors.ValidationError)
    assert issubclass(errors.ArgumentTypeError, TypeError)
    assert issubclass(errors.RangeError, errors.ValidationError)
    assert issubclass(errors.RangeError, OverflowError)
    assert issubclass(errors.FileFormatError, OSError)
    assert issubclass(errors.MissingDependencyError, ImportError)
    assert not issubclass(errors.ValidationError, TypeError | OverflowError)


@pytest.mark.core
@pytest.mark.parametrize("name", ["OrderStatus", "Side", "TimeInForce"])
def test_enums_equal_the_originals_strings(name):
    members = getattr(nanobook, name)
    assert issubclass(members, enum.StrEnum)
    for member in members:
        assert member == member.name.replace("_", "").lower()


@pytest.mark.core
def test_a_public_class_knows_its_public_home():
    # So that reprs, errors and help() name something that can be imported.
    for name in nanobook.__all__:
        thing = getattr(nanobook, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            home = import_module(thing.__module__)
            assert getattr(home, thing.__qualname__) is thing
