"""What .gcloudignore leaves of the tree, and so what the cloud gets."""

from __future__ import annotations

import shutil
from pathlib import Path

from pathspec import GitIgnoreSpec

from tests.deploy.build_plan import ROOT


def uploaded_files() -> list[str]:
    """Paths that are uploaded, from the root. A folder that is ignored is not looked into, as gcloud does it."""
    ignored = GitIgnoreSpec.from_lines((ROOT / ".gcloudignore").read_text().splitlines())
    found: list[str] = []

    def look_into(folder: Path) -> None:
        for path in sorted(folder.iterdir()):
            name = path.relative_to(ROOT).as_posix()
            if path.is_dir():
                if not ignored.match_file(f"{name}/"):
                    look_into(path)
            elif not ignored.match_file(name):
                found.append(name)

    look_into(ROOT)
    return found


def copy_upload(to: Path) -> Path:
    """A folder with what is uploaded and nothing else."""
    for name in uploaded_files():
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    return to
