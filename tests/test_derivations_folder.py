"""derivations/ is what the program exports now."""

from __future__ import annotations

from pathlib import Path

from symgrad import verbs

FOLDER = Path(__file__).resolve().parents[1] / "derivations"


def test_the_folder_is_not_stale(tmp_path: Path) -> None:
    """Every file is there, none too many, byte for byte; mended by `python3 dev.py derivations`."""
    written = verbs.export(formats=["tex", "md"], out=str(tmp_path))["files"]
    written += verbs.atlas(out=str(tmp_path))["files"]  # tests/theory works the rows out anew
    fresh = {Path(path).name: Path(path) for path in written}
    kept = {path.name: path for path in FOLDER.iterdir() if path.is_file()}
    assert [path.name for path in FOLDER.iterdir() if path.is_dir()] == ["certificates"]
    assert set(kept) == set(fresh), "files missing or left over"
    stale = [name for name, path in fresh.items() if kept[name].read_bytes() != path.read_bytes()]
    assert not stale


def test_an_export_is_the_same_twice(tmp_path: Path) -> None:
    """Also in the formats that are not committed."""
    keys, formats = ["activation-silu", "norm-bound"], ["pdf", "ipynb", "svg"]
    twice = [verbs.export(keys, formats, str(tmp_path / name))["files"] for name in ("a", "b")]
    for first, second in zip(*twice, strict=True):
        assert Path(first).read_bytes() == Path(second).read_bytes()
