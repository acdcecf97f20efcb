"""What knows Airflow: the hooks, the shape of the DAGs and the bodies of their tasks.

The work itself is in ``booking_sync``, which never imports Airflow.
"""
