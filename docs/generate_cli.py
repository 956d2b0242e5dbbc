"""Generates reference/cli.md from the argument parsers: `python docs/generate_cli.py FILE`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from scenerep_training.cli import evaluate, render, train

from scenerep_ros.cli import main as scenerep
from scenerep_ros.config.fields import option_fields
from scenerep_ros.config.pipeline import MapConfig, NodeConfig
from scenerep_ros.config.replay import ReplayConfig

INTRODUCTION = """\
# Command line

Four programs are installed: `scenerep` with the package, `scenerep-train`, `scenerep-eval` and
`scenerep-render` with the training module. The exit code is 0 on success, 1 on failure,
2 on wrong usage and 130 after an interruption. `make docs` generates this page from the argument
parsers.
"""
OPTIONS_ROW = (
    "| `--OPTION VALUE` | {count} options of [parameters](parameters.md) as flags, such as "
    "`--{example} VALUE` |"
)
TABLE = ["| Argument | Meaning |", "|---|---|"]
OPTIONS = {
    **option_fields(NodeConfig),
    **option_fields(ReplayConfig),
    **option_fields(MapConfig),
}


def page() -> str:
    """Return the page as Markdown."""
    sections = [INTRODUCTION]
    for build_parser in (scenerep.build_parser, train.build_parser, evaluate.build_parser):
        sections += _program(build_parser())
    sections += _single_command(render.build_parser())
    return "\n".join(sections)


def _program(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {parser.prog}\n\n{_first_paragraph(parser.description)}\n"
    (commands,) = (act for act in parser._actions if isinstance(act, argparse._SubParsersAction))
    summaries = {choice.dest: choice.help or "" for choice in commands._choices_actions}
    tables = {name: _rows(command) for name, command in commands.choices.items()}
    with_data = [rows for rows in tables.values() if any("`--data " in row for row in rows)]
    shared = (
        [row for row in with_data[0] if all(row in rows for rows in with_data)] if with_data else []
    )
    if shared:
        yield "\n".join(
            [f"### {parser.prog}: arguments of all commands with `--data`\n", *TABLE, *shared, ""]
        )
    for name, rows in tables.items():
        own = [row for row in rows if rows not in with_data or row not in shared]
        table = [*TABLE, *own, ""] if own else []
        yield "\n".join([f"### {parser.prog} {name}\n", _sentence(summaries[name]), "", *table])


def _single_command(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {parser.prog}\n\n{_first_paragraph(parser.description)}\n"
    yield "\n".join([*TABLE, *_rows(parser), ""])


def _rows(parser: argparse.ArgumentParser) -> list[str]:
    actions = [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]
    options = [action for action in actions if action.option_strings and action.dest in OPTIONS]
    rows = [_row(action) for action in actions if action not in options]
    if options:
        example = options[0].option_strings[0].removeprefix("--")
        rows.append(OPTIONS_ROW.format(count=len(options), example=example))
    return rows


def _row(action: argparse.Action) -> str:
    meaning = " ".join((action.help or "").split()) % {"default": action.default}
    meaning = meaning.removesuffix(" (default: )").replace("|", r"\|")
    return f"| `{_signature(action)}` | {meaning}{_default(action, meaning)} |"


def _signature(action: argparse.Action) -> str:
    value = _value(action)
    if not action.option_strings:
        return f"[{value}]" if action.nargs in ("?", "*") else value
    return f"{', '.join(action.option_strings)} {value}".rstrip()


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices is not None:
        return "{" + ",".join(str(choice) for choice in action.choices) + "}"
    if isinstance(action.metavar, tuple):
        return " ".join(action.metavar)
    name = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    return f"{name}..." if action.nargs in ("+", "*") else name


def _default(action: argparse.Action, meaning: str) -> str:
    if "default:" in meaning or action.default in (None, False, argparse.SUPPRESS, []):
        return ""
    return f" (default: `{action.default}`)"


def _first_paragraph(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text[:1].upper() + text[1:].rstrip(".") + "." if text else ""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
