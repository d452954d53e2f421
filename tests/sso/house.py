"""A house's log-in: a real OpenID provider, and a browser that logs in there."""

import re
import subprocess
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests

HERE = Path(__file__).parent
SECRET = "a-secret-of-the-tests"
WAY_BACK = "http://localhost/login/with/house/answer"


@contextmanager
def running():
    """The issuer's address, while it runs."""
    command = ["node", str(HERE / "provider.mjs"), WAY_BACK]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield next(line.strip() for line in process.stdout if line.startswith("http"))
        finally:
            process.terminate()


def answer_for(location, who):
    """Where the provider sends the browser of `who` back to, once they have logged in and agreed."""
    browser = requests.Session()
    answer = browser.get(location, allow_redirects=False, timeout=10)
    for _ in range(12):
        if answer.is_redirect:
            target = requests.compat.urljoin(answer.url, answer.headers["Location"])
            if target.startswith(WAY_BACK):
                return target
            answer = browser.get(target, allow_redirects=False, timeout=10)
        else:
            action = re.search(r'action="([^"]+)"', answer.text)[1]
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)[1]
            sent = {"prompt": prompt, "login": who, "password": "any"}
            answer = browser.post(action, data=sent, allow_redirects=False, timeout=10)
    raise AssertionError(answer.text)


def path_of(target):
    parts = urlsplit(target)
    return f"{parts.path}?{parts.query}"


def enter(client, who, **query):
    """Log in through the house; the desk's answer to what the provider says."""
    begun = client.get("/login/with/house", query_string=query)
    assert begun.status_code == 302, begun.text
    return client.get(path_of(answer_for(begun.headers["Location"], who)))
