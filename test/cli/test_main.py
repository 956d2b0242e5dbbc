"""Entry point and exit codes of the command `scenerep`."""

import errno
import os
import sys

import pytest

import scenerep_ros
from scenerep_ros.cli.exit_code import exit_code
from scenerep_ros.cli.main import COMMANDS, build_parser, main
from scenerep_ros.errors import ConfigError


def raising(error):
    def command():
        raise error

    return command


def test_exit_code_of_a_command_is_its_result(capsys):
    assert exit_code("scenerep x", lambda: 3) == 3
    assert capsys.readouterr().err == ""


def test_exit_code_of_an_error_prints_it_in_one_line(capsys):
    assert exit_code("scenerep x", raising(ConfigError("seed = -1: too small"))) == 1
    assert capsys.readouterr().err == "scenerep x: seed = -1: too small\n"


def test_exit_code_of_an_interruption_prints_the_hint(capsys):
    assert exit_code("scenerep x", raising(KeyboardInterrupt()), "; results kept") == 130
    assert capsys.readouterr().err == "scenerep x: interrupted; results kept\n"


@pytest.mark.parametrize(
    ("number", "text"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "check the folder")]
)
def test_exit_code_of_an_unwritable_disk_names_the_file(number, text, capsys):
    error = OSError(number, os.strerror(number), "/out/events")
    assert exit_code("scenerep x", raising(error)) == 1
    message = capsys.readouterr().err
    assert message.startswith("scenerep x: cannot write /out/events")
    assert text in message


@pytest.mark.parametrize("length", [10, 10**5])
def test_exit_code_without_a_reader_ends_quietly(length, monkeypatch, capsys):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as output:
        monkeypatch.setattr("sys.stdout", output)
        assert exit_code("scenerep x", lambda: 0 * output.write("a" * length)) == 141
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_main_with_a_closed_stream_replaces_it(name, monkeypatch):
    monkeypatch.setattr(f"sys.{name}", None)
    assert main(["options"]) == 0
    assert getattr(sys, name).writable()
    getattr(sys, name).close()


def test_exit_code_of_another_broken_pipe_propagates():
    with pytest.raises(BrokenPipeError):
        exit_code("scenerep x", raising(BrokenPipeError(errno.EPIPE, "of ffmpeg")))


def test_exit_code_of_a_programming_error_propagates():
    with pytest.raises(ZeroDivisionError):
        exit_code("scenerep x", raising(ZeroDivisionError()))


def test_build_parser_lists_every_command():
    text = build_parser().format_help()
    assert all(f"    {name} " in text for name in COMMANDS)


@pytest.mark.parametrize("argv", [[], ["segmnt"], ["weights"], ["segment"]])
def test_main_with_wrong_usage_exits_with_2(argv, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(argv)
    assert "usage: scenerep" in capsys.readouterr().err


def test_main_prints_the_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"{scenerep_ros.__version__}\n"


@pytest.mark.parametrize("flag", ["--max_frames", "--max-frames"])
def test_main_accepts_flags_spelled_as_options(tmp_path, flag, capsys):
    missing = str(tmp_path / "none")
    assert main(["segment", missing, "--out", str(tmp_path), f"{flag}=1"]) == 1
    assert f"source {missing}: does not exist" in capsys.readouterr().err
