"""Every route of the application with arguments that lead somewhere, for tests that go through them."""

from dataclasses import dataclass

NOT_ASKED = {"static", "live.stream"}


@dataclass(frozen=True)
class Door:
    endpoint: str
    method: str
    path: str
    names: frozenset[str]  # of what stands in the path

    @property
    def is_for_machines(self):
        """It asks for a token, and knows no cookie."""
        return self.path.startswith("/api/")

    def __str__(self):
        return f"{self.method} {self.endpoint}"


def doors(app, arguments):
    """One for each method of each route. `arguments` has a value for each name that routes use."""
    adapter = app.url_map.bind("localhost")
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint in NOT_ASKED:
            continue
        values = {name: arguments[name] for name in rule.arguments}
        path = adapter.build(rule.endpoint, values, method=None)
        names = frozenset(rule.arguments)
        found += [
            Door(rule.endpoint, method, path, names) for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
        ]
    return found
