"""Shards: recordings as items of LitData, in a folder, a bucket or on a web server."""
