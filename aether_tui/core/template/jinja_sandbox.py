"""A Jinja that runs chat templates from files nobody has looked at: no attributes of Python's, no endless work.

The lenient settings, filters and functions are those that Hugging Face's `apply_chat_template` gives a template:
https://huggingface.co/docs/transformers/chat_templating_writing
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, Final, NoReturn

from jinja2 import Template, nodes
from jinja2.ext import loopcontrols
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

# Those that can make much out of little, or that no prompt needs.
_LEFT_OUT: Final = (
    *("center", "filesizeformat", "forceescape", "format", "groupby", "pprint", "random", "striptags", "sum"),
    *("truncate", "urlencode", "urlize", "wordwrap", "xmlattr"),
)
_MAX_NUMBER: Final = 1000
_MAX_INDENT: Final = 16
_MAX_BITS: Final = 1024
_GROWING_METHODS: Final = frozenset(["center", "expandtabs", "format", "format_map", "ljust", "rjust", "zfill"])
_MAX_FORMAT: Final = 10_000


class Refused(Exception):
    """The template itself said no, by `raise_exception`."""


class LimitReached(Exception):
    """The template would take too long, or make too much."""


class Budget:
    """How much a rendering may still do."""

    def __init__(self, steps: int, size: int) -> None:
        self.steps = steps
        self.size = size

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise LimitReached("it takes too many steps")

    def check(self, size: int) -> None:
        if size > self.size:
            raise LimitReached("it makes too much text")

    def make(self, size: int) -> None:
        """Count a text or list that is about to be made."""
        self.check(size)
        self.spend(size >> 8)

    def weigh(self, value: object) -> int:
        """About how many characters the value has in print; stops at once when they are too many."""
        total = 0
        waiting = [value]
        while waiting:
            item = waiting.pop()
            if isinstance(item, str):
                total += len(item)
            elif isinstance(item, Mapping):
                waiting += [*item.keys(), *item.values()]
            elif isinstance(item, list | tuple | set):
                waiting += item
            total += 1
            self.check(total + len(waiting))
        return total


class Sandbox(ImmutableSandboxedEnvironment):
    """One environment for one template; `budget` is set anew for each rendering."""

    intercepted_binops = frozenset(["+", "*", "**", "%"])

    def __init__(self, now: datetime | None) -> None:
        # Without the optimizer nothing is worked out before the limits hold.
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, optimized=False, extensions=[loopcontrols], finalize=self.weighed
        )
        self.budget = Budget(0, 0)
        self.now = now
        for name in _LEFT_OUT:
            del self.filters[name]
        self.filters = {name: self.limited_filter(name, run) for name, run in self.filters.items()}
        self.filters["tojson"] = self.to_json
        self.globals["range"] = self.limited_range
        self.globals["raise_exception"] = _raise_exception
        self.globals["strftime_now"] = self.strftime_now
        del self.globals["lipsum"]

    def load(self, text: str) -> Template:
        """Compile a template, with a step counted wherever it can go round."""
        tree = self.parse(text)
        loops: list[nodes.For | nodes.Macro | nodes.CallBlock] = [*tree.find_all(nodes.For)]
        loops += [*tree.find_all(nodes.Macro), *tree.find_all(nodes.CallBlock)]
        for loop in loops:
            call = nodes.Call(nodes.EnvironmentAttribute("step"), [], [], None, None, lineno=loop.lineno)
            loop.body.insert(0, nodes.ExprStmt(call, lineno=loop.lineno))
        _replace_joins(tree)
        tree.set_environment(self)
        return self.from_string(tree)

    # What templates call, or what stands in for their operators.

    def step(self) -> None:
        self.budget.spend(1)

    def weighed(self, value: Any) -> Any:
        if not isinstance(value, str):
            self.budget.weigh(value)
        return value

    def concat(self, parts: Iterable[str]) -> str:
        """Joins the pieces of the output, and of each macro and block in it."""
        pieces: list[str] = []
        size = 0
        for part in parts:
            size += len(part)
            self.budget.check(size)
            pieces.append(part)
        self.budget.make(size)
        return "".join(pieces)

    def join_values(self, *values: object) -> str:
        """The `~` operator."""
        return self.concat(str(self.weighed(value)) for value in values)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        self.budget.spend(1)
        if operator in ("*", "**") and isinstance(left, int) and isinstance(right, int):
            bits = left.bit_length() * right if operator == "**" else left.bit_length() + right.bit_length()
            if bits > _MAX_BITS:
                raise LimitReached("its numbers get too big")
        elif operator == "*":
            self.budget.make(_length(left, right) * _length(right, left))
        elif operator == "%" and isinstance(left, str):
            self.check_format(left, right)
        elif operator == "+":
            self.budget.make(_length(left) + _length(right))
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        __self.budget.spend(1)
        # The sandbox wraps a string's own `format`.
        owner = getattr(getattr(__obj, "__wrapped__", __obj), "__self__", None)
        if isinstance(owner, str):
            __self.check_method(owner, getattr(__obj, "__name__", ""), args, kwargs)
        return super().call(__context, __obj, *args, **kwargs)

    def check_method(self, text: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        self.budget.spend(len(text) >> 8)
        if name in _GROWING_METHODS:
            self.check_format(text, (*args, *kwargs.values()))
        elif name == "replace" and len(args) > 1:
            self.check_replace(text, args[0], args[1])
        elif name == "join" and args:
            self.check_join(text, args[0])

    def check_format(self, text: str, values: Any) -> None:
        self.budget.make(len(text) + 4 * self.budget.weigh(values))
        each = values if isinstance(values, tuple | list) else [values]
        too_wide = any(isinstance(value, int) and abs(value) > _MAX_FORMAT for value in each)
        # A width can stand in the format itself.
        digits = max(map(len, "".join(mark if mark.isdigit() else " " for mark in text).split()), default=0)
        if too_wide or digits > 4:
            raise LimitReached("it formats with too big a number")

    def check_replace(self, text: str, old: Any, new: Any) -> None:
        count = text.count(str(old)) if old else len(text) + 1
        self.budget.make(len(text) + count * len(str(new)))

    def check_join(self, separator: Any, values: Any) -> None:
        if isinstance(values, list | tuple | str | Mapping):
            self.budget.make(self.budget.weigh(values) + len(values) * len(str(separator)))

    def limited_range(self, *bounds: int) -> range:
        numbers = range(*bounds)
        # The loop over it counts once more for each round.
        self.budget.spend(1 + (len(numbers) >> 3))
        return numbers

    def limited_filter(self, name: str, run: Callable[..., Any]) -> Callable[..., Any]:
        place = 1 if hasattr(run, "jinja_pass_arg") else 0

        @wraps(run)
        def limited(*args: Any, **kwargs: Any) -> Any:
            value, options = args[place], [*args[place + 1 :], *kwargs.values()]
            self.budget.spend(1 + (_length(value) >> 8))
            if any(isinstance(option, int) and abs(option) > _MAX_NUMBER for option in options):
                raise LimitReached(f"it uses {name} with too big a number")
            if name == "replace" and len(options) > 1:
                self.check_replace(str(value), options[0], options[1])
            elif name == "join":
                self.check_join(options[0] if options else "", value)
            elif name == "string":
                self.budget.weigh(value)
            elif name == "indent":
                width = options[0] if options else 4
                count = str(value).count("\n") + 1
                self.budget.make(len(str(value)) + count * (width if isinstance(width, int) else len(str(width))))
            return run(*args, **kwargs)

        return limited

    def to_json(
        self,
        value: Any,
        ensure_ascii: bool = False,
        indent: int | None = None,
        separators: tuple[str, str] | None = None,
        sort_keys: bool = False,
    ) -> str:
        """As Hugging Face's: plain JSON, nothing escaped for HTML."""
        self.budget.spend(self.budget.weigh(value) >> 4)
        if indent is not None and indent > _MAX_INDENT:
            raise LimitReached("it indents JSON by too much")
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def strftime_now(self, pattern: str) -> str:
        if self.now is None:
            raise Refused("it needs the time of day, which isn't known here")
        self.budget.check(len(pattern))
        return self.now.strftime(pattern)


def _raise_exception(message: object) -> NoReturn:
    raise Refused(str(message)[:500])


def _length(value: object, other: object = None) -> int:
    """How long a text or list is; a number beside one is how often it is repeated."""
    if isinstance(value, str | list | tuple | dict | range):
        return len(value)
    is_count = isinstance(value, int) and isinstance(other, str | list | tuple)
    return max(value, 0) if is_count and isinstance(value, int) else 1


def _replace_joins(node: nodes.Node) -> None:
    """Put a call that is counted in the place of each `a ~ b`."""
    for child in node.iter_child_nodes():
        _replace_joins(child)
    for name, value in node.iter_fields():
        if isinstance(value, nodes.Concat):
            setattr(node, name, _join_call(value))
        elif isinstance(value, list):
            value[:] = [_join_call(item) if isinstance(item, nodes.Concat) else item for item in value]


def _join_call(node: nodes.Concat) -> nodes.Call:
    return nodes.Call(nodes.EnvironmentAttribute("join_values"), node.nodes, [], None, None, lineno=node.lineno)
