"""`scenerep options`."""

import pytest

from scenerep_ros.cli.main import main
from scenerep_ros.config.option_table import TABLES


def test_options_prints_every_table(capsys):
    assert main(["options"]) == 0
    output = capsys.readouterr().out
    assert all(f"## {name}\n" in output for name in TABLES)
    assert "label_confirmation_time" in output


def test_options_update_renews_a_document_once(tmp_path, capsys):
    document = tmp_path / "README.md"
    document.write_text(f"# Title\n<!-- table: {next(iter(TABLES))} -->\n<!-- end -->\n")
    assert main(["options", "--update", str(document)]) == 0
    assert main(["options", "--update", str(document)]) == 0
    assert capsys.readouterr().out == f"{document}: updated\n{document}: already up to date\n"
    assert "| option |" in document.read_text()


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "cannot be read"), (b"# Title\n", "has no table"), (b"\xff", "utf-8")],
)
def test_options_update_of_an_unfit_document_names_it(tmp_path, capsys, content, problem):
    document = tmp_path / "README.md"
    if content is not None:
        document.write_bytes(content)
    assert main(["options", "--update", str(document)]) == 1
    error = capsys.readouterr().err
    assert f"document {document}: " in error
    assert problem in error
