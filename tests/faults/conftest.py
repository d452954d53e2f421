import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.workers import kill

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def start(shared_app, tmp_path):
    """Start `jobs.worker` or `jobs.timetable` as a process of its own; all are ended after the test."""
    settings = shared_app.config["DESK"]
    environment = os.environ | {
        "ENVIRONMENT": "test",
        "DATABASE_URL": settings.database_url.replace("postgresql+psycopg", "postgresql"),
        "MAINTENANCE_DATABASE_URL": settings.maintenance_database_url,
        "REDIS_URL": settings.redis_url,
        "S3_BUCKET_QUARANTINE": settings.s3_bucket_quarantine,
        "S3_BUCKET_CLEAN": settings.s3_bucket_clean,
        "LOG_FORMAT": "console",
    }
    running = []

    def start(name, **more):
        process = subprocess.Popen(
            [sys.executable, "-m", f"jobs.{name}"],
            cwd=ROOT,
            env=environment | more,
            stderr=(tmp_path / f"{name}-{len(running)}.log").open("w"),
            start_new_session=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        kill(process)
