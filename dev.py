#!/usr/bin/env python3
"""From a bare machine to a running explorer or a finished test run, with nothing but Python 3.11 or newer:

    python3 dev.py app [options of `symgrad app`]          opens the explorer
    python3 dev.py test [--all] [--peers] [pytest options] linters, types and tests; --all adds the slow set
    python3 dev.py bench [--peers] [options]               the benchmarks
    python3 dev.py derivations                             writes derivations/ and the atlas anew

The first run makes .venv beside this file and installs what is needed; later ones start at once. --peers
installs the libraries that the engine is compared with (PyTorch, JAX, autograd). With CI=true they, a
browser and pdflatex are required, and a skipped test is a failed one.
"""

# Has to parse under the old Pythons that it turns away: no syntax newer than 3.8, standard library only.
from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterable, List, NoReturn, Optional, Sequence

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "symgrad.json"  # written last: an environment without it is not finished
CI = os.environ.get("CI") == "true"
ATLAS = ROOT / "symgrad" / "data" / "atlas.json"

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
BROWSER_PROGRAMS = (  # where they lie outside PATH
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    os.path.expandvars(r"%ProgramFiles%\Google\Chrome\Application\chrome.exe"),
    os.path.expandvars(r"%ProgramFiles(x86)%\Microsoft\Edge\Application\msedge.exe"),
)
PLAYWRIGHT = "Playwright's own"


def say(line: str) -> None:
    print("dev.py: " + line, file=sys.stderr, flush=True)


def stop(line: str) -> NoReturn:
    sys.exit("dev.py: " + line)


def run(command: Sequence[object], why: str) -> None:
    """Runs the command, or ends this program with its status and one line."""
    if subprocess.call([str(word) for word in command], cwd=ROOT, stdin=subprocess.DEVNULL):
        stop(why)


# --- The environment ---


def inputs() -> str:
    """The hash of what is installed: requirements.txt, and pyproject.toml without the tools' settings."""
    import tomllib  # noqa: PLC0415 (not there in the old Pythons)

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    tools = project.pop("tool", {})
    decisive = [project, tools.get("setuptools"), (ROOT / "requirements.txt").read_text("utf-8")]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def identity() -> Dict[str, str]:
    """What the whole environment hangs on: another Python or another place, and it is made anew."""
    return {"python": "{}.{}".format(*sys.version_info), "root": str(ROOT)}


def read_stamp() -> Dict[str, Any]:
    try:
        stamp = json.loads(STAMP.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) and PYTHON.exists() else {}


def write_stamp(stamp: Dict[str, Any]) -> None:
    aside = STAMP.with_suffix(".new")
    aside.write_text(json.dumps(stamp, indent=1), "utf-8")
    os.replace(aside, STAMP)


def environment(extras: Iterable[str] = ()) -> None:
    """.venv with the project and these extras, made, completed or left alone as the stamp says."""
    stamp, wanted = read_stamp(), set(extras)
    kept = all(stamp.get(key) == value for key, value in identity().items())
    if kept and stamp.get("inputs") == inputs() and wanted <= set(stamp.get("extras", [])):
        return
    if kept:
        wanted |= set(stamp.get("extras", []))
        STAMP.unlink()
    else:
        make_venv()
    install(sorted(wanted))
    write_stamp({**identity(), "inputs": inputs(), "extras": sorted(wanted)})


def make_venv() -> None:
    say("making .venv with Python {}.{}.{}".format(*sys.version_info))
    base = getattr(sys, "_base_executable", None) or sys.executable  # not the .venv that is about to go
    uv = shutil.which("uv")
    if VENV.exists():
        shutil.rmtree(VENV)
    if uv:
        run([uv, "venv", "--quiet", "--seed", "--python", base, VENV], "uv could not make .venv")
        return
    if importlib.util.find_spec("ensurepip") is None:
        package = "python{}.{}-venv".format(*sys.version_info)
        if not apt(package):
            stop(f"this Python cannot make environments: install the package {package} and run this again")
        importlib.invalidate_caches()
    run([base, "-m", "venv", VENV], "Python could not make .venv")


def install(extras: Sequence[str]) -> None:
    project = f".[{','.join(extras)}]" if extras else "."
    say(f"installing {project} (about a minute on a fresh machine)")
    uv = shutil.which("uv")
    # pip for the peers, whatever else there is: it finds a PyTorch without CUDA where one is laid out for it.
    if uv and "peers" not in extras:
        command: List[object] = [uv, "pip", "install", "--quiet", "--python", PYTHON]
    else:
        command = [PYTHON, "-m", "pip", "-qq", "--disable-pip-version-check", "--no-input", "install"]
        command.append("--root-user-action=ignore")
    run([*command, "--editable", project], "the installation failed; the lines above say why")


# --- What tests need beside Python packages ---


