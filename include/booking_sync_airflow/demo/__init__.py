"""A whole Airflow on this machine, for ``make demo`` and for the tests that need a real scheduler.

Nothing here imports Airflow: its processes are started from outside and asked through its REST API.
"""
