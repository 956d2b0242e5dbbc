from __future__ import annotations

from scenerep_ros.ros.monitoring.topic_monitor import TopicMonitor


def test_monitor_within_timeout_reports_no_silent_topic():
    assert TopicMonitor(["/color", "/depth"], timeout_s=3600.0).silent_topics() == []


def test_monitor_after_timeout_reports_topics_without_messages():
    monitor = TopicMonitor(["/color", "/depth"], timeout_s=-1.0)
    assert monitor.silent_topics() == ["/color", "/depth"]


def test_monitor_message_ends_the_silence(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monitor = TopicMonitor(["/color", "/depth"], timeout_s=3.0)
    now[0] = 4.0
    monitor.record("/color")
    assert monitor.silent_topics() == ["/depth"]
