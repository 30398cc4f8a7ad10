"""The commands and their options. `run` is what the shell starts."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from nanobook.errors import NanobookError
from nanobook.version import __version__

__all__ = ["app", "run"]

#: A time, in nanoseconds since midnight, that no message has.
_NEVER = 2**63 - 1

app = typer.Typer(
    help="Backtesting on whole arrays, compiled.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def run(arguments=None):
    """Run the command line; what the user got wrong ends in one line on standard error.

    Parameters
    ----------
    arguments : list of str, optional
        The words after the command's name; by default those it was started with.

    Returns
    -------
    int
        The exit code: 0, or 2 after such a line.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(arguments or ["--help"], prog_name="nanobook", standalone_mode=False)
        sys.stdout.flush()
        return code or 0
    except BrokenPipeError:  # the reader, say `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except typer.Abort:
        return 130
    except OSError as error:
        return _refuse(f"{error.filename}: {error.strerror}" if error.filename else error)
    except NanobookError as error:
        return _refuse(error)
    except Exception as error:
        if not hasattr(error, "format_message"):  # what typer says of a wrong option
            raise
        return _refuse(f"{error.format_message()} (see nanobook --help)")


def _refuse(message):
    print("nanobook:", " ".join(str(message).split()), file=sys.stderr)
    return 2


def _version(asked: bool):
    if asked:
        # not an import: rooms don't go through the front door, and it's loaded before any of them
        print(f"nanobook {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
):
    pass


@app.command()
def demo(
    output: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder for the picture, the trades and the metrics."),
    ] = Path("nanobook-demo"),
):
    """Backtest a momentum rotation on real daily prices; works offline."""
    from nanobook.cli import demo as story

    with _busy("backtesting; the very first run compiles, which takes some seconds"):
        outcome = story.run_demo(output)
    rotation = outcome.rotation
    first, last = rotation.equity.index[[0, -1]]
    symbols = rotation.symbols
    bps = story.COMMISSION_BPS + story.SLIPPAGE_BPS
    print(
        f"Momentum rotation of {', '.join(symbols[:-1])} and {symbols[-1]}, "
        f"{first:%Y-%m-%d} to {last:%Y-%m-%d}.\n"
        "Each month's end picks what rose over six months, weighted by inverse volatility, and\n"
        f"trades at the next day's close; {bps} basis points a trade, a {story.TRAILING_STOP:.0%} "
        "trailing stop.\n"
        "It shows the tools and recommends nothing: twelve months would have earned far less."
    )
    _show({"Rotation": rotation, "Buy and hold": outcome.holding})
    _list_files(outcome.files)


