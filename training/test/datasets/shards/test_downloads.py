"""Tests of shards on a web server."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from scenerep_training.data.recordings import open_recordings
from scenerep_training.datasets.shards import index as shard_index
from sharded import assert_equal_frames

from scenerep_ros.errors import FrameError, SourceError

pytest.importorskip("litdata", reason="the extra `shards` is not installed")


class RangeHandler(SimpleHTTPRequestHandler):
    """Serves a folder; answers byte ranges as nginx and buckets do."""

    def do_GET(self):
        if "Range" not in self.headers:
            return super().do_GET()
        first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
        content = Path(self.translate_path(self.path)).read_bytes()[first : last + 1]
        self.send_response(206)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def serve(shards):
    """Function that serves the shards with a handler and returns their address."""
    servers = []

    def start(handler):
        server = ThreadingHTTPServer(
            ("127.0.0.1", 0), partial(handler, directory=str(shards.parent))
        )
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/{shards.name}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_shards_at_an_address_equal_those_of_the_folder(serve, shards):
    served = open_recordings([Path(serve(RangeHandler))]).sources
    for actual, expected in zip(served, open_recordings([shards]).sources, strict=True):
        assert_equal_frames(actual, expected)


def ranges_of(requests):
    """Handler that records the length of each range that is requested."""

    class Recording(RangeHandler):
        def do_GET(self):
            if "Range" in self.headers:
                first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
                requests.append(last - first + 1)
            super().do_GET()

    return Recording


@pytest.mark.parametrize("end", [0, 10**6, 2**32 - 1])
def test_item_beyond_its_chunk_is_refused_unread(serve, shards, end):
    chunk = next(path for path in shards.glob("*/*.bin") if path.parent.name.startswith("drive"))
    content = bytearray(chunk.read_bytes())
    content[8:12] = end.to_bytes(4, "little")  # end of the first item, after its number and begin
    chunk.write_bytes(content)
    requests = []
    source = open_recordings([Path(serve(ranges_of(requests)))]).sources[0]
    with pytest.raises(FrameError, match=r"has an item from byte .* bytes by index\.json"):
        source[0]
    assert max(requests) == 8  # the begin and the end of the item
    assert source[2].name  # others are read


def test_index_that_is_too_large_is_refused(serve, monkeypatch):
    monkeypatch.setattr(shard_index, "MAX_INDEX_BYTES", 100)
    with pytest.raises(
        SourceError, match=r"index\.json: .*101 bytes, more than the 100 of an index"
    ):
        open_recordings([Path(serve(RangeHandler))])


def test_server_without_ranges_is_named(serve):
    class WholeFiles(RangeHandler):
        def do_GET(self):
            del self.headers["Range"]
            return super().do_GET()

    source = open_recordings([Path(serve(WholeFiles))]).sources[0]
    with pytest.raises(FrameError, match="ignores byte ranges"):
        source[0]


def test_address_without_shards_raises_with_its_name(serve):
    with pytest.raises(SourceError, match=r"http://127.*/nowhere/index\.json: cannot be read"):
        open_recordings([Path(serve(RangeHandler)) / "nowhere"])
