"""Lifecycle of a node: transitions that log their errors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from scenerep_ros.ros.monitoring.problem_reporter import describe_error


class ManagedNode(LifecycleNode, ABC):
    """Lifecycle node whose transitions call one method each and log what these raise.

    Args:
        name: name of the node.
        **kwargs: arguments of rclpy.node.Node.
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self._is_finalized = False

    def start(self) -> bool:
        """Configure and activate; return False after a failure, whose reason is in the log."""
        success = TransitionCallbackReturn.SUCCESS
        return self.trigger_configure() == success and self.trigger_activate() == success

    def on_configure(self, _previous: LifecycleState) -> TransitionCallbackReturn:
        """Load what the node needs."""
        return self._run_transition("configure", self._configure)

    def on_activate(self, _previous: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe."""
        return self._run_transition("activate", self._activate)

    def on_deactivate(self, _previous: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe."""
        return self._run_transition("deactivate", self._deactivate)

    def on_cleanup(self, _previous: LifecycleState) -> TransitionCallbackReturn:
        """Free what `on_configure` has loaded."""
        return self._run_transition("cleanup", self._free_memory)

    def on_shutdown(self, _previous: LifecycleState) -> TransitionCallbackReturn:
        """Stop and free everything."""
        self._is_finalized = True
        return self._run_transition("shutdown", self._shut_down)

    def on_error(self, _previous: LifecycleState) -> TransitionCallbackReturn:
        """Return to the unconfigured state."""
        return self._run_transition("error processing", self._shut_down)

    def _run_transition(self, name: str, work: Callable[[], None]) -> TransitionCallbackReturn:
        """Run a transition's work and log an exception, which rclpy would discard silently."""
        try:
            work()
        except Exception as error:
            self.get_logger().error(f"cannot {name}: {describe_error(error)}")
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def _shut_down(self) -> None:
        self._deactivate()
        self._free_memory()

    @abstractmethod
    def _configure(self) -> None:
        """Load what the node needs; an exception leaves the node unconfigured."""

    @abstractmethod
    def _activate(self) -> None:
        """Subscribe."""

    @abstractmethod
    def _deactivate(self) -> None:
        """Unsubscribe; allowed in every state."""

    @abstractmethod
    def _free_memory(self) -> None:
        """Free what `_configure` has loaded; allowed in every state."""