@app.command()
def backtest(
    prices: Annotated[
        Path,
        typer.Argument(metavar="PRICES", help="Csv or parquet: dates first, a column per symbol."),
    ],
    weights: Annotated[
        Path,
        typer.Argument(
            metavar="WEIGHTS",
            help="The same with fractions of equity, on the dates to rebalance on.",
        ),
    ],
    cash: Annotated[float, typer.Option(help="Money before the first bar.")] = 1_000_000,
    commission_bps: Annotated[
        float, typer.Option(help="Commission in basis points of a trade's value.")
    ] = 0,
    slippage_bps: Annotated[
        float, typer.Option(help="Slippage in basis points of a trade's value.")
    ] = 0,
    min_fee: Annotated[float, typer.Option(help="The least that a trade costs.")] = 0,
    per_share: Annotated[float, typer.Option(help="Commission per share.")] = 0,
    fixed_stop: Annotated[
        float, typer.Option(help="Close a position that has lost this fraction: 0.1 is 10%.")
    ] = 0,
    trailing_stop: Annotated[
        float, typer.Option(help="Close it this fraction below its best price since entry.")
    ] = 0,
    atr_multiple: Annotated[
        float | None, typer.Option(help="Close it so many average price changes below its best.")
    ] = None,
    atr_period: Annotated[int, typer.Option(help="How many changes that average takes.")] = 14,
    reentry: Annotated[
        str,
        typer.Option(help="After a stop, stay out until: rebalance, signal, or a number of bars."),
    ] = "rebalance",
    lag: Annotated[
        int, typer.Option(help="Bars from a weight's date to its trades; 0 trades the same bar.")
    ] = 1,
    lot: Annotated[
        float, typer.Option(help="Trade multiples of this many shares; 0 allows any fraction.")
    ] = 1,
    sizing: Annotated[
        str, typer.Option(help="Weights are fractions of equity after costs, or before: pre_cost.")
    ] = "post_cost",
    delisting: Annotated[
        str, typer.Option(help="When a symbol's prices end for good: sell, or hold.")
    ] = "sell",
    periods_per_year: Annotated[
        float | None, typer.Option(help="Bars in a year; read off the dates by default.")
    ] = None,
    risk_free: Annotated[float, typer.Option(help="Risk-free return per bar.")] = 0,
    date_format: Annotated[
        str | None,
        typer.Option(help="How the files write dates, say %d.%m.%Y; by default as 2020-01-31."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Save equity, trades, stop events and metrics here."),
    ] = None,
    file_format: Annotated[
        str, typer.Option("--format", help="What to save them as: csv, parquet or json.")
    ] = "csv",
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save a picture: .png, .svg or .pdf.")
    ] = None,
):
    """Backtest weights on prices, both from files, and show what came of it."""
    from nanobook.cli import backtest as files

    if out is not None:
        files.check_outputs(out, file_format)
    if plot is not None:
        files.check_picture(plot)
    with _busy("backtesting; the very first run compiles, which takes some seconds"):
        result = files.backtest_files(
            prices,
            weights,
            date_format=date_format,
            cash=cash,
            costs={
                "commission_bps": commission_bps,
                "slippage_bps": slippage_bps,
                "min_trade_fee": min_fee,
                "per_share": per_share,
            },
            stops={
                "fixed_stop_pct": fixed_stop,
                "trailing_stop_pct": trailing_stop,
                "atr_multiple": atr_multiple,
                "atr_period": atr_period,
                "reentry": int(reentry) if reentry.isdecimal() else reentry,
            },
            lag=lag,
            lot_size=lot,
            sizing=sizing.replace("-", "_"),
            delisting=delisting,
            periods_per_year=periods_per_year,
            risk_free=risk_free,
        )
        if plot is not None:
            result.plot(plot)
        saved = [] if plot is None else [plot]
        if out is not None:
            saved += files.save_result(result, out, file_format)
    first, last = result.equity.index[[0, -1]]
    print(f"{prices}: {first:%Y-%m-%d} to {last:%Y-%m-%d}, {len(result.symbols):,} symbols")
    _show({"Portfolio": result})
    _mention(result)
    _list_files(saved)


