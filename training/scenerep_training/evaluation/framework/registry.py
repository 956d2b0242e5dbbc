"""Registry of the evaluation protocols.

A new protocol is one module in the folder `protocols`, or a class in another package that declares
an entry point of the group `scenerep_training.protocols`.
"""

from __future__ import annotations

from typing import TypeVar

from scenerep_ros.config.registry import Registry
from scenerep_training.evaluation.framework.protocol import Protocol

PROTOCOLS: Registry[type[Protocol]] = Registry(
    "protocol",
    package="scenerep_training.evaluation.protocols",
    group="scenerep_training.protocols",
)

ProtocolType = TypeVar("ProtocolType", bound=type[Protocol])


def register_protocol(protocol: ProtocolType) -> ProtocolType:
    """Add a protocol class to the registry under its `name`; a class decorator."""
    PROTOCOLS.register(protocol.name)(protocol)
    return protocol
