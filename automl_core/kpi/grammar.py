"""What a formula may look like: text in, a tree out, or a sentence that says where it cannot be read."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from automl_core.errors import InputError
from automl_core.kpi.functions import FUNCTIONS

if TYPE_CHECKING:
    from lark import Lark

LONGEST = 2000
"""Most characters of a formula."""
DEEPEST = 100
"""Most levels of a formula's tree, so that reading it cannot use up the stack."""
RESERVED = ("prediction", "truth", "probability", "error")
Kind = Literal["number", "text", "quoted", "column", "name", "call", "operation", "compare", "both", "either", "not", "minus"]

GRAMMAR = r"""
?start: either
?either: both | either OR both -> either_
?both: negated | both AND negated -> both_
?negated: comparison | NOT negated -> not_
?comparison: sum | sum COMPARE sum -> compare
?sum: product | sum SIGN product -> operation
?product: signed | product TIMES signed -> operation
?signed: power | SIGN signed -> sign
?power: atom | atom POWER signed -> operation
?atom: NUMBER -> number
    | QUOTED -> quoted
    | BRACKETS -> brackets
    | NAME -> name
    | NAME "(" [either ("," either)*] ")" -> call
    | "(" either ")"

OR.3: /or(?!\w)/i
AND.3: /and(?!\w)/i
NOT.3: /not(?!\w)/i
POWER.2: "^" | "**"
TIMES: "*" | "/"
SIGN: "+" | "-"
COMPARE: "==" | "!=" | "<>" | "<=" | ">=" | "=" | "<" | ">"
NUMBER: /(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/
QUOTED: /"[^"]+"|'[^']+'|“[^”]+”/
BRACKETS: /\[[^\[\]]+\]/
NAME: /[^\W\d]\w*/
%ignore /\s+/
"""


@dataclass(frozen=True)
class Node:
    """One part of a formula.

    Parameters
    ----------
    kind : Kind
    at : int
        The character at which it stands, from 1.
    value : object
        A number, a name, an operator.
    args : tuple of Node
    depth : int
        Levels below and including this one.
    """

    kind: Kind
    at: int
    value: Any = None
    args: tuple[Node, ...] = ()
    depth: int = field(default=1, compare=False)

    def to_list(self) -> list[Any]:
        """Return plain JSON types, to be kept where the grammar is not at hand."""
        return [self.kind, self.at, self.value, [arg.to_list() for arg in self.args]]

    @classmethod
    def from_list(cls, data: list[Any]) -> Node:
        """Rebuild a part from `to_list`'s output."""
        kind, at, value, args = data
        return _node(kind, at, value, tuple(cls.from_list(arg) for arg in args))


def fault(at: int, what: str, needed: str = "", action: str = "Correct the formula.") -> InputError:
    """Return the error of one place of a formula."""
    return InputError(f"The formula is wrong at character {at}: {what}", needed, action)


def read(text: str) -> Node:
    """Read a formula.

    Parameters
    ----------
    text : str
        At most `LONGEST` characters.

    Returns
    -------
    Node

    Raises
    ------
    InputError
        When it is empty, too long, too deeply nested, or not written as the grammar asks; with the place and what is
        expected there.
    """
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    if not text.strip():
        raise InputError("The formula is empty.", "It says what is counted.", 'For example: mean(if(truth == "yes", 1, 0))')
    if len(text) > LONGEST:
        raise InputError(
            f"The formula has {len(text):,} characters.", f"It may have at most {LONGEST:,}.", "Make it shorter, or write two."
        )
    try:
        root: Any = _parser().parse(text)
    except UnexpectedCharacters as error:
        raise _unexpected(text, error.pos_in_stream or 0) from None
    except UnexpectedToken as error:
        raise _unexpected(text, len(text) if error.token.type == "$END" else int(error.token.start_pos or 0)) from None
    node = _column(root)
    if node.depth > DEEPEST:
        raise InputError(
            f"The formula is nested {node.depth:,} levels deep.",
            f"At most {DEEPEST} are read; a sum of many terms counts one for each.",
            "Make it simpler.",
        )
    return node


