# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /source
RUN python -m venv /opt/rolekey
COPY requirements/base.txt requirements/
RUN /opt/rolekey/bin/pip install --quiet --require-hashes --no-deps --only-binary :all: --requirement requirements/base.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot/ bot/
COPY chat/ chat/
COPY cogs/ cogs/
COPY gateway/ gateway/
COPY storage/ storage/
COPY playground/ playground/
RUN /opt/rolekey/bin/pip install --quiet --no-index --no-build-isolation --no-deps . \
    && /opt/rolekey/bin/pip uninstall --quiet --yes hatchling editables trove-classifiers pathspec pluggy pip \
    && python -m compileall -q /opt/rolekey/lib


FROM python:3.13-slim

COPY --from=build /opt/rolekey /opt/rolekey
RUN install --directory --owner=65532 --group=65532 --mode=0700 /data

# The root file system may be read-only: everything that is written goes to /data.
ENV PATH=/opt/rolekey/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ROLEKEY__DATA_DIR=/data \
    ROLEKEY__GATEWAY__HOST=0.0.0.0 \
    ROLEKEY__GATEWAY__PORT=8080

USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; e = os.environ; urllib.request.urlopen((e.get('ROLEKEY__GATEWAY__URL') or 'http://127.0.0.1:' + e['ROLEKEY__GATEWAY__PORT']) + '/health', timeout=4)"]

ENTRYPOINT ["rolekey"]
CMD ["run"]
