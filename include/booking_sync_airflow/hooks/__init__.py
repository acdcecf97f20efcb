"""Airflow hooks: where the connections of the two services become clients of the core."""
