"""Fine-tuning and evaluation of scenerep_ros's backbones on recorded frames.

It imports the runtime and is never imported by it, because a robot needs no training module.
"""

import scenerep_ros  # noqa: F401 - limits the threads of OpenBLAS, before torch imports numpy
