"""`optimize`: weights under any constraints, each solve with its proof."""

__all__ = ["optimize"]


def optimize(
    returns,
    objective="min_variance",
    symbols=None,
    *,
    constraints=(),
    current=None,
    costs=None,
    benchmark=None,
    covariance="sample",
    mean="historical",
    half_life=None,
    shrinkage=None,
    missing="raise",
    lower=0.0,
    upper=1.0,
    risk_free=0.0,
    risk_aversion=1.0,
    alpha=0.95,
    budgets=None,
    solver=None,
    time_limit=60.0,
):
    """Return the weights that are best by an objective, under constraints, with their proof.

    Where only bounds are given, the compiled optimizers answer (`optimize_min_variance` and its
    kin); with constraints, costs or negative bounds, cvxpy's solvers do, inside scaled units and
    at tight tolerances. Whatever they claim, violations, objective and optimality are computed
    again from the weights returned.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N), or None
        Returns per period; None where every moment that's needed is given.
    objective : str, default "min_variance"
        See Notes.
    symbols : sequence of str, optional
        Names, for a dict of weights.
    constraints : sequence, optional
        `GroupLimit`, `TurnoverLimit`, `TransactionCost`, `TrackingErrorLimit`, `GrossLimit`,
        `NetLimit`, `FactorExposure`, `Cardinality`, `MinimumPosition`, `LinearConstraint`.
    current : array_like of shape (N,), Series or mapping, optional
        Weights held now, which turnover and costs count from.
    costs : float or TransactionCost, optional
        Of trading; a number is basis points of what's bought and sold.
    benchmark : array_like of shape (N,) or (T,), Series or mapping, optional
        For tracking error: its weights; or its returns, as a Series with the index of `returns`
        or as an array of T values.
    covariance : str, array_like of shape (N, N) or object, default "sample"
        As `estimate_covariance` names it, a matrix, or what has `covariance_forecast`.
    mean : str, array_like of shape (N,) or Series, default "historical"
        As `estimate_mean` names it, or expected returns per period.
    half_life : float, optional
        In periods, for estimators that weigh by age.
    shrinkage : float, optional
        A fixed intensity in place of an estimated one.
    missing : {"raise", "complete", "pairwise"}, default "raise"
        What NaNs do, see `estimate_covariance`.
    lower : float, array_like of shape (N,), Series or mapping, default 0.0
        Least weight of each asset; negative ones allow shorts.
    upper : float, array_like of shape (N,), Series or mapping, default 1.0
        Largest weight of each asset.
    risk_free : float, default 0.0
        Return per period that "max_sharpe" compares with.
    risk_aversion : float, default 1.0
        Of "utility" and "mean_cvar".
    alpha : float, default 0.95
        Share of periods outside the tail, of "cvar", "cdar" and "mean_cvar".
    budgets : array_like of shape (N,), Series or mapping, optional
        Shares of risk for "risk_parity"; equal ones by default.
    solver : {"clarabel", "osqp", "scs", "highs"}, optional
        Which of cvxpy's solvers is asked first, and to which it falls back is noted.
    time_limit : float, default 60.0
        Seconds for a search among combinations: cardinality, minimum positions.

    Returns
    -------
    Optimum
        Weights and certificate. Its notes say which solver answered, how far the constraints
        are violated (0.0 in general), what trading costs, and how a search ended.

    Raises
    ------
    InfeasibleError
        If no weights keep all constraints. The message, and ``error.conflict``, name a smallest
        set of them that can't be kept together, and by how much each one is missed.
    ConvergenceError
        If every solver that can solve the problem failed.
    ValidationError
        If something isn't known, isn't finite, or doesn't fit the assets; of "max_sharpe", if no
        weights allowed earn the risk-free rate.
    ArgumentTypeError
        If something is of another kind.

    Notes
    -----
    ====================== ======================================================================
    objective              what's best, per period
    ====================== ======================================================================
    "min_variance"         smallest w'Cw
    "max_sharpe"           largest (mean'w - risk_free) / sqrt(w'Cw)
    "utility"              largest mean'w - risk_aversion/2 w'Cw
    "max_return"           largest mean'w
    "max_diversification"  largest sigma'w / sqrt(w'Cw)
    "risk_parity"          risk in shares of `budgets`; with constraints, smallest
                           log sqrt(w'Cw) - budgets'log(w), of which equal shares are the optimum
                           without [1]_
    "cvar"                 smallest mean loss of the worst (1 - alpha)T periods
    "cdar"                 smallest mean of the worst (1 - alpha)T drawdowns of the uncompounded
                           sum of returns, whose peak starts at 0
    "mean_cvar"            largest mean'w - risk_aversion CVaR
    "tracking_error"       smallest sqrt((w - b)'C(w - b))
    ====================== ======================================================================

    Without constraints also "hrp", "herc", "nco", "inverse_volatility" and "equal". Costs are
    taken from what's maximised (from the excess return of "max_sharpe"), added to what's
    minimised; they don't go with "risk_parity".

    References
    ----------
    .. [1] Spinu (2013), "An algorithm for computing risk parity weights"; Rockafellar, Uryasev
       (2000), "Optimization of conditional value-at-risk"; Chekhlov, Uryasev, Zabarankin (2005),
       "Drawdown measure in portfolio optimization"; Chinneck (2008), "Feasibility and
       infeasibility in optimization", deletion filter.

    Examples
    --------
    >>> import numpy as np
    >>> from nanobook import GroupLimit
    >>> returns = np.random.default_rng(0).normal(0.001, [0.01, 0.02, 0.03], (250, 3))
    >>> best = optimize(returns, constraints=[GroupLimit({0: "bonds"}, upper=0.5)])
    >>> best.status, round(float(best.weights[0]), 9)
    ('optimal', 0.5)
    """
    from nanobook.optimize.constrained import solve

    return solve(
        returns,
        objective,
        symbols,
        constraints,
        current=current,
        costs=costs,
        benchmark=benchmark,
        moments={
            "covariance": covariance,
            "mean": mean,
            "half_life": half_life,
            "shrinkage": shrinkage,
            "missing": missing,
        },
        lower=lower,
        upper=upper,
        options={
            "risk_free": risk_free,
            "risk_aversion": risk_aversion,
            "alpha": alpha,
            "budgets": budgets,
        },
        solver=solver,
        time_limit=time_limit,
    )
