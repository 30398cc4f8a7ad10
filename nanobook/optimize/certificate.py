"""What a solve says about itself: how it ended, and the figures that prove it.

Kernels fill a vector of `FIELDS` floats, one a solve, so that a loop over thousands of dates
keeps the same certificate as a single call.
"""

__all__ = ["CONDITION", "FIELDS", "GAP", "ITERATIONS", "OBJECTIVE", "RESIDUAL", "STATUS"]
__all__ += ["COMPUTED", "INFEASIBLE", "NOT_CONVERGED", "NOT_FINITE", "NO_EXCESS", "OPTIMAL"]
__all__ += ["TOO_FEW", "UNBOUNDED", "solved", "status_word"]

#: Places in the vector. Figures that a method doesn't have are NaN.
STATUS = 0  # one of the codes below
OBJECTIVE = 1  # what is minimised or maximised, at the weights returned
RESIDUAL = 2  # largest violation of the optimality conditions, relative, without a unit
GAP = 3  # primal minus dual objective, over the objective's size; linear programmes have it
ITERATIONS = 4  # of the solver's outer loop
CONDITION = 5  # 1-norm condition number of the covariance of the assets held
FIELDS = 6

OPTIMAL = 0  # the conditions of optimality hold
COMPUTED = 1  # a rule that has no objective was followed to its end
NOT_CONVERGED = 2  # stopped at the limit of iterations or of precision
INFEASIBLE = 3  # no weights keep the constraints
NO_EXCESS = 4  # a Sharpe ratio was to be maximised, but no asset earns the risk-free rate
NOT_FINITE = 5  # an input holds NaN or infinity
TOO_FEW = 6  # fewer returns, or assets, than the method needs
UNBOUNDED = 7  # the objective has no optimum

_WORDS = (
    "optimal",
    "computed",
    "not converged",
    "infeasible",
    "no excess return",
    "not finite",
    "too few returns",
    "unbounded",
)


def status_word(code):
    """Return a status code in words.

    Parameters
    ----------
    code : int
        One of the codes of this module.

    Returns
    -------
    str
        Such as ``"optimal"``.
    """
    return _WORDS[int(code)]


def solved(code):
    """Return whether weights under this status can be used.

    Parameters
    ----------
    code : int
        One of the codes of this module.

    Returns
    -------
    bool
        True for optimal and computed ones.
    """
    return code in (OPTIMAL, COMPUTED)
