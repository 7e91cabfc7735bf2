"""Build the kube-apiserver that the tests run against, once per version, and keep it outside the checkout.

The binary comes from the Go module ``k8s.io/kubernetes`` through the ordinary ``go`` command, so it needs Go and
whatever module proxy the environment already uses (GOPROXY, GOFLAGS, GOSUMDB are taken as they are). The result lies in
``$XDG_CACHE_HOME/kubeslice-sim/kube-apiserver/<version>/`` (``~/.cache`` by default). When ``KUBEBUILDER_ASSETS`` names
a folder with ``kube-apiserver`` and ``etcd``, those are used and nothing is built.

Run it by hand, or from ``make``: ``python tests/apiserver/build.py`` prints the path of the binary last.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

VERSION = "v1.34.4"
PACKAGE = "k8s.io/kubernetes/cmd/kube-apiserver"
PROGRESS_EVERY_S = 15.0
KEEP_LINES = 40

Say = Callable[[str], None]


class CannotProvideError(Exception):
    """The binaries cannot be had on this machine; the message says what is missing and how to get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """Where the two programs of the test API server are."""

    kube_apiserver: Path
    etcd: Path


def provide(say: Say, *, version: str = VERSION) -> Binaries:
    """Find the binaries, building kube-apiserver if need be (about 6 to 10 minutes once on two cores).

    Raises CannotProvideError when Go or etcd is missing or the build fails.
    """
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        return _from_assets(Path(assets))
    return Binaries(etcd=_find_etcd(), kube_apiserver=build(say, version=version))


def build(say: Say, *, version: str = VERSION) -> Path:
    """Return the cached kube-apiserver of this version, building it first when there is none.

    Two processes that ask at once build once: the second waits for the first. A build that is interrupted leaves no
    half-written binary behind.
    """
    home = cache_folder() / "kube-apiserver" / version
    binary = home / "kube-apiserver"
    if binary.exists():
        return binary
    go = shutil.which("go") or _usual_go()
    if go is None:
        raise CannotProvideError(
            f"kube-apiserver {version} is not in {home} and Go is not installed to build it: "
            "install Go 1.24 or later, or set KUBEBUILDER_ASSETS to a folder with kube-apiserver and etcd"
        )
    home.mkdir(parents=True, exist_ok=True)
    with _only_one(home / ".lock", say):
        if binary.exists():
            return binary
        started_s = time.monotonic()
        say(f"kube-apiserver {version}: building from its Go module into {home} (once; 6 to 10 minutes on two cores)")
        with tempfile.TemporaryDirectory(prefix="kubeslice-sim-build-") as work, _part_file(home) as part:
            _write_main_module(go, Path(work), version)
            _compile(go, Path(work), part, version, say)
            part.chmod(0o755)
            part.replace(binary)
        say(
            f"kube-apiserver {version}: built in {_clock(time.monotonic() - started_s)}, "
            f"{binary.stat().st_size / 1e6:.0f} MB"
        )
    return binary


