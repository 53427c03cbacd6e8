"""OpenQASM text to statements of the reference syntax tree, one statement at a time.

The text is cut into statements before it is parsed, so that memory stays bounded by the longest statement, equal
statements are parsed once, and the first fault ends the work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, NoReturn

from qdl.errors import QasmError
from qdl.ir.qasm.simple import simple

MAX_TEXT = 4_000_000  # characters; about a minute of the reference parser
MAX_STATEMENTS = 300_000
MAX_STATEMENT = 200_000  # characters of one with a block, such as a definition; three seconds and 80 MB of the parser
MAX_LINE = 50_000  # characters of one without
MAX_NESTING = 100  # brackets

_TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/)|(?P<open>/\*)|(?P<string>"[^"\n]*"|'[^'\n]*')|(?P<left>[(\[{])"""
    r"""|(?P<right>[)\]}])|(?P<end>;)|(?P<word>[^\s;()\[\]{}"'/]+|.)""",
    re.DOTALL,
)
_MESSAGE = 300  # characters of what the parser says
_SIGNS = re.compile(rf"(?:[-!~]\s*){{{MAX_NESTING}}}")
_PRAGMA = re.compile(r"#?pragma\b[^\n]*")
_ANNOTATION = re.compile(r"@[^\n]*")


class Statement(NamedTuple):
    """One statement's text and the line on which it starts."""

    text: str
    line: int


class Refusal(Exception):
    """Something in a statement that is refused, with the node of the syntax tree that says where."""

    def __init__(self, node: Any, problem: str, **facts: Any) -> None:
        super().__init__(problem)
        self.node, self.problem, self.facts = node, problem, facts


def refuse(node: Any, problem: str, **facts: Any) -> NoReturn:
    """Refuse a node of the syntax tree; the facts are those of a `QdlError`."""
    raise Refusal(node, problem, **facts)


def fault(line: int, problem: object, **facts: Any) -> QasmError:
    """The one error that a reader raises."""
    return QasmError(f"OpenQASM line {line}: {problem}", **facts)


def statements(text: str) -> list[Statement]:
    """Cut a program at the semicolons and closing braces of its outermost level, but not in front of an ``else``."""
    if not isinstance(text, str):
        raise QasmError("OpenQASM comes as text", got=type(text).__name__, expected="str")
    if len(text) > MAX_TEXT:
        raise QasmError("the OpenQASM text is too long", got=f"{len(text)} characters", expected=f"at most {MAX_TEXT}")
    found = list(islice(_cut(text), MAX_STATEMENTS + 1))
    if len(found) > MAX_STATEMENTS:
        raise fault(found[-1].line, "the text holds too many statements", expected=f"at most {MAX_STATEMENTS}")
    return found


def _cut(text: str) -> Iterator[Statement]:
    start, end, line, counted, place = None, None, 1, 0, 0
    before = word = ""
    brackets: list[str] = []
    while token := _TOKEN.match(text, place):
        place = token.end()
        kind = token.lastgroup
        if kind == "skip":
            continue
        before, word = word, token.group()
        if start is not None and end is not None:
            if word != "else":
                yield _statement(text[start:end], line)
                start = None
            end = None
        if start is None:
            start = token.start()
            line, counted = line + text.count("\n", counted, start), start
            whole_line = _whole_line(text, start)
            if whole_line is not None:  # whose brackets and semicolons mean nothing
                place = whole_line
                if text[start] != "@":
                    yield _statement(text[start:place] + "\n", line)
                start = None
                continue
        if kind == "open":
            raise fault(line + text.count("\n", counted, token.start()), "a comment is not closed", expected="*/")
        if kind == "left":
            brackets.append("values" if before.endswith("=") or before == "in" else token.group())
            if len(brackets) > MAX_NESTING:
                raise fault(line, "nested too deeply", expected=f"at most {MAX_NESTING} brackets")
        closed = brackets.pop() if kind == "right" and brackets else None
        if not brackets and (kind == "end" or closed == "{"):
            end = token.end()
    if start is not None:
        yield _statement(text[start:end], line)


def _whole_line(text: str, start: int) -> int | None:
    """Where a pragma or an annotation ends; annotations are notes for a compiler, and left out."""
    if text[start] not in "#p@":
        return None
    found = _PRAGMA.match(text, start) or _ANNOTATION.match(text, start)
    return found.end() if found else None


def _statement(text: str, line: int) -> Statement:
    longest = MAX_STATEMENT if "{" in text else MAX_LINE
    if len(text) > longest:
        expected = f"at most {longest} characters"
        raise fault(line, "a statement is too long", got=f"{len(text)} characters", expected=expected)
    return Statement(text, line)


def parse(statement: Statement) -> Any:
    """The reference parser's Program for one statement; its line numbers start at 1."""
    known = simple(statement.text)
    if known is not None:
        return known
    found = _SIGNS.search(statement.text)  # a long row of signs, with which the parser spends seconds
    if found:
        line = statement.line + statement.text.count("\n", 0, found.start())
        raise fault(line, "nested too deeply", do="leave signs out")
    try:
        return _parse(statement.text)
    except _Malformed as error:
        raise fault(statement.line + error.line - 1, error) from None
    except RecursionError:
        raise fault(statement.line, "nested too deeply", do="split the expression") from None
    except ImportError as error:
        raise QasmError("reading OpenQASM needs its parser", do="pip install 'openqasm3[parser]'") from error
    except Exception as error:  # whatever else breaks in the parser on malformed text
        raise fault(statement.line, "malformed statement", got=_shown(statement.text)) from error


class _Malformed(Exception):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@lru_cache(maxsize=2048)
def _parse(text: str) -> Any:
    # The convenience function of the reference package hides the place of a fault and prints to stderr: build the same
    # chain of its parts with a listener that raises.
    from openqasm3 import parser as reference

    class Listener(reference.ErrorListener):
        def syntaxError(self, recognizer: Any, symbol: Any, line: int, column: int, message: str, error: Any) -> None:
            raise _Malformed(line, message.split(" expecting {")[0][:_MESSAGE])

    lexer = reference.qasm3Lexer(reference.InputStream(text))
    lexer.removeErrorListeners()
    lexer.addErrorListener(Listener())
    parser = reference.qasm3Parser(reference.CommonTokenStream(lexer))
    parser.removeErrorListeners()
    parser.addErrorListener(Listener())
    try:
        return reference.QASMNodeVisitor().visitProgram(parser.program())
    except reference.QASM3ParsingError as error:
        place, _, message = str(error).partition(": ")
        found = re.match(r"L(\d+)", place)
        raise _Malformed(int(found[1]) if found else 1, (message or place)[:_MESSAGE]) from None


def _shown(text: str) -> str:
    short = " ".join(text[:60].split())
    return repr(short + ("..." if len(text) > 60 else ""))
