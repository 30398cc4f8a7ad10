"""The `nanobook` command: parse, call, print.

`main` has the commands and their options; `demo`, `backtest` and `compile` do what they
say; `files` reads and writes tables, `tables` shows figures in a terminal; `lob` and the files that
begin with its name are a console for one order book. Nothing here is
loaded by ``import nanobook``, and each command loads only what it needs.
"""