def apt(*packages: str) -> bool:
    """Installs Debian packages, where that is ours to do: True when it was done."""
    program = shutil.which("apt-get")
    if not program or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    say("apt-get install " + " ".join(packages))
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    common = [program, "-qq", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=300"]
    for words in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(
            common + words,
            env=quiet,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if done.returncode:
        say("apt-get failed:\n" + "\n".join(done.stdout.splitlines()[-5:]))
    return done.returncode == 0


def system_browsers() -> List[str]:
    """Chromium and its kin on this machine, best first; $SYMGRAD_BROWSER stands for all of them."""
    chosen = os.environ.get("SYMGRAD_BROWSER")
    if chosen:
        return [chosen]
    found = [shutil.which(name) for name in BROWSERS]
    return [path for path in found if path] + [path for path in BROWSER_PROGRAMS if Path(path).exists()]


def quietly(module: str, *arguments: str) -> bool:
    """Whether `python -m module …` in the environment succeeds."""
    command = [str(PYTHON), "-m", module, *arguments]
    return not subprocess.call(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def launches(browser: str) -> bool:
    """Whether this browser opens a page for Playwright ("" is Playwright's own)."""
    return quietly("tests.browser", browser)


def provide_browser() -> Optional[str]:
    """A browser that opens: the system's, Playwright's own, one it fetches, Debian's; None if none does."""
    for path in system_browsers():
        if launches(path):
            return path
    if os.environ.get("SYMGRAD_BROWSER"):
        return None
    if launches(""):
        return PLAYWRIGHT
    say("looking for a browser: playwright install --only-shell chromium")
    if quietly("playwright", "install", "--only-shell", "chromium") and launches(""):
        return PLAYWRIGHT
    return next(filter(launches, system_browsers()), None) if apt("chromium") else None


def provide_tex() -> Optional[str]:
    if not shutil.which("pdflatex"):
        apt("texlive-latex-base", "texlive-latex-recommended")
    return shutil.which("pdflatex")


def provide() -> Dict[str, Optional[str]]:
    """The browser and pdflatex, remembered in the stamp; what could not be had is sought again only in CI."""
    stamp = read_stamp()
    known: Dict[str, Optional[str]] = stamp.get("provided", {})
    for tool, find in (("browser", provide_browser), ("pdflatex", provide_tex)):
        path = known.get(tool)
        there = path == PLAYWRIGHT or (path is not None and Path(path).exists())
        again = tool == "browser" and "SYMGRAD_BROWSER" in os.environ
        if again or not (there or (tool in known and not CI)):
            known[tool] = find()
    write_stamp({**stamp, "provided": known})
    return known


# --- The commands ---


def become(module: str, *arguments: str) -> int:
    """This process goes on as `python -m module`; where a system cannot do that, it waits for it."""
    command = [str(PYTHON), "-m", module, *arguments]
    os.chdir(ROOT)
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(command[0], command)
    return subprocess.call(command)


def app(arguments: List[str]) -> int:
    environment()
    return become("symgrad", "app", *arguments)


def bench(arguments: List[str]) -> int:
    peers = "--peers" in arguments
    environment(["peers"] if peers else [])
    return become("benchmarks", *(word for word in arguments if word != "--peers"))


def derivations(arguments: List[str]) -> int:
    environment()
    symgrad = [PYTHON, "-m", "symgrad"]
    run([*symgrad, "export", "--format", "tex,md", "--out", "derivations", *arguments], "the export failed")
    proofs = [*symgrad, "certificates", "--out", "derivations/certificates"]
    run(proofs, "the certificates could not be written")
    say("working out the atlas (minutes where activations or their methods changed)")
    found = subprocess.run(
        [str(word) for word in [*symgrad, "atlas", "--anew", "--json"]],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
    )
    if found.returncode:
        stop("the atlas failed")
    rows = (json.dumps(row, ensure_ascii=False) for row in json.loads(found.stdout)["rows"])
    ATLAS.write_text("[\n" + ",\n".join(rows) + "\n]\n", "utf-8")  # a row a line, for the eye of a reviewer
    return become("symgrad", "atlas", "--format", "csv,md,tex", "--out", "derivations")


def test(arguments: List[str]) -> int:
    peers = CI or "--peers" in arguments
    environment(["test", "peers"] if peers else ["test"])
    provided = provide()
    missing = [tool for tool, path in provided.items() if path is None]
    if CI and missing:
        stop(f"CI=true, and there is no {' and no '.join(missing)} on this machine")
    surroundings = dict(os.environ)
    if provided["browser"] not in (None, PLAYWRIGHT):
        surroundings["SYMGRAD_BROWSER"] = str(provided["browser"])
    chosen = [word for word in arguments if word not in ("--all", "--peers")]
    everything = ["-m", "slow or not slow"] if "--all" in arguments else []
    failed = []
    for words in (
        ["ruff", "check", "--quiet", "."],
        ["ruff", "format", "--check", "--quiet", "."],
        ["mypy", "--no-error-summary"],
        ["pytest", "-n", "auto", "--maxprocesses", "4", *everything, *chosen],
    ):
        say(" ".join(words))
        if subprocess.call([str(PYTHON), "-m", *words], cwd=ROOT, env=surroundings):
            failed.append(" ".join(words[:2]))
    for tool in missing:
        say(f"no {tool} here, and none could be installed: the tests that need it were skipped")
    if failed:
        say("failed: " + "; ".join(failed))
    return 1 if failed else 0


COMMANDS = {"app": app, "test": test, "bench": bench, "derivations": derivations}


def main(arguments: List[str]) -> int:
    if sys.version_info < OLDEST:
        this = "{}.{}.{}".format(*sys.version_info)
        stop("symgrad needs Python {}.{} or newer, and this is Python {}".format(*OLDEST, this))
    if not arguments or arguments[0] not in COMMANDS:
        print(__doc__.strip(), file=sys.stderr)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    try:
        return COMMANDS[arguments[0]](arguments[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
