"""``make rehearse``: the production shape of docker-compose.yaml on this machine, without Docker.

PostgreSQL and Redis from the system's packages, the packages of the image from its own lock, and every Airflow service
with the command, the environment and the secrets that docker-compose.yaml gives it; only addresses and folders differ.
"""
