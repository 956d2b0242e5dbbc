"""Checks the rules of CONTRIBUTING.md that ruff does not know.

    python test/lint/style_lint.py [PATHS]

prints one line `file:line: rule: message` for each finding and ends with 1 if there is any. The
rules:

    docstring-opener   a docstring opens with a verb or a noun phrase
    tuned-literal      a tuned number of a numerical stage is a field of a constants dataclass
    american-spelling  identifiers use American spelling
    test-name          a test is named test_<unit>_<condition>_<expectation>, at most ten words
"""

from __future__ import annotations

import ast
import re
import sys
import tokenize
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PATHS = ("scenerep_ros", "training", "test", "launch", "docs", "examples", "setup.py")
SKIPPED_FOLDERS = {"__pycache__", "_build", ".venv", "build"}

RELATIVES = ("what", "whatever", "where", "which", "who", "whom", "whose", "how", "why", "that")
CONJUNCTIONS = ("whether", "if", "when", "whenever", "while", "so", "and", "or", "but", "of")
OPENERS = frozenset((*RELATIVES, *CONJUNCTIONS))
NUMERICAL_STAGES = frozenset(
    ("geometry", "ops", "preprocessing", "clustering", "segmentation", "tracking", "mapping")
)
MAX_TEST_WORDS = 10
"""Words after `test_`."""

VERBS = (
    "anal|author|binar|capital|categor|central|character|custom|digit|discret|emphas|equal|factor|"
    "final|general|global|homogen|ideal|initial|item|linear|local|memor|minim|maxim|modern|neutral|"
    "normal|optim|organ|orthogonal|parallel|penal|polar|priorit|quant|random|raster|real|recogn|"
    "regular|serial|special|stabil|standard|summar|symmetr|synchron|token|util|vector|visual|voxel"
)
BRITISH = {
    "behaviour": "behavior",
    "catalogue": "catalog",
    "centre": "center",
    "centring": "centering",
    "colour": "color",
    "defence": "defense",
    "dialogue": "dialog",
    "favour": "favor",
    "fibre": "fiber",
    "grey": "gray",
    "licence": "license",
    "metre": "meter",
    "neighbour": "neighbor",
    "analyse": "analyze",
    "programme": "program",
}
BRITISH_PATTERN = re.compile(
    rf"(?P<verb>{VERBS})is(?=e|ing|ation|able)|{'|'.join(BRITISH)}", re.IGNORECASE
)


class Finding(NamedTuple):
    """One violation of a rule."""

    path: Path
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


def check_file(path: Path) -> list[Finding]:
    """Return the findings of one Python file, in order of lines."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source, str(path))
    found = [*find_docstring_openers(tree), *find_british_spelling(tree, path)]
    if is_numerical(path):
        found += find_tuned_literals(tree, comments(source))
    if path.name.startswith("test_"):
        found += find_misnamed_tests(tree)
    return sorted(Finding(path, *finding) for finding in found)


def is_numerical(path: Path) -> bool:
    """Return whether a file lies in a folder scenerep_ros/STAGE of a numerical stage."""
    folders = pairwise(path.absolute().parts)
    return any(outer == "scenerep_ros" and inner in NUMERICAL_STAGES for outer, inner in folders)


Found = Iterator[tuple[int, str, str]]
"""Line, rule and message of each finding in a tree."""


def find_docstring_openers(tree: ast.Module) -> Found:
    """Yield the docstrings that open with a relative pronoun, a conjunction or `of`."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                first = re.match(r"\w*", text.strip())
                if first and first[0].lower() in OPENERS:
                    message = (
                        f"docstring opens with {first[0]!r}; open with a verb or a noun phrase"
                    )
                    yield node.lineno, "docstring-opener", message


def find_tuned_literals(tree: ast.Module, comments_by_line: dict[int, str]) -> Found:
    """Yield the numbers that are assigned at module level without a reason.

    A mathematical or protocol constant has the trailing comment `# constant: REASON`.
    """
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not is_numeric(node.value):
            continue
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        if any(re.match(r"#\s*constant: \S", comments_by_line.get(line, "")) for line in lines):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = ", ".join(ast.unparse(target) for target in targets)
        if names.startswith("__"):
            continue
        message = f"{names} belongs in a constants dataclass, or needs `# constant: REASON`"
        yield node.lineno, "tuned-literal", message


def is_numeric(value: ast.expr | None) -> bool:
    """Return whether an expression is made of numbers alone: 3, -0.5, 2 * 7, (0.1, 0.2)."""
    match value:
        case ast.Constant(value=number):
            return isinstance(number, int | float) and not isinstance(number, bool)
        case ast.UnaryOp(operand=operand):
            return is_numeric(operand)
        case ast.BinOp(left=left, right=right):
            return is_numeric(left) and is_numeric(right)
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return bool(items) and all(map(is_numeric, items))
        case ast.Dict(values=items):
            return bool(items) and all(map(is_numeric, items))
    return False


def find_british_spelling(tree: ast.Module, path: Path) -> Found:
    """Yield the identifiers that a file defines, and its own name, in British spelling."""
    for line, name in [(1, path.stem), *defined_names(tree)]:
        if match := BRITISH_PATTERN.search(name):
            american = f"{match['verb']}iz" if match["verb"] else BRITISH[match[0].lower()]
            message = f"{name}: {match[0].lower()!r} is spelled {american.lower()!r} in identifiers"
            yield line, "american-spelling", message


def defined_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the names that a file binds, not those that it takes from elsewhere."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr
            case ast.alias(asname=str()):
                yield node.lineno, node.asname


def find_misnamed_tests(tree: ast.Module) -> Found:
    """Yield the tests whose names have the wrong form or more than ten words."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.name.startswith("test"):
            continue
        if not re.fullmatch(r"test(_[a-z0-9]+)+", node.name):
            message = f"{node.name}: write test_<unit>_<condition>_<expectation> in lower case"
            yield node.lineno, "test-name", message
        words = len(node.name.split("_")) - 1
        if words > MAX_TEST_WORDS:
            message = f"{node.name}: {words} words, at most {MAX_TEST_WORDS}"
            yield node.lineno, "test-name", message


def comments(source: str) -> dict[int, str]:
    """Return the comment of each line that has one."""
    lines = iter(source.splitlines(keepends=True))
    tokens = tokenize.generate_tokens(lambda: next(lines, ""))
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def python_files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the Python files among and below the paths.

    Raises:
        FileNotFoundError: naming the path that does not exist.
    """
    for path in paths:
        if path.is_dir():
            inside = (file.relative_to(path) for file in path.rglob("*.py"))
            yield from sorted(path / file for file in inside if not SKIPPED_FOLDERS & {*file.parts})
        elif path.is_file():
            yield path
        else:
            raise FileNotFoundError(f"{path}: no such file or folder")


def default_paths() -> list[Path]:
    """Return the folders of the project, relative to the current folder where they are below it."""
    paths = [ROOT / name for name in DEFAULT_PATHS if (ROOT / name).exists()]
    here = Path.cwd()
    return [path.relative_to(here) if path.is_relative_to(here) else path for path in paths]


def main(arguments: Sequence[str]) -> int:
    """Check the paths, or the whole project without any; return the exit code."""
    paths = [Path(argument) for argument in arguments] or default_paths()
    found = [finding for file in python_files(paths) for finding in check_file(file)]
    sys.stdout.writelines(f"{finding}\n" for finding in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