@app.command()
def sweep(
    prices: Annotated[
        Path,
        typer.Argument(metavar="PRICES", help="Csv or parquet: dates first, a column per symbol."),
    ],
    strategy: Annotated[
        str,
        typer.Argument(
            metavar="STRATEGY", help="Such as moving_average_crossover, or time_series_momentum."
        ),
    ],
    grid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUES",
            help="Values of a parameter, or of an option such as costs, lag or trailing_stop_pct: "
            "fast=5:50:5, slow=50,100,200, rebalance=W,M,none. May be said again.",
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEST", help="Run only what fits, say 'fast<slow'. May be said again."
        ),
    ] = None,
    random: Annotated[
        int | None, typer.Option(metavar="N", help="Draw so many combinations; all by default.")
    ] = None,
    cash: Annotated[float, typer.Option(help="Money before the first bar.")] = 1_000_000,
    costs: Annotated[float, typer.Option(help="Costs in basis points of a trade's value.")] = 0,
    rebalance: Annotated[
        str | None,
        typer.Option(help="Trade at the ends of W, M, Q, Y, or every so many bars; always."),
    ] = None,
    lag: Annotated[
        int, typer.Option(help="Bars from a signal to its trades; 0 trades the same bar.")
    ] = 1,
    lot: Annotated[
        float, typer.Option(help="Trade multiples of this many shares; 0 allows any fraction.")
    ] = 1,
    by: Annotated[
        str, typer.Option(help="The figure to rank by, say sharpe, cagr, max_drawdown.")
    ] = "sharpe",
    periods_per_year: Annotated[
        float | None, typer.Option(help="Bars in a year; read off the dates by default.")
    ] = None,
    risk_free: Annotated[float, typer.Option(help="Risk-free return per bar.")] = 0,
    seed: Annotated[int, typer.Option(help="What draws and the bootstrap begin with.")] = 0,
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep what's done here, and go on from it."),
    ] = None,
    date_format: Annotated[
        str | None,
        typer.Option(help="How the file writes dates, say %d.%m.%Y; by default as 2020-01-31."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Save all candidates' figures and report.html here."),
    ] = None,
    file_format: Annotated[
        str, typer.Option("--format", help="What to save them as: csv, parquet or npz.")
    ] = "csv",
):
    """Backtest a strategy with many parameters, and ask whether the best is luck."""
    from nanobook.cli import sweep as files
    from nanobook.cli import sweep_tables as tables

    if output is not None:
        files.check_outputs(output, file_format)
    result, table = files.sweep_file(
        prices,
        strategy,
        grid or [],
        where or [],
        date_format=date_format,
        random=random,
        cash=cash,
        costs=costs,
        rebalance=files.read_rule(rebalance),
        lag=lag,
        lot_size=lot,
        by=by,
        periods_per_year=periods_per_year,
        risk_free=risk_free,
        seed=seed,
        checkpoint=checkpoint,
    )
    print(tables.headline(result, prices, table, strategy))
    _print(tables.best_table(result, by))
    report = result.overfitting()
    _print(tables.luck_words(report))
    _print(tables.luck_table(report))
    if output is not None:
        title = f"{strategy} on {prices.name}"
        _list_files(files.save_sweep(result, output, file_format, by=by, title=title))


@app.command()
def itch(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="NASDAQ TotalView-ITCH 5.0: plain, gzip, or a pcap; - is standard input.",
        ),
    ],
    symbol: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Follow this symbol; may be said again. All by default."),
    ] = None,
    levels: Annotated[int, typer.Option(help="Price levels of each side in a sample.")] = 1,
    every: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="Sample a book so often, say 100ms; a number counts messages."
        ),
    ] = "1s",
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Samples and trades from here on, say 09:30:00."),
    ] = None,
    stop: Annotated[
        str | None, typer.Option(metavar="TIME", help="Read messages before this time only.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Save the samples: .parquet, .csv, .json or .npz; prices in 1/10000.",
        ),
    ] = None,
    trades: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the trades, in the same formats.")
    ] = None,
    date: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="The day, so that files have dates beside the times."),
    ] = None,
    framing: Annotated[
        str, typer.Option(help="How messages lie in the file: auto, itch, moldudp64 or pcap.")
    ] = "auto",
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what is damaged instead of counting it.")
    ] = False,
    summary: Annotated[
        bool, typer.Option("--summary", help="Show counts of messages and symbols, no samples.")
    ] = False,
):
    """Rebuild the books of an exchange's feed, and sample them."""
    from nanobook.cli import itch as feed
    from nanobook.cli import itch_tables as tables

    for path in filter(None, (out, trades)):
        feed.check_output(path)
    if out is not None and out == trades:
        raise typer.BadParameter(f"--out and --trades must be two files, got {out} twice")
    if summary and out is None:
        every = None
        if trades is None:
            start = _NEVER
    result = feed.replay_file(
        file,
        symbol or [],
        every,
        levels=levels,
        start=start,
        stop=stop,
        date=date,
        framing=framing,
        strict=strict,
    )
    print(f"{file}: {tables.reading(result)}")
    if summary:
        for table in tables.summary_tables(result):
            _print(table)
    else:
        if out is None and len(result):
            _print(tables.samples_table(result))
        print(tables.outcome(result, symbol or []))
    saved = []
    if out is not None:
        feed.save_samples(result, out)
        saved.append(out)
    if trades is not None:
        feed.save_trades(result, trades)
        saved.append(trades)
    _list_files(saved)


