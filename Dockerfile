# syntax=docker/dockerfile:1
# Airflow with this project in it, for docker-compose.yaml. The slim image brings Airflow's entrypoint; every package comes
# from our own lock, with hashes.
FROM apache/airflow:slim-3.3.2-python3.12

WORKDIR /opt/airflow/booking-sync
COPY --chown=airflow:0 requirements-production.txt ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements-production.txt

COPY --chown=airflow:0 pyproject.toml ./
COPY --chown=airflow:0 include ./include
RUN pip install --no-cache-dir --no-deps --no-build-isolation . && pip check

COPY --chown=airflow:0 dags /opt/airflow/dags
COPY --chown=airflow:0 plugins /opt/airflow/plugins
WORKDIR /opt/airflow
