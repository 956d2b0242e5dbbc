"""Command `scenerep`: one thin module per subcommand."""
