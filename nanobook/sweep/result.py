"""`SweepResult`: what a sweep gives back: metrics of all candidates, and any one of them whole."""

import operator
from collections.abc import Hashable, Mapping

import numpy as np

from nanobook.errors import ValidationError
from nanobook.panel.arrays import as_count, as_integer
from nanobook.portfolio.backtest import backtest
from nanobook.sweep.axes import as_column
from nanobook.sweep.candidates import FIELDS
from nanobook.sweep.overfitting import judge
from nanobook.sweep.result_file import read_sweep, write_sweep

__all__ = ["SMALLER_IS_BETTER", "SweepResult", "check_metric"]

#: Figures of which `best` takes the smallest.
SMALLER_IS_BETTER = (
    *("volatility", "max_drawdown", "losing_periods", "time_under_water"),
    *("turnover", "exposure", "total_costs", "kurtosis"),
)

_COUNTS = ("num_periods", "winning_periods", "losing_periods")

#: Up to how many candidates the repr works out the probability of overfitting by itself.
_SHOWN_UP_TO = 20_000


class SweepResult:
    """The outcome of a sweep.

    Attributes
    ----------
    complete : bool
        Whether every candidate is done; False after Ctrl-C.
    plan : Plan or None
        The memory that was planned.
    seed : int
        What the bootstrap was drawn from. A sampled grid keeps its own seed.
    kept : list of tuple
        ``(params, BacktestResult)`` of the candidates whose paths were asked for, best first or
        in the order asked for.
    """

    def __init__(self, job, source, gathered, *, prices, index, columns, **more):
        """Wrap what was gathered; `sweep` does that.

        Parameters
        ----------
        job : Job
            What candidates share.
        source : Described
            Where they come from.
        gathered : Gathered
            What came of them.
        prices : DataFrame, ndarray or None
            As given; None of a loaded result.
        index, columns : Index or None
            Their labels.
        **more
            complete, plan, seed, kept.
        """
        self._job, self._source, self._gathered = job, source, gathered
        self._prices, self._index, self._columns = prices, index, columns
        self._reports, self._digest = {}, None
        self.complete = more.get("complete", True)
        self.plan = more.get("plan")
        self.seed = more.get("seed", 0)
        self.kept = more.get("kept", [])

    # ---- tables ------------------------------------------------------------------------------

    def __len__(self):
        return int(self._gathered.done.sum())

    @property
    def parameters(self):
        """The names of the parameters, in the index's order."""
        return list(self._source.names)

    @property
    def params(self):
        """The parameters of the candidates that are done, a row each, numbered as in the grid."""
        import pandas as pd

        done = np.flatnonzero(self._gathered.done)
        index = pd.Index(done, name="candidate")
        columns = self._columns_of(done)
        series = {  # of the columns' own dtype: pandas would make None among words a NaN
            name: pd.Series(column, index, dtype=column.dtype) for name, column in columns.items()
        }
        return pd.DataFrame(series, index=index)

    @property
    def metrics(self):
        """The figures of the candidates that are done, a row each, indexed by their parameters.

        Those of `Metrics`, and the skew and kurtosis of returns.
        """
        import pandas as pd

        done = np.flatnonzero(self._gathered.done)
        index = _index_of(self._columns_of(done))
        frame = pd.DataFrame(self._gathered.metrics[done], index=index, columns=list(FIELDS))
        return frame.astype(dict.fromkeys(_COUNTS, np.int64))

    def _columns_of(self, done):
        if not done.size:
            return {name: np.zeros(0) for name in self._source.names}
        columns = self._source.columns(0, int(done[-1]) + 1)
        return {name: column[done] for name, column in columns.items()}

    def _figures(self, done):
        rows = self._gathered.metrics[done]
        return {name: rows[:, place] for place, name in enumerate(FIELDS)}

    def _params_of(self, number):
        return self._source.params_of(number)

    def slice(self, **fixed):
        """Return the metrics of the candidates with some parameters fixed.

        Parameters
        ----------
        **fixed
            Values by parameter.

        Returns
        -------
        DataFrame
            As `metrics`, indexed by the parameters that aren't fixed.

        Raises
        ------
        ValidationError
            If a parameter isn't known or no candidate has its value.
        """
        metrics, params = self.metrics, self.params
        keeps = np.ones(len(metrics), dtype=bool)
        for name, value in fixed.items():
            self._check_parameter("slice", name)
            same = np.array([_equal(one, value) for one in params[name].tolist()])
            if not same.any():
                raise ValidationError(f"no candidate has {name} {value!r}")
            keeps &= same
        rest = metrics[keeps]
        gone = [name for name in self.parameters if name in fixed]
        if len(gone) == len(self.parameters):
            return rest
        return rest.droplevel(gone) if gone else rest

    # ---- the best ----------------------------------------------------------------------------

    def best(self, by="sharpe", *, constraint=None, n=None):
        """Return the best candidate, or the best few.

        Parameters
        ----------
        by : str, default "sharpe"
            A column of `metrics`. Of drawdown, volatility, costs and the like the smallest is
            best.
        constraint : callable, optional
            Takes `metrics`, returns which rows are allowed:
            ``lambda m: m["max_drawdown"] < 0.2``.
        n : int, optional
            How many.

        Returns
        -------
        dict or DataFrame
            The parameters of the best, as `result` takes them; with `n`, rows of `metrics`, best
            first.

        Raises
        ------
        ValidationError
            If the figure isn't known, or no candidate is allowed or has it.
        RangeError
            If `n` is below 1.
        ArgumentTypeError
            If `n` isn't an integer.
        """
        order = self._ranked(by, constraint)
        if n is None:
            return self._params_of(int(np.flatnonzero(self._gathered.done)[order[0]]))
        return self.metrics.iloc[order[: as_count("n", n, least=1)]]

    def _ranked(self, by, constraint=None):
        """Return positions among the candidates that are done, best first; NaN isn't among them."""
        check_metric("by", by)
        done = np.flatnonzero(self._gathered.done)
        values = self._gathered.metrics[done, FIELDS.index(by)]
        allowed = ~np.isnan(values)
        if constraint is not None:
            keeps = np.asarray(constraint(self.metrics))
            if keeps.dtype != bool or keeps.shape != values.shape:
                raise ValidationError(
                    f"constraint must return a bool for each of {values.size} candidates, got "
                    f"{keeps.dtype} of shape {keeps.shape}"
                )
            allowed &= keeps
        if not allowed.any():
            reason = "none is allowed" if constraint is not None else f"none has a {by}"
            raise ValidationError(f"there's no best of {values.size} candidates: {reason}")
        sign = 1.0 if by in SMALLER_IS_BETTER else -1.0
        places = np.flatnonzero(allowed)
        return places[np.argsort(sign * values[places], kind="stable")]

    def result(self, params=None):
        """Run the backtest of one candidate, with all records.

        Parameters
        ----------
        params : dict, int or tuple, optional
            Its parameters, its number, or its label in the index of `metrics`; by default those
            of the best Sharpe ratio. Parameters that weren't swept over are run too.

        Returns
        -------
        BacktestResult
            Its metrics are those of the sweep, to the last bit.

        Raises
        ------
        ValidationError
            If there's no such candidate, or its weights or the prices are gone.
        """
        params = self.best() if params is None else self._read_params(params)
        for known, path in self.kept:
            if _same_params(known, params):
                return path
        return self._run(params)

    def _run(self, params, weights=None):
        prices = self._need_prices()
        settings = self._source.settings(params).arguments()
        job = self._job
        if weights is None:
            weights = self._source.weights(params, prices)
        if self._source.strategy is not None:
            settings.pop("rebalance")  # its rows of other bars are NaN already
        return backtest(
            prices,
            weights,
            **settings,
            sizing="post_cost" if job.post_cost else "pre_cost",
            delisting=job.delisting,
            periods_per_year=job.year,
            risk_free=job.risk_free,
        )

    def _returns_of(self, number):
        """Return a candidate's defined returns, None where its weights or the prices are gone."""
        params = self._params_of(number)
        for known, path in self.kept:
            if _same_params(known, params):
                return path._defined_returns()
        if self._prices is None or not self._source.random_access:
            return None
        return self._run(params)._defined_returns()

    def _need_prices(self):
        if self._prices is None:
            raise ValidationError(
                "a loaded sweep has no prices; give them, and the strategy, to SweepResult.load"
            )
        return self._prices

    def _read_params(self, params):
        if isinstance(params, Mapping):
            names = set(self._source.names)
            if set(params) != names:
                raise ValidationError(
                    f"params must name {', '.join(self._source.names)}, got {', '.join(params)}"
                )
            return {name: params[name] for name in self._source.names}
        if isinstance(params, tuple):
            if len(params) != len(self._source.names):
                raise ValidationError(
                    f"params must hold {len(self._source.names)} values, got {len(params)}"
                )
            pairs = zip(self._source.names, params, strict=True)
            return {name: self._meant(name, label) for name, label in pairs}
        number = as_integer("params", params)
        if not (0 <= number < len(self._gathered.done) and self._gathered.done[number]):
            raise ValidationError(f"params must be the number of a candidate, got {number}")
        return self._params_of(number)

    def _meant(self, name, label):
        """Return the value that a label stands for: pandas shows None as NaN, others as text."""
        column = (
            None
            if self._source.grid is None
            else self._source.columns(0, len(self._gathered.done))[name]
        )
        if column is None or column.dtype != object:
            return label
        known = [value for value in column.tolist() if _equal(value, label)]
        if label != label:
            known += [None]
        known += [value for value in column.tolist() if repr(value) == label]
        return known[0] if known else label

    @property
    def equity(self):
        """The equity of the candidates whose paths were kept, a column each.

        Labelled by their parameters, best first.
        """
        import pandas as pd

        curves = [np.asarray(path.equity) for _, path in self.kept]
        columns = _index_of(
            {name: as_column([params[name] for params, _ in self.kept]) for name in self.parameters}
        )
        values = np.column_stack(curves) if curves else np.zeros((self._job.bars, 0))
        return pd.DataFrame(values, index=self._index, columns=columns)

    # ---- honesty -----------------------------------------------------------------------------

    def overfitting(self):
        """Say how likely the best candidate's Sharpe ratio is luck.

        Returns
        -------
        OverfittingReport
            Deflated Sharpe ratio, probability of backtest overfitting, minimum backtest length,
            tests of superior ability, a bootstrap band and how the neighbours do.

        Raises
        ------
        ValidationError
            If the sweep was run with ``overfitting=False``, or no candidate is done.

        References
        ----------
        .. [1] Bailey, Lopez de Prado (2014), "The deflated Sharpe ratio".
        .. [2] Bailey, Borwein, Lopez de Prado, Zhu (2015), "The probability of backtest
           overfitting".
        .. [3] Hansen (2005), "A test for superior predictive ability".
        """
        if not self._job.honesty.blocks:
            raise ValidationError(
                "nothing was gathered to tell overfitting from; sweep with overfitting=True, over "
                "three bars or more"
            )
        if not len(self):
            raise ValidationError("no candidate is done")
        key = len(self)
        if key not in self._reports:
            self._reports = {key: judge(self, seed=self.seed)}
        return self._reports[key]

    # ---- pictures ----------------------------------------------------------------------------

    def heatmap(self, x, y, metric="sharpe", *, aggregate="median", path=None):
        """Draw a figure over two parameters.

        Parameters
        ----------
        x, y : str
            Two parameters.
        metric : str, default "sharpe"
            A column of `metrics`.
        aggregate : {"median", "mean", "max", "min"}, default "median"
            What stands for several candidates in one cell, where there are more parameters.
        path : str or PathLike, optional
            Where to save the picture (PNG, SVG or PDF by suffix).

        Returns
        -------
        matplotlib.figure.Figure
            The picture; its best cell is marked.

        Raises
        ------
        ValidationError
            If a parameter, the figure or the aggregate isn't known.
        MissingDependencyError
            If matplotlib isn't installed.
        """
        from nanobook.report.sweep_plots import plot_heatmap
        from nanobook.report.sweep_tables import heat_table

        self._check_parameter("x", x)
        self._check_parameter("y", y)
        check_metric("metric", metric)
        if aggregate not in ("median", "mean", "max", "min"):
            raise ValidationError(
                f"aggregate must be 'median', 'mean', 'max' or 'min', got {aggregate!r}"
            )
        if x == y:
            raise ValidationError(f"x and y must be two parameters, got {x!r} twice")
        grid = heat_table(self.params, self.metrics[metric].to_numpy(), x, y, aggregate)
        return plot_heatmap(grid, metric, smaller=metric in SMALLER_IS_BETTER, path=path)

    def parallel_coordinates(self, by="sharpe", *, most=2000, path=None):
        """Draw each candidate as a line over its parameters, coloured by a figure.

        Parameters
        ----------
        by : str, default "sharpe"
            A column of `metrics`.
        most : int, default 2000
            The best this many are drawn, best on top.
        path : str or PathLike, optional
            Where to save the picture.

        Returns
        -------
        matplotlib.figure.Figure
            The picture.

        Raises
        ------
        ValidationError
            If the figure isn't known.
        ArgumentTypeError
            If `most` isn't an integer.
        RangeError
            If it's below 1.
        MissingDependencyError
            If matplotlib isn't installed.
        """
        from nanobook.report.sweep_plots import plot_parallel

        order = self._ranked(by)[: as_count("most", most, least=1)]
        table = self.params.iloc[order]
        values = self.metrics[by].to_numpy()[order]
        return plot_parallel(table, values, by, smaller=by in SMALLER_IS_BETTER, path=path)

    def report(self, path=None, *, by="sharpe", title="Parameter sweep"):
        """Put together a page: the best candidates, pictures, and how likely they are luck.

        Parameters
        ----------
        path : str or PathLike, optional
            Where to save the page.
        by : str, default "sharpe"
            The figure that candidates are ranked by.
        title : str, default "Parameter sweep"
            The page's headline.

        Returns
        -------
        str
            HTML that needs no other file.

        Raises
        ------
        ValidationError
            If the figure isn't known.
        """
        from nanobook.report.sweep_page import page

        check_metric("by", by)
        text = page(self, by, title)
        if path is not None:
            from nanobook.persistence.atomic import atomic_write

            with atomic_write(path) as file:
                file.write(text.encode())
        return text

    # ---- keeping -----------------------------------------------------------------------------

    def save(self, path):
        """Write metrics, parameters and what overfitting is told from to one file.

        Prices, the strategy and kept paths aren't in it.

        Parameters
        ----------
        path : str or PathLike
            A ``.parquet`` suffix writes a table that other programs read (extra `parquet`); any
            other NumPy's own format.

        Raises
        ------
        ValidationError
            If a parameter is of a kind that can't be stored without pickling.
        MissingDependencyError
            If pyarrow isn't installed and the suffix asks for it.
        """
        write_sweep(path, self)

    @classmethod
    def load(cls, path, *, prices=None, strategy=None):
        """Read what `save` wrote. Nothing in the file is run.

        Parameters
        ----------
        path : str or PathLike
            The file.
        prices : DataFrame or array_like of shape (T, N), optional
            The prices swept over, for `result`.
        strategy : Strategy, str or callable, optional
            The strategy, for `result`. One of ours is known by its name.

        Returns
        -------
        SweepResult
            With the same metrics and the same overfitting report, but for the bootstrap bands
            where prices aren't given.

        Raises
        ------
        FileNotFoundError
            If there's no such file.
        FileFormatError
            If it isn't such a file or is damaged.
        ValidationError
            If prices or strategy aren't those of the sweep.
        MissingDependencyError
            If pyarrow isn't installed and the suffix asks for it.
        """
        job, source, gathered, digest, more = read_sweep(path, prices, strategy)
        result = cls(job, source, gathered, **more)
        result._digest = digest
        return result

    # ---- looks -------------------------------------------------------------------------------

    def __repr__(self):
        return f"SweepResult({', '.join(f'{name}={value}' for name, value in self._headline())})"

    def _repr_html_(self):
        rows = "".join(
            f"<tr><th style='text-align:left'>{name.replace('_', ' ')}</th><td>{value}</td></tr>"
            for name, value in self._headline()
        )
        head = f"<table><tbody>{rows}</tbody></table>"
        if not self._has_best():
            return head
        return head + self.best(n=10)._repr_html_()

    def _has_best(self):
        column = self._gathered.metrics[self._gathered.done, FIELDS.index("sharpe")]
        return bool((~np.isnan(column)).any())

    def _headline(self):
        total = len(self._gathered.done)
        done = len(self)
        rows = [("candidates", f"{done:,}" + ("" if done == total else f" of {total:,}"))]
        if not self.complete:
            rows.append(("complete", False))
        if self._has_best():
            params = self.best()
            row = self.best(n=1).iloc[0]
            rows.append(("best", ", ".join(f"{name}={value}" for name, value in params.items())))
            rows += [("sharpe", f"{row['sharpe']:.2f}"), ("cagr", f"{row['cagr']:.2%}")]
            rows.append(("max_drawdown", f"{row['max_drawdown']:.2%}"))
            if self._job.honesty.blocks and done <= _SHOWN_UP_TO:
                rows.append(("overfitting", self.overfitting().line()))
            elif self._job.honesty.blocks:
                rows.append(("overfitting", "see overfitting()"))
            else:
                rows.append(("overfitting", "not gathered"))
        return rows

    def _check_parameter(self, name, parameter):
        if parameter not in self._source.names:
            raise ValidationError(
                f"{name} must be one of {', '.join(self._source.names)}, got {parameter!r}"
            )


def check_metric(name, metric):
    """Raise unless `metric` is a figure that sweeps work out.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    metric : str
        What the caller gave.

    Raises
    ------
    ValidationError
        The message lists the figures.
    """
    if metric not in FIELDS:
        raise ValidationError(f"{name} must be one of {', '.join(FIELDS)}, got {metric!r}")


def _index_of(columns):
    """Return the labels of candidates; a value that can't be one, like a dict, by its text."""
    import pandas as pd

    labels = {}
    for name, column in columns.items():
        if column.dtype == object:
            column = as_column([v if isinstance(v, Hashable) else repr(v) for v in column])
        labels[name] = column
    if len(labels) == 1:
        ((name, values),) = labels.items()
        return pd.Index(values, name=name)
    return pd.MultiIndex.from_arrays(list(labels.values()), names=list(labels))


def _equal(left, right):
    try:
        return bool(operator.eq(left, right)) or left is right
    except (TypeError, ValueError):
        return False


def _same_params(left, right):
    return left.keys() == right.keys() and all(_equal(left[name], right[name]) for name in left)
