"""Generates reference/cli.md from the argument parsers: `python docs/generate_cli.py FILE`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from scenerep_training.cli import evaluate, train

from scenerep_ros.cli import main as scenerep
from scenerep_ros.config.fields import option_fields
from scenerep_ros.config.pipeline import NodeConfig

INTRODUCTION = """\
# Command line

Three programs are installed: `scenerep` with the package, `scenerep-train` and `scenerep-eval` with
the training module. The exit code is 0 on success, 1 on failure, 2 on wrong usage and 130 after an
interruption.
`make docs` generates this page from the argument parsers.
"""
OPTIONS_ROW = (
    "| `--OPTION VALUE` | {count} options of the pipeline as flags, such as `--{example} VALUE`; "
    "they are listed in [parameters](parameters.md) |"
)


def page() -> str:
    """Return the page as Markdown."""
    sections = [INTRODUCTION]
    for build_parser in (scenerep.build_parser, train.build_parser, evaluate.build_parser):
        sections += _program(build_parser())
    return "\n".join(sections)


def _program(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {parser.prog}\n\n{_first_paragraph(parser.description)}\n"
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help for choice in action._choices_actions}
            for name, command in action.choices.items():
                yield _command(command, helps.get(name) or "")


def _command(parser: argparse.ArgumentParser, summary: str) -> str:
    actions = [action for action in parser._actions if not _is_help(action)]
    options = [action for action in actions if _is_option(action)]
    rows = [_row(action) for action in actions if not _is_option(action)]
    if options:
        example = options[0].option_strings[0].removeprefix("--")
        rows.append(OPTIONS_ROW.format(count=len(options), example=example))
    table = ["| Argument | Meaning |", "|---|---|", *rows] if rows else []
    return "\n".join([f"### {parser.prog}\n", _sentence(summary), "", *table, ""])


def _is_help(action: argparse.Action) -> bool:
    return isinstance(action, argparse._HelpAction | argparse._VersionAction)


def _is_option(action: argparse.Action) -> bool:
    """Return whether an argument was made from the config models."""
    return bool(action.option_strings) and action.dest in option_fields(_models())


def _models() -> type[BaseModel]:
    return NodeConfig


def _row(action: argparse.Action) -> str:
    meaning = " ".join((action.help or "").split()) % {"default": action.default}
    return f"| `{_signature(action)}` | {_cell(meaning)}{_default(action, meaning)} |"


def _signature(action: argparse.Action) -> str:
    value = _value(action)
    if not action.option_strings:
        return f"[{value}]" if action.nargs in ("?", "*") else value
    flags = ", ".join(action.option_strings)
    return f"{flags} {value}".rstrip()


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.metavar is None and action.choices is not None:
        return "{" + ",".join(str(choice) for choice in action.choices) + "}"
    name = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    return f"{name}..." if action.nargs in ("+", "*") else name


def _default(action: argparse.Action, meaning: str) -> str:
    if "default:" in meaning or action.default in (None, False, argparse.SUPPRESS, []):
        return ""
    return f" (default: `{action.default}`)"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _first_paragraph(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text[:1].upper() + text[1:].rstrip(".") + "." if text else ""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
