# Not built by us: its steps were not run on our machines. Build from the checkout's root:
#   docker build -f docker/worker.Dockerfile -t assay-worker .
# Trains and evaluates: the queue `gpu`. Each run is a subprocess of its own. Documents (the queue `light`) are
# rendered by the web image, which has the fonts and no PyTorch.
# Which build of PyTorch is taken follows pip's settings, here a build secret: --secret id=pip,src=pip.conf
# (docs/operator/installation.md).

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/assay --create-home --shell /usr/sbin/nologin assay

WORKDIR /opt/assay
# Base models lie in a folder that the operator fills; nothing is fetched at run time.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 HF_HUB_OFFLINE=1 \
    DJANGO_SETTINGS_MODULE=assay.settings.production ASSAY_VAR_DIR=/var/lib/assay

COPY pyproject.toml constraints.txt README.md LICENSE manage.py ./
RUN mkdir -p platform/assay governance training evaluation templates
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip install -c constraints.txt -e '.[ml]'

COPY docker/healthcheck.py docker/healthcheck.py
COPY templates templates
COPY platform platform
COPY governance governance
COPY training training
COPY evaluation evaluation
RUN python -m compileall -q platform governance training evaluation

USER assay
VOLUME /var/lib/assay
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 CMD ["python", "docker/healthcheck.py", "gpu"]
# tini reaps what a killed run leaves behind and hands signals on.
ENTRYPOINT ["tini", "--"]
CMD ["assay", "worker", "gpu"]