@app.command()
def lob(
    strict: Annotated[
        bool, typer.Option("--strict", help="End with exit code 1 at the first error.")
    ] = False,
    history: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Recall the lines of earlier sessions from this file."),
    ] = None,
):
    """Type orders into an order book, or pipe them in: lob < script."""
    from nanobook.cli.lob import console

    raise typer.Exit(console(strict, history))


@app.command()
def warmup():
    """Compile everything now, so that nothing has to wait for it later."""
    from nanobook import jit
    from nanobook.cli import compile as kernels

    done = []
    with _progress(len(kernels.steps())) as advance:
        for step in kernels.warm_up():
            done.append(step)
            advance(f"{step.name:<36} {_counted(step):<26} {step.seconds:6.2f} s")
    total = kernels.Warmed("all", *(sum(column) for column in list(zip(*done, strict=True))[1:]))
    print(f"{total.name:<36} {_counted(total):<26} {total.seconds:6.2f} s")
    if not kernels.compiles():
        print("nothing is compiled while NUMBA_DISABLE_JIT is set")
    else:
        print(f"kept in {jit.cache_folder() or 'no folder: there was none to write to'}")


@app.command()
def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove all of it.")] = False,
):
    """Show where compiled kernels are kept, or remove them."""
    from nanobook import jit
    from nanobook.cli import compile as kernels

    if clear:
        gone = kernels.clear_cache()
        size = _size(sum(folder.size for folder in gone))
        print(f"removed {_folders(len(gone))} from {jit.cache_base()}, {size} freed")
        return
    folders = kernels.cache_folders()
    if not any(folder.current for folder in folders):
        print("no folder can be written to, so kernels aren't kept")
    for folder in folders:
        if folder.current:
            print(f"kernels are kept in {folder.path}: {folder.files} files, {_size(folder.size)}")
    older = [folder for folder in folders if not folder.current]
    if older:
        size = _size(sum(folder.size for folder in older))
        print(f"{_folders(len(older))} of other versions beside it: {size}")
        print("nanobook cache --clear removes all of it")


def _show(results):
    from nanobook.cli.tables import metrics_table

    _print(metrics_table(results))


def _print(table):
    from rich.console import Console

    Console().print(table)


def _mention(result):
    """Say what a reader of the figures should know about the data."""
    missing = result.missing[result.missing > 0]
    if len(missing):
        counts = ", ".join(f"{symbol} {count:,}" for symbol, count in missing.items())
        print(f"bars without a price, not tradable and valued at the price before: {counts}")
    for symbol, date in result.delistings.items():
        print(f"{symbol} has no prices after {date:%Y-%m-%d}")


def _list_files(paths):
    for path in paths:
        print(f"saved {path}")


def _busy(text):
    """Return a context that shows a spinner on a terminal's standard error."""
    from rich.console import Console

    return Console(stderr=True).status(text)


def _progress(steps):
    """Return a context that gives a function: print a line, and move the bar on."""
    from contextlib import contextmanager

    from tqdm import tqdm

    @contextmanager
    def bar():
        with tqdm(total=steps, desc="compiling", leave=False, disable=None) as progress:

            def advance(line):
                progress.write(line)
                progress.update()

            yield advance

    return bar()


def _counted(step):
    return f"{step.compiled} compiled, {step.loaded} loaded"


def _folders(count):
    return "1 folder" if count == 1 else f"{count} folders"


def _size(count):
    """Write bytes as megabytes, or as less if they're few."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1e3:.1f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"