def _unexpected(text: str, at: int) -> InputError:
    """Say where a formula cannot be read, and what would have been right there."""
    # Read again up to there: the parser that failed has put parts together since, and no longer knows all that would fit.
    before: Any = _parser().parse_interactive(text[:at])
    before.exhaust_lexer()
    accepted = before.accepts()
    if "NUMBER" in accepted:
        expected = ['a number, a name, text in quotes or "("']
    else:
        expected = ["an operator such as + or " + ("==" if "COMPARE" in accepted else "and")]
        expected += ['","'] * ("COMMA" in accepted) + ['")"'] * ("RPAR" in accepted) + ["the end"] * ("$END" in accepted)
    needed = f"Expected here: {' or '.join(expected)}."
    if at >= len(text.rstrip()):
        return InputError("The formula ends too early.", needed, "Go on with it, or take the last sign away.")
    sign = text[at]
    if sign in "\"'“[":
        closing = {"[": "]", "“": "”"}.get(sign, sign)
        if closing not in text[at + 1 :]:
            return fault(at + 1, f"what {sign} opens is not closed.", f"A {closing} is missing.")
        if text[at + 1] == closing:
            return fault(at + 1, f"there is nothing between {sign} and {closing}.", "A name or a text is needed.")
    return fault(at + 1, f"{text[at : at + 12].split()[0]!r} cannot stand there.", needed)


@functools.cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", transformer=_builder(), maybe_placeholders=False)


def _column(node: Node) -> Node:
    """Return what a text in quotes is where nothing compares it: the name of a column."""
    return Node("column", node.at, node.value) if node.kind == "quoted" else node


def _node(kind: Kind, at: int, value: Any, args: tuple[Node, ...]) -> Node:
    return Node(kind, at, value, args, 1 + max((arg.depth for arg in args), default=0))


def _builder() -> Any:
    from lark import Token, Transformer, v_args

    def place(token: Token) -> int:
        return int(token.start_pos or 0) + 1

    @v_args(inline=True)
    class Builder(Transformer[Token, Node]):
        """Makes nodes while the text is read, so that nothing recurses however deep it is."""

        def number(self, token: Token) -> Node:
            value = float(token)
            if value == float("inf"):
                raise fault(place(token), f"the number {str(token)[:20]} is too large.")
            return Node("number", place(token), value)

        def quoted(self, token: Token) -> Node:
            return Node("quoted", place(token), str(token)[1:-1])

        def brackets(self, token: Token) -> Node:
            return Node("column", place(token), str(token)[1:-1])

        def name(self, token: Token) -> Node:
            return Node("name" if str(token) in RESERVED else "column", place(token), str(token))

        def operation(self, left: Node, sign: Token, right: Node) -> Node:
            symbol = "^" if str(sign) == "**" else str(sign)
            return _node("operation", place(sign), symbol, (_column(left), _column(right)))

        def sign(self, sign: Token, what: Node) -> Node:
            what = _column(what)
            return what if str(sign) == "+" else _node("minus", place(sign), "-", (what,))

        def compare(self, left: Node, sign: Token, right: Node) -> Node:
            symbol = {"=": "==", "<>": "!="}.get(str(sign), str(sign))
            if symbol in ("==", "!="):
                # Beside these two, quotes hold a text; when both sides have them, the first is the column.
                if right.kind == "quoted":
                    right = Node("text", right.at, right.value)
                elif left.kind == "quoted":
                    left = Node("text", left.at, left.value)
            return _node("compare", place(sign), symbol, (_column(left), _column(right)))

        def both_(self, left: Node, word: Token, right: Node) -> Node:
            return _node("both", place(word), "and", (_column(left), _column(right)))

        def either_(self, left: Node, word: Token, right: Node) -> Node:
            return _node("either", place(word), "or", (_column(left), _column(right)))

        def not_(self, word: Token, what: Node) -> Node:
            return _node("not", place(word), "not", (_column(what),))

        def call(self, token: Token, *args: Node) -> Node:
            name, at = str(token).lower(), place(token)
            if name == "probability" and len(args) == 1 and args[0].kind == "quoted":
                return _node("name", at, "probability", (Node("text", args[0].at, args[0].value),))
            if name in RESERVED:
                takes = 'one label in quotes, as in probability("yes")' if name == "probability" else "nothing in parentheses"
                raise fault(at, f"{name!r} is not written like this.", f"It takes {takes}.")
            if name not in FUNCTIONS:
                raise fault(at, f"there is no function {str(token)!r}.", f"The functions are {', '.join(FUNCTIONS)}.")
            fewest, most = FUNCTIONS[name].takes
            if not fewest <= len(args) <= most:
                count = f"{fewest}" if fewest == most else f"{fewest} to {most}" if most < LONGEST else f"{fewest} or more"
                raise fault(at, f"{name} was given {len(args)} values.", f"It takes {count}, with commas between them.")
            return _node("call", at, name, tuple(_column(arg) for arg in args))

    return Builder()
