"""Fine-tunes scenerep_ros's backbones on recorded frames, and measures what that changed.

Imports the runtime and is never imported by it: a robot does not need this module.
"""
