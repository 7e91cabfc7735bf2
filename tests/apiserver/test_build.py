"""What the build derives, and that it says what is missing; the build itself is proved by every test that uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.apiserver import build

GO_MOD = """module k8s.io/kubernetes

go 1.24.0

godebug default=go1.24

require (
\tgithub.com/x/y v1.2.3
\tk8s.io/api v0.0.0
)

replace (
\tgithub.com/x/y => github.com/z/y v1.2.4
\tk8s.io/api => ./staging/src/k8s.io/api
\tk8s.io/sample-controller => ./staging/src/k8s.io/sample-controller
)
"""


def test_main_module_repeats_the_staging_replacements_at_the_published_version() -> None:
    assert build.main_module(GO_MOD, "v1.34.4").splitlines() == [
        "module kubeslice-sim.test/kube-apiserver",
        "go 1.24.0",
        "godebug default=go1.24",
        "require k8s.io/kubernetes v1.34.4",
        "replace k8s.io/api => k8s.io/api v0.34.4",
        "replace k8s.io/sample-controller => k8s.io/sample-controller v0.34.4",
    ]


def test_unknown_layout_is_refused() -> None:
    with pytest.raises(build.CannotProvideError, match=r"replaces no \./staging module"):
        build.main_module("module k8s.io/kubernetes\n\ngo 1.24.0\n", "v1.99.0")


def test_without_go_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr(build, "_usual_go", lambda: None)
    with pytest.raises(build.CannotProvideError, match="Go is not installed"):
        build.build(print)
    with pytest.raises(build.CannotProvideError, match="apt-get install --no-install-recommends etcd-server"):
        build.provide(print)


def test_failed_build_leaves_no_binary_and_no_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    empty = "module m\n"
    monkeypatch.setattr(build, "_write_main_module", lambda _go, work, _version: (work / "go.mod").write_text(empty))
    monkeypatch.setattr(build, "PACKAGE", "./absent")
    with pytest.raises(build.CannotProvideError, match="failed while"):
        build.build(print)
    home = tmp_path / "kubeslice-sim" / "kube-apiserver" / build.VERSION
    assert [path.name for path in home.iterdir()] == [".lock"]


def test_kubebuilder_assets_are_respected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(build.CannotProvideError, match="no kube-apiserver and no etcd"):
        build.provide(print)
    for name in ("kube-apiserver", "etcd"):
        (tmp_path / name).touch(mode=0o755)
    assert build.provide(print) == build.Binaries(kube_apiserver=tmp_path / "kube-apiserver", etcd=tmp_path / "etcd")
