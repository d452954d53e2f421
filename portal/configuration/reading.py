"""YAML as people edit it (https://yaml.org/spec/1.1/, the safe part): what it says, and on which line."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from flask_babel import gettext as _
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

Place = tuple[str | int, ...]
DEEPEST = 12  # levels; ours has five


@dataclass(frozen=True)
class Fault:
    """Something that is wrong, where: as a path such as `workflows[2].name`, and as a line from 1 on."""

    place: str
    line: int
    said: str


class Faulty(Exception):
    """All that is wrong with a text."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.place} ({fault.line}): {fault.said}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True)
class Text:
    """`content` is what it says; `lines` where each part of it begins."""

    content: Any
    lines: dict[Place, int]

    def fault(self, place: Place, said: str) -> Fault:
        """At that place, or the nearest one around it that is written down."""
        near = place
        while near not in self.lines:
            near = near[:-1]
        return Fault(path_of(place), self.lines[near], said)


def read_yaml(text: str) -> Text:
    """Raises Faulty for what is no YAML, names twice in one mapping, refers to itself, or is too deep."""
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise Faulty([Fault("", 1, _("There is nothing in it."))])
        lines: dict[Place, int] = {}
        faults = list(_walk(node, (), lines))
        if faults:
            raise Faulty(faults)
        return Text(loader.construct_document(node), lines)
    except yaml.MarkedYAMLError as error:
        said = _("This is no YAML: %(problem)s.", problem=error.problem)
        raise Faulty([Fault("", error.problem_mark.line + 1 if error.problem_mark else 1, said)]) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Faulty([Fault("", line, _("There is a character that cannot be shown."))]) from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise Faulty([Fault("", 1, _("This is no YAML."))]) from None


def path_of(place: Place) -> str:
    """`workflows[2].name`, counted from 1 as people do."""
    parts = (f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).lstrip(".")


class _Loader(yaml.SafeLoader):
    """Without aliases: ours has none, and a small file could stand for a huge one by them."""

    depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, _("references are not understood here"), mark)
        self.depth += 1
        if self.depth > DEEPEST:
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, _("it is nested too deeply"), mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def _walk(node: Node, place: Place, lines: dict[Place, int]) -> Iterator[Fault]:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, SequenceNode):
        for number, each in enumerate(node.value):
            yield from _walk(each, (*place, number), lines)
    elif isinstance(node, MappingNode):
        seen = set()
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else "?"
            if name in seen:
                yield Fault(
                    path_of((*place, name)), key.start_mark.line + 1, _("This name stands there twice.")
                )
            seen.add(name)
            yield from _walk(value, (*place, name), lines)
            lines[*place, name] = key.start_mark.line + 1


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as they are read, and lists set in."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def write_yaml(content: Any) -> str:
    """What `read_yaml` reads as the same, in the order in which it is given."""
    return yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
