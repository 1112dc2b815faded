# Not built by us: its steps were not run on our machines. Build from the checkout's root:
#   docker build -f docker/worker.Dockerfile -t assay-worker .
# The worker trains, evaluates and renders; each run is a subprocess of its own. Which build of PyTorch is
# taken follows pip's settings, here a build secret: --secret id=pip,src=pip.conf (docs/operator/installation.md).

FROM node:22-bookworm-slim AS frontend
WORKDIR /parts
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/assay --create-home --shell /usr/sbin/nologin assay

WORKDIR /opt/assay
# The base models that may be used lie in a folder that the operator mounts; nothing is fetched at run time.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 HF_HUB_OFFLINE=1 \
    DJANGO_SETTINGS_MODULE=assay.settings.production ASSAY_VAR_DIR=/var/lib/assay

COPY pyproject.toml constraints.txt README.md LICENSE manage.py ./
RUN mkdir -p platform/assay governance training evaluation templates
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip install -c constraints.txt -e '.[ml]'

# Documents are rendered here, with the pinned fonts.
COPY --from=frontend /parts/node_modules node_modules
COPY templates templates
COPY platform platform
COPY governance governance
COPY training training
COPY evaluation evaluation
RUN python -m compileall -q platform governance training evaluation

USER assay
VOLUME /var/lib/assay
# tini reaps what a killed run leaves behind and hands signals on.
ENTRYPOINT ["tini", "--"]
CMD ["celery", "--app", "assay.jobs", "worker", "--loglevel", "INFO"]
