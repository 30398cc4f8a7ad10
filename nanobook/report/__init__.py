"""What a result looks like: pictures, tables of figures, and a page to pass on.

The room is handed frames and anything that walks like a `BacktestResult`; it knows no
simulator. `plots` draws (matplotlib is loaded when the first picture is), `tear_sheet`
gathers the tables, `figures` words the numbers, `page` writes HTML.
"""

from nanobook.report.figures import figures
from nanobook.report.plots import plot_equity
from nanobook.report.tear_sheet import TearSheet, tear_sheet

__all__ = ["TearSheet", "figures", "plot_equity", "tear_sheet"]
