"""Weights of networks: files of this and other projects, downloads, and the shipped student."""
