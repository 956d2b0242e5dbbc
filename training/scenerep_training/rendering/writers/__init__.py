"""Writers of rendered recordings, one for each layout of files."""
