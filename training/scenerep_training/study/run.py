"""Run of the study: train each network with each seed, evaluate it, and write the report."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scenerep_ros.config.validation import validated
from scenerep_training.engine.duration import with_duration
from scenerep_training.engine.run import RunConfig, run_training
from scenerep_training.engine.run_folder import STEPS, claim_run_folder
from scenerep_training.methods.registry import METHODS
from scenerep_training.study.evaluation import evaluate_network
from scenerep_training.study.folders import evaluation_folder, training_folder
from scenerep_training.study.networks import (
    NETWORKS,
    StudyNetwork,
    cluster_settings,
    with_momentum,
)
from scenerep_training.study.options import StudyOptions
from scenerep_training.study.page import write_study
from scenerep_training.study.split import split_sequences

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainedNetwork:
    """A network of the study, trained with one seed.

    Attributes:
        network: the network.
        seed: seed of its training; a network that is not trained has seed 0 alone.
    """

    network: StudyNetwork
    seed: int


class Study:
    """The study on one data set, in one folder, where it can be resumed.

    Args:
        data: CO3D, one of its categories, or DAVIS.
        folder: of the study.
        options: extent and networks.
        networks: rows of the table to produce.
        command: command line, for the record.
    """

    def __init__(
        self,
        data: Path,
        folder: Path,
        options: StudyOptions,
        networks: Sequence[StudyNetwork] = NETWORKS,
        command: str = "",
    ) -> None:
        self.networks = networks
        self.data = data
        self.folder = folder
        self.options = options
        self.command = command
        self.settings = cluster_settings(options.pca)

    def run(self) -> int:
        """Train and evaluate whatever is missing, and write study.html, .json and .csv.

        The page is written after each network, so that it can be looked at early.

        Returns:
            Exit code: 0, or that of a training run which a signal stopped.

        Raises:
            ConfigError: if the folder holds another study, or a network does not fit its method.
            SourceError: if the data cannot be divided or read.
            WeightsError: if initial weights cannot be read.
        """
        claim_run_folder(self.folder, self._record())
        train, test = split_sequences(self.data, self.folder / "data")
        parts = list(self.trained_networks())
        for number, part in enumerate(parts, 1):
            log.info("%d of %d: %s, seed %d", number, len(parts), part.network.name, part.seed)
            exit_code = self._train(part, train)
            if exit_code:
                return exit_code
            self._evaluate(part, test)
            write_study(self.folder, self.options)
        return 0

    def trained_networks(self) -> Iterator[TrainedNetwork]:
        """Yield all networks of the first seed, then those of the next ones."""
        for seed in range(self.options.seeds):
            for network in self.networks:
                if network.method or seed == 0:
                    yield TrainedNetwork(network, seed)

    def _train(self, part: TrainedNetwork, data: Path) -> int:
        """Train a network, or resume its training; return the exit code."""
        network = part.network
        if not network.method:
            return 0
        values = {
            **network.options,
            **self._vit_options(network),
            **self._start(part),
            "batch_size": self.options.batch_size,
            "seed": part.seed,
        }
        config = RunConfig(
            method=network.method,
            options=validated(METHODS[network.method].Options, values),
            data=(data,),
            weights=None,
            folder=training_folder(self.folder, network.name, part.seed),
            command=self.command,
        )
        options = with_momentum(self._with_steps(config, network).options)
        return run_training(replace(config, options=options)).exit_code

    def _with_steps(self, config: RunConfig, network: StudyNetwork) -> RunConfig:
        """Set the number of steps, which all seeds of a network share: only the first one is timed."""
        if self.options.steps:
            options = config.options.model_copy(update={STEPS: self.options.steps})
            return replace(config, options=options)
        first = training_folder(self.folder, network.name, 0)
        return with_duration(config, self.options.minutes, like=first)

    def _start(self, part: TrainedNetwork) -> dict[str, Any]:
        """Return network and initial weights of a training run."""
        network, options = part.network, self.options
        if network.start:
            return {"init": str(training_folder(self.folder, network.start, part.seed))}
        if network.is_vit:
            return {"backbone": options.vit, "init": options.vit_init}
        return {"backbone": options.convnet, "init": options.convnet_init}

    def _vit_options(self, network: StudyNetwork) -> dict[str, Any]:
        """Return the options of the ViT's training runs that the user sets."""
        if not network.is_vit:
            return {}
        crop_size = self.options.vit_crop
        values = {"frozen_blocks": self.options.frozen_blocks, "crop_size": crop_size}
        return values | ({"local_size": crop_size * 3 // 7} if network.method == "dino" else {})

    def _evaluate(self, part: TrainedNetwork, data: Path) -> None:
        """Measure a network under all settings of the clusters."""
        values: dict[str, Any] = {"resolution": part.network.resolution}
        if part.network.method:
            folder = training_folder(self.folder, part.network.name, part.seed)
            values["weights"] = str(folder)
        else:
            start = self._start(part)
            values |= {"backbone": start["backbone"], "weights": start["init"]}
        folders = [
            evaluation_folder(self.folder, part.network.name, part.seed, setting.name)
            for setting in self.settings
        ]
        if all((folder / "run.json").is_file() for folder in folders):
            return  # the network of a complete evaluation need not be loaded
        evaluate_network(data, values, self.settings, folders, self.options.every, self.command)

    def _record(self) -> dict[str, Any]:
        return {
            "data": str(self.data.expanduser().resolve()),
            "options": self.options.model_dump(),
            "command": self.command,
        }
