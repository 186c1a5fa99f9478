"""Where programs, models and data are, and what is missing."""

import importlib.util
import os
import pathlib
import shutil
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
DEFAULT_MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"


def binary(name):
    """picolm, picolm-agent or synth_model, from PICOLM_BIN or the release build."""
    folder = os.environ.get("PICOLM_BIN") or ROOT / "build" / "release" / "bin"
    return pathlib.Path(folder) / name


def program(name):
    """A program of the system; Debian keeps daemons where an ordinary user's PATH does not look."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise unittest.SkipTest(f"{name} is not installed")
    return found


def missing(*, binaries=("picolm", "picolm-agent", "synth_model"), programs=(), modules=()):
    """What a scenario needs and this machine has not, one sentence each."""
    absent = [f"{binary(name)} is not built" for name in binaries if not binary(name).exists()]
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    absent += [f"{name} is not installed" for name in programs if not shutil.which(name, path=path)]
    absent += [f"python3 has no module {name}" for name in modules
               if importlib.util.find_spec(name.split(".")[0]) is None]
    return absent


def default_model():
    """The default model's file; skips where it is absent or PICOLM_TEST_MODEL is "none"."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    path = os.environ.get("PICOLM_TEST_MODEL") or cache / "picolm" / DEFAULT_MODEL
    path = pathlib.Path(path)
    if not path.is_file():
        raise unittest.SkipTest(f"no default model: {path}")
    return path


def shared_data(*parts):
    """A file of the shared test data; skips where it is absent."""
    root = pathlib.Path(os.environ.get("PICOLM_TEST_DATA") or ROOT.parent / "shared" / "data")
    path = root.joinpath(*parts)
    if not path.exists():
        raise unittest.SkipTest("no shared test data: " + "/".join(parts))
    return path
