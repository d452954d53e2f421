"""Templates that are compiled once for each language, with their words already in it.

A page says two hundred things, and looking each of them up takes longer than
asking the database for what it shows. So the words are put into the template
when it is compiled, like the rest of its text. What is only known later, such
as the name of a status, is still looked up when the page is made.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from babel.support import NullTranslations, Translations
from flask import Flask
from flask.templating import Environment
from jinja2 import Template, nodes, pass_eval_context
from jinja2.environment import TemplateModule
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from portal.web.locale import FOLDER, language

kept = lru_cache(maxsize=4096, typed=True)  # typed: markup and the text that reads the same are not the same


class Shared(Template):
    """A template whose macros are made once. Where it is imported, Jinja asks whether that template has
    other globals; here all of a language have the same, and asking took an eighth of a page."""

    def _get_default_module(self, _context: Context | None = None) -> TemplateModule:
        return super()._get_default_module()


class TranslatedEnvironment(Environment):
    """Gives each request the templates of its language; each language has an environment of its own."""

    template_class = Shared
    words: NullTranslations | None = None  # the one that only hands out has none

    def __init__(self, app: Flask, **options: Any) -> None:
        super().__init__(app, **options)
        self.languages: dict[str, TranslatedEnvironment] = {}
        self.globals["kept"] = kept

    def _load_template(self, name: str, globals: Any) -> Template:  # noqa: A002, Jinja's name for it
        if self.words is None:
            return self._speaking(language())._load_template(name, globals)  # noqa: SLF001, its like
        return super()._load_template(name, globals)

    def _speaking(self, code: str) -> "TranslatedEnvironment":
        if code not in self.languages:
            spoken = self.overlay()
            spoken.words = words = Translations.load(FOLDER, [code])
            spoken.globals = {**self.globals, **_calls(words)}
            self.languages[code] = spoken
        return self.languages[code]

    def _generate(
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,
    ) -> str:
        if self.words is not None:
            escapes = self.autoescape(name) if callable(self.autoescape) else self.autoescape
            _Translator(self.words, Markup if escapes else str).visit(source)
        return super()._generate(source, name, filename, defer_init)


def _calls(words: NullTranslations) -> dict[str, Callable[..., str]]:
    """What remains to be looked up when the page is made."""

    @pass_eval_context
    def gettext(context: nodes.EvalContext, text: str, /, **values: Any) -> str:
        said = words.gettext(str(text))
        return (Markup(said) if context.autoescape else said) % values  # noqa: S704, as Jinja does

    @pass_eval_context
    def ngettext(context: nodes.EvalContext, one: str, many: str, num: int, /, **values: Any) -> str:
        said = words.ngettext(one, many, num)
        return (Markup(said) if context.autoescape else said) % {"num": num, **values}  # noqa: S704, as Jinja does

    return {"_": gettext, "gettext": gettext, "ngettext": ngettext}


class _Translator(NodeTransformer):
    """Puts the translation in place of each call with a literal text.

    As with Jinja's own "new style" calls, a text is markup where the template
    escapes, and what is put into it is escaped.
    """

    def __init__(self, words: NullTranslations, kind: type[str]) -> None:
        self.words, self.kind = words, kind

    def visit_Call(self, call: nodes.Call) -> nodes.Node:  # noqa: N802, so that Jinja finds it
        self.generic_visit(call)
        match call:
            case nodes.Call(node=nodes.Name(name="_" | "gettext"), args=[nodes.Const(value=str() as text)]):
                return self._said(text, call.kwargs)
        return call

    def _said(self, text: str, values: list[nodes.Keyword]) -> nodes.Expr:
        said = self.kind(self.words.gettext(text))
        if not values:
            return nodes.Const(said % {})
        pairs = [nodes.Pair(nodes.Const(value.key), value.value) for value in values]
        return nodes.Mod(nodes.Const(said), nodes.Dict(pairs))
