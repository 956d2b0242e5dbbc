"""Links, commands and Python code of the README and of the documentation pages."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GENERATED = [DOCS / "_build", DOCS / "reference" / "api", DOCS / "reference" / "cli.md"]
PAGES = [
    ROOT / "README.md",
    ROOT / "training" / "README.md",
    *sorted(page for page in DOCS.rglob("*.md") if not {page, *page.parents} & set(GENERATED)),
]
HOW_TO_FLAGS = {"--mixture.components"}
"""Flags of a method that a how-to page adds."""
PROGRAMS = ("scenerep", "scenerep-train", "scenerep-eval")


class Command(NamedTuple):
    """One documented command: program, subcommand and flags."""

    program: str
    subcommand: str
    flags: tuple[str, ...]


def page_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_page_relative_links_name_existing_files(page):
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
    paths = {(page.parent / target).resolve() for target in targets}
    assert {path for path in paths if not path.exists()} <= set(GENERATED)


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_page_python_code_compiles(page):
    errors = [syntax_error(code) for code in fenced_blocks(page.read_text(), "python")]
    assert not any(errors), errors


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_page_commands_use_existing_flags(page):
    for command in documented_commands(page.read_text()):
        known = HOW_TO_FLAGS | known_flags(command.program, command.subcommand)
        unknown = set(command.flags) - known
        assert not unknown, f"{command.program} {command.subcommand} has no {sorted(unknown)}"


def test_documented_commands_of_continued_lines_include_all_flags():
    text = "```sh\nscenerep segment IN --out OUT \\\n    --depth.gap 0.1\n```\n"
    assert list(documented_commands(text)) == [
        Command("scenerep", "segment", ("--out", "--depth.gap"))
    ]


def fenced_blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def syntax_error(code: str) -> str:
    """Return the syntax error of Python code; empty if it compiles."""
    try:
        compile(code, "page", "exec")
    except SyntaxError as error:
        return str(error)
    return ""


def documented_commands(text: str) -> Iterator[Command]:
    """Find the commands of this project in the shell blocks and the inline code of a page."""
    blocks = [block.replace("\\\n", " ") for block in fenced_blocks(text, "sh")]
    without_blocks = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    inline = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", without_blocks)]
    for line in "\n".join([*blocks, *inline]).splitlines():
        words = shlex.split(line, comments=True)
        for index, word in enumerate(words):
            if word in PROGRAMS and index + 1 < len(words):
                yield Command(word, words[index + 1], tuple(flags_of(words[index + 2 :])))


def flags_of(words: list[str]) -> Iterator[str]:
    """Yield the flags up to the end of the command."""
    for word in words:
        if word.startswith(";") or word == "}":
            return
        if re.fullmatch(r"\[?--[a-z].*", word):
            yield word.strip("[]").partition("=")[0]


@cache
def known_flags(program: str, subcommand: str) -> frozenset[str]:
    """Return the flags of a subcommand; of a placeholder, those of all subcommands."""
    subparsers = subparsers_of(program)
    chosen = [subparsers[subcommand]] if subcommand in subparsers else list(subparsers.values())
    return frozenset(
        flag for parser in chosen for action in parser._actions for flag in action.option_strings
    )


@cache
def subparsers_of(program: str) -> dict[str, argparse.ArgumentParser]:
    parser = build_parser(program)
    actions = (action for action in parser._actions if isinstance(action.choices, dict))
    return dict(next(actions).choices)


def build_parser(program: str) -> argparse.ArgumentParser:
    if program != "scenerep":
        pytest.importorskip("scenerep_training", reason="the training module is not installed")
    if program == "scenerep":
        from scenerep_ros.cli.main import build_parser as build
    elif program == "scenerep-train":
        from scenerep_training.cli.train import build_parser as build
    else:
        from scenerep_training.cli.evaluate import build_parser as build
    return build()
