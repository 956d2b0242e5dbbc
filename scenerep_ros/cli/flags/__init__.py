"""Flags of the commands: built from the option models, their types and their spelling."""
