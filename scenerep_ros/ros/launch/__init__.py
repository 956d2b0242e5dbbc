"""Launch descriptions that the launch files share."""
