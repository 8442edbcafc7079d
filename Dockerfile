FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=chatproject.settings HOST=0.0.0.0 DATA_DIR=/data STATIC_ROOT=/app/static

WORKDIR /app
RUN useradd --system --uid 10001 --no-create-home chat && mkdir -p /data /app/static && chown chat:chat /data /app/static

COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: --no-binary http-ece -r requirements.txt
COPY chatproject/esbuild.py .
RUN python esbuild.py; rm esbuild.py

COPY . .
USER chat
# The settings make keys where there are none; these must not end up in the image.
RUN DATA_DIR=/tmp/build python -c "import django; django.setup(); from chatproject import server; server.collect_static()" \
    && rm -rf /tmp/build

VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready/', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["python", "manage.py", "serve"]
