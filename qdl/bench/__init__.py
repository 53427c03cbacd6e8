"""How fast qdl is beside other simulators: rows of data, one runner, every contestant a process of its own.

A row says what is computed, how large, and how many times faster than the best peer qdl should be (`rows`). Its circuit
is written down neutrally (`describe`), so that a contestant needs nothing of qdl: a file in `peers/` that knows one
simulator, run by `worker` in an environment of its own. `pair` checks that both give the same numbers and times them in
turn, `runner` goes through the table and saves each finished row, `table` and `figure` show it.
"""
