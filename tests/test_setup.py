"""The set-up, as far as it can be tried without a network: dev.py, the settings, CI's word on skips."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import dev

ROOT = dev.ROOT


def table(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / name).read_text("utf-8"))


def requirements() -> list[Requirement]:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


# --- dev.py: the environment ---


def test_an_old_python_can_read_dev_py() -> None:
    ast.parse((ROOT / "dev.py").read_text("utf-8"), feature_version=(3, 8))


def test_an_old_python_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 9))
    with pytest.raises(SystemExit) as refused:
        dev.main(["app"])
    assert str(refused.value) == "dev.py: symgrad needs Python 3.11 or newer, and this is Python 3.10.9"


@pytest.mark.parametrize("arguments", [[], ["serve"]])
def test_an_unknown_command_is_told_the_known_ones(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.main(arguments) == 2
    told = capsys.readouterr().err
    assert all(f"dev.py {command}" in told for command in dev.COMMANDS)


@pytest.fixture
def done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What dev.py did, at work on a copy of the settings, where making and installing are only noted."""
    for name in ("requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    steps: list[str] = []

    def make_venv() -> None:
        steps.append("venv")
        shutil.rmtree(dev.VENV, ignore_errors=True)
        dev.PYTHON.parent.mkdir(parents=True)
        dev.PYTHON.touch()

    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(dev, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(dev, "STAMP", tmp_path / ".venv" / "symgrad.json")
    monkeypatch.setattr(dev, "make_venv", make_venv)
    monkeypatch.setattr(dev, "install", lambda extras: steps.append("install " + ",".join(extras)))
    return steps


def test_what_is_there_is_left_alone(done: list[str]) -> None:
    dev.environment()
    dev.environment(["test"])
    dev.environment(["test"])
    dev.environment()
    assert done == ["venv", "install ", "install test"]


def append(name: str, text: str) -> None:
    path = dev.ROOT / name
    path.write_text(path.read_text("utf-8") + text, "utf-8")


@pytest.mark.parametrize(
    ("name", "text", "installs"),
    [
        ("requirements.txt", "more\n", True),
        ("pyproject.toml", '[project.entry-points.more]\na = "b"\n', True),
        ("pyproject.toml", "[tool.another]\nwidth = 1\n", False),
    ],
)
def test_what_is_installed_follows_the_settings(
    done: list[str], name: str, text: str, installs: bool
) -> None:
    dev.environment(["test"])
    append(name, text)
    dev.environment()
    assert done[2:] == (["install test"] if installs else [])


@pytest.mark.parametrize("first", [True, False])
def test_an_interrupted_installation_is_begun_again(
    done: list[str], monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    def interrupted(extras: list[str]) -> None:
        raise KeyboardInterrupt

    if not first:
        dev.environment()
    with monkeypatch.context() as patch:
        patch.setattr(dev, "install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            dev.environment(["test"])
    done.clear()
    dev.environment(["test"])
    assert done == ["venv", "install test"]


def test_another_python_or_a_damaged_stamp_makes_it_anew(
    done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dev.environment()
    dev.STAMP.write_text("{", "utf-8")
    dev.environment()
    dev.PYTHON.unlink()
    dev.environment()
    monkeypatch.setattr(dev, "identity", lambda: {"python": "3.99", "root": "elsewhere"})
    dev.environment()
    assert done == ["venv", "install "] * 4


# --- dev.py: what tests need, and the test command ---


def test_what_cannot_be_had_is_sought_once_but_always_in_ci(
    done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sought: list[str] = []

    def provide_browser() -> None:
        sought.append("browser")

    def provide_tex() -> str:
        sought.append("tex")
        return sys.executable

    monkeypatch.delenv("SYMGRAD_BROWSER", raising=False)
    monkeypatch.setattr(dev, "CI", False)
    monkeypatch.setattr(dev, "provide_browser", provide_browser)
    monkeypatch.setattr(dev, "provide_tex", provide_tex)
    dev.environment()
    assert dev.provide() == {"browser": None, "pdflatex": sys.executable}
    dev.provide()
    assert sought == ["browser", "tex"]
    monkeypatch.setattr(dev, "CI", True)
    dev.provide()
    assert sought == ["browser", "tex", "browser"]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What `dev.py test` runs, by module and arguments, on a machine that has everything; mypy fails."""
    made: list[list[str]] = []

    def call(command: list[str], **_: object) -> int:
        made.append(command[2:])
        return int("mypy" in command)

    monkeypatch.setattr(dev, "CI", False)
    monkeypatch.setattr(dev, "environment", lambda extras: made.append(list(extras)))
    monkeypatch.setattr(dev, "provide", lambda: {"browser": sys.executable, "pdflatex": sys.executable})
    monkeypatch.setattr(subprocess, "call", call)
    return made


def test_the_tests_all_run_and_one_failure_is_a_failure(
    calls: list[list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    assert dev.main(["test", "--all", "-x"]) == 1
    assert [call[:2] for call in calls] == [
        ["test"],
        ["ruff", "check"],
        ["ruff", "format"],
        ["mypy", "--no-error-summary"],
        ["pytest", "-n"],
    ]
    assert calls[-1][-1] == "-x"
    assert capfd.readouterr().err.splitlines()[-1] == "dev.py: failed: mypy --no-error-summary"


def test_ci_requires_everything(calls: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "CI", True)
    monkeypatch.setattr(dev, "provide", lambda: {"browser": None, "pdflatex": sys.executable})
    with pytest.raises(SystemExit, match="there is no browser"):
        dev.main(["test"])
    assert calls == [["test", "peers"]]


# --- A skip in CI ---

SKIPS = """
    import pytest

    def test_passes(): pass
    def test_skips(): pytest.skip("no browser")
    @pytest.mark.skipif(True, reason="no tex")
    def test_is_skipped(): raise AssertionError
    @pytest.mark.xfail(reason="known", strict=True)
    def test_fails_as_expected(): raise AssertionError
"""


@pytest.mark.parametrize(("ci", "counts"), [("true", (3, 0)), ("", (0, 3))])
def test_a_skip_is_a_failure_in_ci(tmp_path: Path, ci: str, counts: tuple[int, int]) -> None:
    hooks = "from tests.conftest import pytest_make_collect_report, pytest_runtest_makereport\n"
    (tmp_path / "conftest.py").write_text(hooks, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")
    (tmp_path / "test_skips.py").write_text(SKIPS.replace("\n    ", "\n"), "utf-8")
    (tmp_path / "test_whole.py").write_text('import pytest\npytest.importorskip("no_such_peer")\n', "utf-8")
    command = [sys.executable, "-m", "pytest", "-rfEs", "--color=no", "-p", "no:cacheprovider"]
    command.append("--continue-on-collection-errors")
    ran = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", ran.stdout, re.MULTILINE)
    assert (len(failed), ran.stdout.count("\nSKIPPED")) == counts, ran.stdout
    assert (ran.returncode == 0) is (not failed)
    assert "1 passed" in ran.stdout
    assert "1 xfailed" in ran.stdout
    assert set(failed) <= {"test_skips.py::test_skips", "test_skips.py::test_is_skipped", "test_whole.py"}


# --- The settings ---


def test_streamlit_knows_every_setting() -> None:
    from streamlit.config import get_config_options

    def names(tree: dict[str, Any], prefix: str = "") -> list[str]:
        return [
            name
            for key, value in tree.items()
            for name in (names(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key])
        ]

    assert set(names(table(".streamlit/config.toml"))) <= set(get_config_options())


def test_the_app_calls_nobody_and_is_not_tied_to_an_address() -> None:
    config = table(".streamlit/config.toml")
    assert config["browser"] == {"gatherUsageStats": False, "serverAddress": "localhost"}
    assert config["server"]["showEmailPrompt"] is False
    assert config["server"]["enableCORS"] is config["server"]["enableXsrfProtection"] is True
    assert config["server"]["maxUploadSize"] <= 5
    assert config["client"]["showErrorDetails"] == "type"
    assert not {"headless", "address", "port"} & config["server"].keys()


def luminance(colour: str) -> float:
    """Relative luminance of #RRGGBB (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """(L₁ + 0.05)/(L₂ + 0.05), the lighter above (WCAG 2.2)."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_are_readable(scheme: str) -> None:
    themes = table(".streamlit/config.toml")["theme"]
    theme = themes[scheme]
    for ground in ("backgroundColor", "secondaryBackgroundColor"):
        for ink in ("textColor", "linkColor", "primaryColor"):
            assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)
    assert contrast(theme["primaryColor"], "#FFFFFF") >= 3  # the words on a primary button
    for curve in themes["chartCategoricalColors"]:
        assert contrast(curve, theme["backgroundColor"]) >= 3, curve


def test_every_requirement_is_bounded_and_pyproject_reads_the_list() -> None:
    project = table("pyproject.toml")
    assert project["project"]["dynamic"] == ["dependencies"]
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements.txt"]}
    for requirement in requirements():
        assert {"==", "<"} & {part.operator for part in requirement.specifier}, requirement
    assert "torch==2.13.0" in project["project"]["optional-dependencies"]["peers"]


def test_everything_imported_is_required() -> None:
    """By requirements.txt, or by an extra that the user asks for."""
    extras = table("pyproject.toml")["project"]["optional-dependencies"]
    optional = [Requirement(line) for extra in ("cluster", "arrays") for line in extras[extra]]
    named = {requirement.name for requirement in (*requirements(), *optional)}
    providers = packages_distributions()
    for path in [ROOT / "app.py", *(ROOT / "symgrad").rglob("*.py")]:
        imported = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(str(node.module).split(".")[0])
        for module in imported - set(sys.stdlib_module_names) - {"symgrad"}:
            assert named & set(providers.get(module, ())), f"{path.name} imports {module}"


def test_the_documented_command_is_what_ci_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
    text = script.read_text("utf-8")
    assert "export CI=true" in text
    assert re.search(r"dev\.py test </dev/null$", text, re.MULTILINE)
    assert re.search(r"\bpython3 dev\.py test\b", (ROOT / "README.md").read_text("utf-8"))


def test_no_file_names_a_folder_of_one_machine() -> None:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    own = re.compile(rb"""(?:^|["'= (`])/(?:home|root|Users|mnt|srv|work)/[a-z]""", re.MULTILINE)
    found = [name for name in listed.split("\0") if name and own.search((ROOT / name).read_bytes())]
    assert not found