def cache_folder() -> Path:
    """The folder outside the checkout where built test binaries are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kubeslice-sim"


def staging_modules(go_mod: str) -> tuple[str, ...]:
    """The modules that Kubernetes keeps inside its own repository: those its go.mod replaces by a ./staging folder.

    >>> staging_modules("replace (\\n\\tk8s.io/api => ./staging/src/k8s.io/api\\n)")
    ('k8s.io/api',)
    """
    return tuple(re.findall(r"^\s*(?:replace\s+)?(\S+) => \./staging/\S+$", go_mod, flags=re.MULTILINE))


def main_module(go_mod: str, version: str) -> str:
    """The go.mod of a main module that only depends on Kubernetes at this version.

    A main module must repeat Kubernetes' replacements, since Go honours those of the main module only; each staging
    module is published as v0.<minor>.<patch>. The go and godebug lines are those Kubernetes is tested with.
    """
    settings = re.findall(r"^(?:go|godebug) .*$", go_mod, flags=re.MULTILINE)
    staging = staging_modules(go_mod)
    if not staging:
        raise CannotProvideError(
            f"k8s.io/kubernetes {version} replaces no ./staging module in its go.mod: a new layout"
        )
    published = "v0." + version.removeprefix("v1.")
    lines = ["module kubeslice-sim.test/kube-apiserver", *settings, f"require k8s.io/kubernetes {version}"]
    lines += [f"replace {module} => {module} {published}" for module in staging]
    return "\n".join(lines) + "\n"


def _write_main_module(go: str, work: Path, version: str) -> None:
    asked = [go, "mod", "download", "-json", f"k8s.io/kubernetes@{version}"]
    answer = subprocess.run(asked, cwd=work, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        reason = (json.loads(answer.stdout).get("Error") if answer.stdout else "") or answer.stderr.strip()
        raise CannotProvideError(f"cannot download k8s.io/kubernetes {version}: {reason}")
    go_mod = Path(json.loads(answer.stdout)["GoMod"]).read_text(encoding="utf-8")
    (work / "go.mod").write_text(main_module(go_mod, version), encoding="utf-8")


def _compile(go: str, work: Path, part: Path, version: str, say: Say) -> None:
    say("kube-apiserver: downloading modules")
    # -mod=mod lets go complete go.mod and go.sum of this throw-away module by itself.
    listing = _go([go, "list", "-mod=mod", "-deps", PACKAGE], work, lambda _line: None, "listing its packages")
    total = sum(1 for line in listing if "/" in line)
    started_s = time.monotonic()
    compiled = 0

    def count(line: str) -> None:
        nonlocal compiled
        compiled += bool(re.fullmatch(r"[\w./-]+", line))

    stop = threading.Event()

    def report() -> None:
        while not stop.wait(PROGRESS_EVERY_S):
            elapsed_s = time.monotonic() - started_s
            say(f"kube-apiserver: {_clock(elapsed_s)}, {compiled} packages compiled of at most {total}")

    reporter = threading.Thread(target=report, daemon=True)
    reporter.start()
    try:
        _go(
            [go, "build", "-mod=mod", "-v", "-trimpath", "-ldflags", _link_flags(version), "-o", str(part), PACKAGE],
            work,
            count,
            "compiling",
        )
    finally:
        stop.set()
        reporter.join()


def _link_flags(version: str) -> str:
    major, minor, _ = version.removeprefix("v").split(".")
    stamp = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return "-s -w " + " ".join(f"-X k8s.io/component-base/version.{key}={value}" for key, value in stamp.items())


def _go(command: list[str], work: Path, on_line: Callable[[str], None], doing: str) -> list[str]:
    """Run go at low priority, hand over each line as it comes, and return them; raise with the last ones on failure."""
    environment = {**os.environ, "CGO_ENABLED": "0"}
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=work,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: os.nice(10),
    ) as process:
        try:
            assert process.stdout is not None
            for raw in process.stdout:
                lines.append(raw.rstrip())
                on_line(lines[-1])
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        raise CannotProvideError(f"building kube-apiserver failed while {doing}:\n" + "\n".join(lines[-KEEP_LINES:]))
    return lines


def _from_assets(folder: Path) -> Binaries:
    found = Binaries(kube_apiserver=folder / "kube-apiserver", etcd=folder / "etcd")
    missing = [path.name for path in (found.kube_apiserver, found.etcd) if not os.access(path, os.X_OK)]
    if missing:
        raise CannotProvideError(
            f"KUBEBUILDER_ASSETS={folder} has no {' and no '.join(missing)}: correct it or unset it"
        )
    return found


def _find_etcd() -> Path:
    etcd = shutil.which("etcd")
    if etcd is None:
        raise CannotProvideError(
            "etcd is not installed: apt-get install --no-install-recommends etcd-server (Debian), "
            "or set KUBEBUILDER_ASSETS to a folder with kube-apiserver and etcd"
        )
    return Path(etcd)


def _usual_go() -> str | None:
    usual = Path("/usr/local/go/bin/go")
    return str(usual) if os.access(usual, os.X_OK) else None


@contextmanager
def _only_one(lock: Path, say: Say) -> Iterator[None]:
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("kube-apiserver: another process is building it; waiting")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def _part_file(home: Path) -> Iterator[Path]:
    part = home / f"kube-apiserver.{os.getpid()}.part"
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


if __name__ == "__main__":
    try:
        built = provide(lambda line: print(line, file=sys.stderr, flush=True))
    except CannotProvideError as problem:
        sys.exit(str(problem))
    print(built.kube_apiserver)
