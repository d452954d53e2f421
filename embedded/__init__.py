"""Real PostgreSQL, Valkey, SeaweedFS and clamd on this machine, for development, demonstration and tests.

Everything listens on 127.0.0.1 alone and keeps its data below one state
directory. Nothing in the application imports this package: what it starts is
handed over by the same environment variables an operator would set.
"""
