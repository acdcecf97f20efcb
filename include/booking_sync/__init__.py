"""Reconciles Calendar.com bookings with HubSpot meeting activities.

The flow, in the order in which a run goes through it::

    extract -> diff -> plan -> apply -> record -> report

Nothing in this package imports Airflow: the wiring lives in ``booking_sync_airflow`` and in ``dags``.
"""
