# Not built by us: its steps were not run on our machines. Build from the checkout's root:
#   docker build -f docker/web.Dockerfile -t assay-web .
# Pages, the REST interface, documents (`assay worker light`) and the scheduler. None of them imports PyTorch,
# so none is in here.

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
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 \
    DJANGO_SETTINGS_MODULE=assay.settings.production ASSAY_VAR_DIR=/var/lib/assay ASSAY_BIND=0.0.0.0:8000

# Packages first: they change less often than the code. pip's own settings (an index, a proxy) come in as
# a build secret (--secret id=pip,src=pip.conf) and stay out of the image.
COPY pyproject.toml constraints.txt README.md LICENSE manage.py ./
RUN mkdir -p platform/assay governance training evaluation templates
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip install -c constraints.txt -e .

COPY --from=frontend /parts/node_modules node_modules
COPY gunicorn.conf.py ./
COPY docker/healthcheck.py docker/healthcheck.py
COPY templates templates
COPY platform platform
COPY governance governance
COPY training training
COPY evaluation evaluation
RUN python -m compileall -q platform governance training evaluation

USER assay
VOLUME /var/lib/assay
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "docker/healthcheck.py", "web"]
ENTRYPOINT ["tini", "--"]
CMD ["gunicorn"]
