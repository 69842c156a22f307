# Container of the app, reachable from this machine only (for others: -p 7001:7001). Open the link that it prints.
#   docker build -t edge-vision .
#   docker run --rm -p 127.0.0.1:7001:7001 edge-vision --source rtsp://camera.local/road
# It runs with --read-only, --cap-drop ALL and --security-opt no-new-privileges as well.
# Give secrets as variables (--env-file FILE with VISION_TOKEN=…): command lines are readable by all users.
# Settings in a file: -v ./vision.toml:/app/vision.toml:ro. Your own code: -v ./mine.py:/app/mine.py:ro. With sinks,
# -v events:/data keeps the events that are not sent yet.
# Frames are shared in anonymous memory, which the size of /dev/shm does not limit.
FROM python:3.11-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    VISION_HOST=0.0.0.0 \
    VISION_EVENT_FILE=/data/events.sqlite

WORKDIR /app

COPY requirements.lock .
RUN pip install --no-cache-dir -r requirements.lock \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin vision \
    && install --directory --owner vision /data

COPY . .

USER 10001
EXPOSE 7001
STOPSIGNAL SIGTERM

# Connects to the port of VISION_PORT, with TLS if VISION_TLS_CERT is set; the certificate need not be for 127.0.0.1.
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
    CMD ["python", "-c", "import os, ssl, urllib.request as web; scheme = 'https' if os.getenv('VISION_TLS_CERT') else 'http'; port = os.getenv('VISION_PORT') or 7001; web.urlopen(f'{scheme}://127.0.0.1:{port}/healthz', timeout=2, context=ssl._create_unverified_context())"]

ENTRYPOINT ["python", "main.py"]
