"""Settings of the hypothesis tests: the same inputs in each run, and no limit on their time.

`pytest --hypothesis-profile=random` searches for new inputs.
"""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None)
settings.load_profile("repeatable")
