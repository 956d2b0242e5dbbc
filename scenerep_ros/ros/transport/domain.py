"""Choice of a ROS domain in which no other node runs. It needs plain Python only."""

from __future__ import annotations

import os
from socket import AF_INET, SOCK_DGRAM, socket

MAX_DOMAIN = 100
"""Largest domain whose ports are below those that Linux gives to clients."""
DISCOVERY_PORT, DOMAIN_PORTS = 7410, 250
"""UDP port of the first participant of domain 0, and number of ports of a domain."""


def free_domain() -> int:
    """Return the id of a domain in which no node runs on this machine, if there is one."""
    first = os.getpid()
    domains = [1 + (first + offset) % MAX_DOMAIN for offset in range(MAX_DOMAIN)]
    return next(filter(_is_free, domains), domains[0])


def _is_free(domain: int) -> bool:
    """Check the port of the domain's first participant, as the DDSI-RTPS standard defines it."""
    with socket(AF_INET, SOCK_DGRAM) as probe:
        try:
            probe.bind(("", DISCOVERY_PORT + DOMAIN_PORTS * domain))
        except OSError:
            return False
    return True
