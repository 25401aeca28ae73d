"""The sample organisation: invented, but shaped like the exports of real systems, with known truths planted in it.

`write_sample` writes the exports and the truth file; `write_tables` writes the small tables that people edit.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from csm_lib.collect.sample.files import write_files
from csm_lib.collect.sample.official import OfficialFigure, official_figures
from csm_lib.collect.sample.tables import write_tables
from csm_lib.collect.sample.truth import truths
from csm_lib.collect.sample.world import make_world

__all__ = ["DEFAULT_SEED", "write_sample", "write_tables"]

DEFAULT_SEED = 20_240_410


def write_sample(
    folder: Path, *, contacts_per_quarter: int = 30_000, seed: int = DEFAULT_SEED, evening_agents_extra: int = 0
) -> tuple[OfficialFigure, ...]:
    """Write nine quarters and ten days of exports, and the truth file beside them.

    Parameters
    ----------
    folder : Path
        Usually `data/raw/sample`; made if absent, files of the same name are replaced.
    contacts_per_quarter : int, ≥ 100
        Contacts of 2024Q1; earlier quarters have up to a tenth fewer.
    seed : int, ≥ 0
        The same seed gives the same files, byte for byte in CSV and cell for cell in spreadsheets.
    evening_agents_extra : int, ≥ 0
        Phone agents added from 17 to 21 on every day, to see what they change.

    Returns
    -------
    tuple of OfficialFigure
        What the hotline's vendor publishes about the sample, for `write_tables`.

    Raises
    ------
    UsageError
        If `contacts_per_quarter` is below 100.
    """
    world = make_world(contacts_per_quarter=contacts_per_quarter, seed=seed, evening_agents_extra=evening_agents_extra)
    folder.mkdir(parents=True, exist_ok=True)
    written, secrets = write_files(folder, world)
    content = {
        "contacts_per_quarter": contacts_per_quarter,
        "seed": seed,
        "truths": [asdict(truth) for truth in truths(world)],
        "files": written,
        "secrets": secrets,
    }
    (folder / "truth.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return official_figures(world)
