# The image of web, worker, timetable and migrate: one build, the command says which it is.

FROM node:22-bookworm-slim AS browser
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev


FROM python:3.11-slim-bookworm AS desk
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin desk
# Files pass through here on their way to the scanner: a disk, for they are too large for memory.
RUN install -d -o desk -m 700 /spool
VOLUME /spool
WORKDIR /srv/desk

COPY requirements.txt ./
RUN pip install -r requirements.txt

COPY wsgi.py gunicorn.conf.py ./
COPY portal portal/
COPY jobs jobs/
COPY migrations migrations/
COPY templates templates/
COPY translations translations/
COPY static static/

# What the browser gets is made once, here. The settings only have to be there: no server is asked.
RUN --mount=type=bind,from=browser,source=/build/node_modules,target=/srv/desk/node_modules \
    export SECRET_KEY=for-the-build-only-and-never-for-a-server \
           DATABASE_URL=postgresql://nobody@127.0.0.1:1/none REDIS_URL=redis://127.0.0.1:1 && \
    flask --app wsgi assets build && \
    flask --app wsgi translations compile && \
    python -m compileall -q portal jobs

USER desk
ENV ENVIRONMENT=production LOG_FORMAT=json WEB_BIND=0.0.0.0:8000 TMPDIR=/spool
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]

# Nothing runs on a schema it does not know: migrate brings it to head, the others wait for that.
ENTRYPOINT ["sh", "-c", "flask --app wsgi ops wait-for-head --timeout 120 && exec \"$@\"", "--"]
CMD ["gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
