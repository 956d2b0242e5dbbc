"""Evaluation of backbones and of the pipeline: one protocol a file, one runner for all."""
