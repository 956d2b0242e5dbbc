"""Where launch files, parameter files and the middleware's profile are."""

from scenerep_ros.share import share_folder


def test_share_holds_all_that_nodes_are_started_with():
    share = share_folder()
    assert (share / "config" / "fastdds.xml").is_file()
    assert (share / "launch" / "tum.launch.py").is_file()
    assert (share / "package.xml").is_file()
