# syntax=docker/dockerfile:1
# The image of docker-compose.yaml: Python, what requirements-production.txt locks, this project, and nothing else.
# Every package is a wheel with a known hash, so nothing foreign runs while it is built.
FROM python:3.12.13-slim-bookworm AS built

RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements-production.txt /build/
RUN pip install --require-hashes --only-binary :all: --requirement /build/requirements-production.txt
COPY pyproject.toml /build/
COPY include /build/include
RUN pip install --no-deps --no-build-isolation /build && pip check

FROM python:3.12.13-slim-bookworm

# User 50000 of group 0, as in Airflow's own image. Docker gives a new volume the owner of the folder that it covers.
RUN useradd --uid 50000 --gid 0 --home-dir /opt/airflow --no-create-home --shell /usr/sbin/nologin airflow \
    && install --directory --owner airflow --group 0 --mode 0770 /opt/airflow /var/log/airflow
COPY --from=built /opt/venv /opt/venv
COPY dags /opt/booking-sync/dags
COPY plugins /opt/booking-sync/plugins
COPY compose /opt/booking-sync/compose
ENV PATH=/opt/venv/bin:$PATH AIRFLOW_HOME=/opt/airflow
WORKDIR /opt/booking-sync
USER 50000:0
