"""All protocols, by the name that the command line knows them by."""

from __future__ import annotations

from scenerep_training.evaluation.framework.protocol import Protocol
from scenerep_training.evaluation.protocols.attention import Attention
from scenerep_training.evaluation.protocols.co3d import Co3d
from scenerep_training.evaluation.protocols.collapse import Collapse
from scenerep_training.evaluation.protocols.davis import Davis
from scenerep_training.evaluation.protocols.embed import Embed
from scenerep_training.evaluation.protocols.knn import Knn
from scenerep_training.evaluation.protocols.linear import Linear
from scenerep_training.evaluation.protocols.objects import Objects
from scenerep_training.evaluation.protocols.saliency import Saliency
from scenerep_training.evaluation.protocols.speed import Speed
from scenerep_training.evaluation.protocols.video import Video

PROTOCOLS: dict[str, type[Protocol]] = {
    protocol.name: protocol
    for protocol in (
        Objects,
        Saliency,
        Co3d,
        Davis,
        Video,
        Knn,
        Linear,
        Embed,
        Attention,
        Collapse,
        Speed,
    )
}
