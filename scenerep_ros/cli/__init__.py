"""The command `scenerep`: one file a subcommand, each thin."""
