"""Other engines that sort two tables into new, moved, cancelled and unchanged; run by the interpreter that has them.

``python -m benchmarks.diff_rivals ENGINE ROWS`` prints one JSON line. Each engine is written as its documentation has
it, gets both tables in its own form before the clock starts, and gives four lists of ids.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from typing import Any

from benchmarks.apart import metered
from benchmarks.diff_inputs import CANCELED, MOVED, NEW, UNCHANGED, Columns, tables

Found = Mapping[str, Collection[str]]
Engine = Callable[[Columns, Columns], Callable[[], Found]]
"""Takes both tables and returns what is measured."""

_KEY = "booking_id"


def duckdb(read: Columns, recorded: Columns) -> Callable[[], Found]:
    """A left join of native tables in memory."""
    import duckdb as engine  # noqa: PLC0415 - each engine loads its own library only
    import pandas as pd  # noqa: PLC0415 - each engine loads its own library only

    connection = engine.connect()
    for name, columns in (("read", read), ("recorded", recorded)):
        connection.from_df(pd.DataFrame(columns)).create(name)
    query = """
        SELECT read.booking_id, CASE
            WHEN recorded.booking_id IS NULL THEN 'new'
            WHEN read.state = 'canceled' THEN 'canceled'
            WHEN read.schedule <> recorded.schedule OR read.content <> recorded.content THEN 'moved'
            ELSE 'unchanged' END AS class
        FROM read LEFT JOIN recorded USING (booking_id)
    """

    def run() -> Found:
        connection.execute(f"CREATE TEMP TABLE found AS {query}")
        wanted = "SELECT booking_id FROM found WHERE class = ?"
        return {
            name: connection.execute(wanted, [name]).fetchnumpy()[_KEY] for name in (NEW, MOVED, CANCELED, UNCHANGED)
        }

    return run


def polars(read: Columns, recorded: Columns) -> Callable[[], Found]:
    """A left join, and one filter for each class."""
    import polars as pl  # noqa: PLC0415 - each engine loads its own library only

    mine, theirs = (
        pl.DataFrame({**columns, _KEY: list(columns[_KEY]), "state": list(columns["state"])})
        for columns in (read, recorded)
    )

    def run() -> Found:
        both = mine.join(theirs, on=_KEY, how="left", suffix="_recorded")
        is_new, is_canceled = pl.col("state_recorded").is_null(), pl.col("state") == "canceled"
        is_moved = (pl.col("schedule") != pl.col("schedule_recorded")) | (
            pl.col("content") != pl.col("content_recorded")
        )
        return {
            NEW: both.filter(is_new)[_KEY].to_list(),
            CANCELED: both.filter(~is_new & is_canceled)[_KEY].to_list(),
            MOVED: both.filter(~is_new & ~is_canceled & is_moved)[_KEY].to_list(),
            UNCHANGED: both.filter(~is_new & ~is_canceled & ~is_moved)[_KEY].to_list(),
        }

    return run


def pandas_merge(read: Columns, recorded: Columns) -> Callable[[], Found]:
    """An outer merge with an indicator, on 64-bit integers, as most scripts have it."""
    import pandas as pd  # noqa: PLC0415 - each engine loads its own library only

    mine, theirs = pd.DataFrame(read), pd.DataFrame(recorded)

    def run() -> Found:
        both = mine.merge(theirs, on=_KEY, how="outer", suffixes=("", "_recorded"), indicator=True)
        is_new, is_both = both["_merge"] == "left_only", both["_merge"] == "both"
        is_canceled = is_both & (both["state"] == "canceled")
        differs = (both["schedule"] != both["schedule_recorded"]) | (both["content"] != both["content_recorded"])
        is_moved = is_both & ~is_canceled & differs
        is_unchanged = is_both & ~is_canceled & ~differs
        parts = zip((NEW, CANCELED, MOVED, UNCHANGED), (is_new, is_canceled, is_moved, is_unchanged), strict=True)
        return {name: both.loc[part, _KEY].to_numpy() for name, part in parts}

    return run


def pandas_merge_text(read: Columns, recorded: Columns) -> Callable[[], Found]:
    """The same with fingerprints as hexadecimal text, which no merge can round."""
    return pandas_merge(_as_text(read), _as_text(recorded))


def datacompy_pandas(read: Columns, recorded: Columns) -> Callable[[], Found]:
    """The library's comparison of two pandas frames, and its rows that do not match."""
    import datacompy  # noqa: PLC0415 - each engine loads its own library only
    import pandas as pd  # noqa: PLC0415 - each engine loads its own library only

    mine, theirs = pd.DataFrame(read), pd.DataFrame(recorded).assign(state="scheduled")
    return lambda: _of_comparison(datacompy.PandasCompare(mine, theirs, join_columns=_KEY), lambda ids: ids.to_numpy())


def datacompy_polars(read: Columns, recorded: Columns) -> Callable[[], Found]:
    """The same of two polars frames."""
    import datacompy  # noqa: PLC0415 - each engine loads its own library only
    import polars as pl  # noqa: PLC0415 - each engine loads its own library only

    mine, theirs = (
        pl.DataFrame({**columns, _KEY: list(columns[_KEY]), "state": list(columns["state"])})
        for columns in (read, recorded)
    )
    known = theirs.with_columns(pl.lit("scheduled").alias("state"))
    return lambda: _of_comparison(datacompy.PolarsCompare(mine, known, join_columns=_KEY), lambda ids: ids.to_list())


ENGINES: dict[str, Engine] = {
    "duckdb": duckdb,
    "polars": polars,
    "pandas.merge on text": pandas_merge_text,
    "pandas.merge on integers": pandas_merge,
    "datacompy on pandas": datacompy_pandas,
    "datacompy on polars": datacompy_polars,
}
QUICK_ENGINES = ("duckdb", "polars")
"""Those that are measured more than once."""


def main(engine: str, rows: int) -> None:
    """Run one engine and tell what it cost and which classes it got wrong."""
    given = tables(rows)
    run = ENGINES[engine](given.read, given.recorded)
    with metered() as cost:
        found = run()
    sys.stdout.write(json.dumps({**asdict(cost), "wrong": given.wrong(found)}) + "\n")


def _of_comparison(comparison: Any, ids: Callable[[Any], Collection[str]]) -> Found:  # noqa: ANN401 - of either library
    both = comparison.intersect_rows
    is_canceled = both["state_df1"] == "canceled"
    differs = ~both["schedule_match"] | ~both["content_match"]

    def where(mask: Any) -> Collection[str]:  # noqa: ANN401 - of either library
        kept = both.filter(mask) if hasattr(both, "filter") and not hasattr(both, "loc") else both[mask]
        return ids(kept[_KEY])

    return {
        NEW: ids(comparison.df1_unq_rows[_KEY]),
        CANCELED: where(is_canceled),
        MOVED: where(~is_canceled & differs),
        UNCHANGED: where(~is_canceled & ~differs),
    }


def _as_text(columns: Columns) -> Columns:
    texts = {name: [f"{value:016x}" for value in columns[name].tolist()] for name in ("schedule", "content")}
    return {**columns, **texts}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
