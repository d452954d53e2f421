import pytest

from portal.config import ConfigError, read_settings

GOOD = {
    "demo_mode": "false",
    "secret_key": "a-long-and-random-value",
    "database_url": "postgresql://a:b@127.0.0.1/desk",
    "redis_url": "redis://127.0.0.1/0",
    "public_url": "https://desk.example.org",
    "s3_endpoint": "http://127.0.0.1:9000",
    "s3_public_base_url": "",
    "trusted_hosts": "",
}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("secret_key", "change-me", "random characters"),
        ("secret_key", "short", "random characters"),
        ("database_url", "mysql://x", "must be a PostgreSQL address"),
        ("redis_url", "http://x", "must be a Redis address"),
        ("public_url", "desk.example.org", "with its scheme"),
        ("s3_public_base_url", "https://desk.example.org/files", "must not have a path"),
        ("s3_bucket_clean", "quarantine", "another than S3_BUCKET_QUARANTINE"),
        ("smtp_port", "0", "SMTP_PORT"),
        ("log_format", "xml", "LOG_FORMAT"),
    ],
)
def test_a_bad_setting_stops_the_start_with_a_sentence(name, value, words):
    with pytest.raises(ConfigError) as refused:
        read_settings(**GOOD | {name: value})
    assert name.upper() in str(refused.value)
    assert words in str(refused.value)


@pytest.mark.parametrize("environment", [{}, {"environment": "production"}])
def test_the_people_of_the_demo_are_kept_out_of_production(environment, monkeypatch):
    monkeypatch.delenv("ENVIRONMENT", raising=False)
    with pytest.raises(ConfigError) as refused:
        read_settings(**GOOD | environment | {"demo_mode": "true"})
    assert str(refused.value).startswith("DEMO_MODE must be off")
    assert "ENVIRONMENT=development" in str(refused.value)


@pytest.mark.parametrize("environment", ["development", "test"])
def test_elsewhere_they_are_welcome(environment):
    assert read_settings(**GOOD | {"environment": environment, "demo_mode": "true"}).demo_mode
    assert not read_settings(**GOOD | {"environment": "production"}).demo_mode


def test_all_that_is_wrong_is_said_at_once(monkeypatch):
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError) as refused:
        read_settings()
    assert str(refused.value).count("is not set") == 3


def test_a_secret_may_stand_in_a_file(tmp_path, monkeypatch):
    (tmp_path / "key").write_text("a-secret-out-of-a-file\n")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    given = {name: value for name, value in GOOD.items() if name != "secret_key"}
    assert read_settings(**given).secret_key == "a-secret-out-of-a-file"


def test_cookies_are_secure_where_the_desk_is():
    config = read_settings(**GOOD).for_flask()
    assert config["SESSION_COOKIE_NAME"] == "__Host-desk"
    assert config["SESSION_COOKIE_SECURE"]
    assert config["SESSION_COOKIE_HTTPONLY"]


def test_only_our_hosts_are_answered():
    assert "desk.example.org" in read_settings(**GOOD).hosts
    named = read_settings(**GOOD | {"trusted_hosts": "a.org, b.org"}).hosts
    assert {"a.org", "b.org", "127.0.0.1"} <= set(named)
    assert "desk.example.org" not in named
