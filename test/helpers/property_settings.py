"""Settings of the hypothesis tests: the same inputs in each run, and no limit on their time.

`pytest --hypothesis-profile=random` searches for new inputs.
"""

from hypothesis import HealthCheck, settings

UNLIMITED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("repeatable", UNLIMITED, derandomize=True)
settings.register_profile("random", UNLIMITED)
settings.load_profile("repeatable")
