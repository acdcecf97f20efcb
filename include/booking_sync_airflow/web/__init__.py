"""Our pages inside Airflow: one FastAPI app that the plugin mounts under ``/booking-sync``.

Airflow authenticates nothing of a plugin's app, so every route here asks for a logged-in user and the permission that
its action needs. Every page is made on the server: there is nothing to build and next to no JavaScript.
"""
