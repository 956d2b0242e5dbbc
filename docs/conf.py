"""Configuration of the documentation site.

`make docs` builds docs/_build/html. rosdoc2 builds the same pages: it copies this folder, executes
this file from there and puts the package on the import path itself (see rosdoc2.yaml).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

from sphinx.application import Sphinx

import scenerep_ros

sys.path.append(str(Path(scenerep_ros.__file__).parents[1] / "training"))


def _is_installed(name: str) -> bool:
    spec = find_spec(name)
    return spec is not None and spec.origin is not None  # a mere folder `launch` has no origin


project = "scenerep_ros"
author = "scenerep_ros maintainers"
copyright = author
release = version = scenerep_ros.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
rosdoc2_settings = {"override_theme": False, "allow_other_extensions": True}

root_doc = "index"
toc_object_entries = False  # the sidebar lists pages; with every function it takes most of a build
exclude_patterns = ["_build"]
exclude_patterns += ["index.rst", "__*.rst", "[A-Z]*.*"]  # files that rosdoc2 adds to the copy
suppress_warnings = ["ref.python"]  # the annotation `type` also names fields of that name
default_role = "code"  # docstrings write `name` as Markdown does

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "show-inheritance": True, "ignore-module-all": True}
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
# ROS and, on the documentation servers of ROS, the packages from PyPI may be absent.
autodoc_mock_imports = [
    name
    for name in (
        "builtin_interfaces",
        "cv2",
        "diagnostic_msgs",
        "geometry_msgs",
        "imageio_ffmpeg",
        "jinja2",
        "kneed",
        "launch",
        "launch_ros",
        "lifecycle_msgs",
        "lightning",
        "litdata",
        "matplotlib",
        "onnx",
        "packaging",
        "PIL",
        "rcl_interfaces",
        "rclpy",
        "rosbags",
        "rosgraph_msgs",
        "safetensors",
        "scipy",
        "sensor_msgs",
        "sklearn",
        "std_msgs",
        "std_srvs",
        "tensorboard",
        "threadpoolctl",
        "timm",
        "torch",
        "torchvision",
        "tqdm",
        "vision_msgs",
        "visualization_msgs",
    )
    if not _is_installed(name)
]
autodoc_mock_imports.append("open3d")  # a machine without libusb has it and cannot load it
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # else a field with an entry under Attributes is described twice

html_theme = "furo"
html_theme_options: dict[str, object] = {}  # rosdoc2 presets options of another theme
html_title = f"scenerep_ros {release}"
copybutton_prompt_text = "$ "


def setup(app: Sphinx) -> None:
    """Generate the pages of the API before Sphinx reads its sources."""
    app.connect("builder-inited", lambda app: write_api_pages(Path(app.srcdir) / "reference/api"))


def write_api_pages(folder: Path) -> None:
    """Write one page for each package or top-level module, with all modules below it."""
    folder.mkdir(exist_ok=True)
    pages = {folder / f"{name}.rst": _api_page(name) for name in api_packages()}
    for stale in set(folder.glob("*.rst")) - set(pages):
        stale.unlink()
    for path, page in pages.items():
        if not path.is_file() or path.read_text() != page:  # an equal page is not read again
            path.write_text(page)


def api_packages() -> list[str]:
    """Return the packages and top-level modules of both distributions that get a page."""
    found = [module for root in _roots() for module in _children(root)]
    return [module for module in found if not module.endswith(".cli")]  # see cli.md


def _api_page(name: str) -> str:
    sections = []
    for depth, module in _walk(name):
        title = module if depth == 0 else module.removeprefix(f"{name}.")
        underline = "=-~^"[min(depth, 3)] * len(title)
        sections.append(f"{title}\n{underline}\n\n.. automodule:: {module}\n")
    return "\n".join(sections)


def _walk(name: str, depth: int = 0) -> Iterator[tuple[int, str]]:
    yield depth, name
    for module in _children(name):
        yield from _walk(module, depth + 1)


def _children(name: str) -> list[str]:
    """Return the modules of a package; finds them without an import."""
    root, *parts = name.split(".")
    folder = _roots()[root].joinpath(*parts)
    return [f"{name}.{module.name}" for module in iter_modules([str(folder)])]


def _roots() -> dict[str, Path]:
    specs = {name: find_spec(name) for name in ("scenerep_ros", "scenerep_training")}
    return {name: Path(spec.origin).parent for name, spec in specs.items() if spec and spec.origin}
