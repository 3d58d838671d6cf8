"""What the embedded system holds in memory after the other measurements: all of it except Temporal."""

from pathlib import Path

from bench.figures import Row, judged
from bench.system import Installation

_TARGET_MB = 300.0
_MB = 1_000_000


def measure(installation: Installation) -> list[Row]:
    """RSS counts pages that several processes share once for each, PSS each process's part of them."""
    pids = {name: pid for name, pid in installation.process_ids().items() if name != "temporal"}
    rss = {name: _megabytes(Path(f"/proc/{pid}/status"), "VmRSS:") for name, pid in pids.items()}
    pss = sum(_megabytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") for pid in pids.values())
    total = sum(rss.values())
    parts = ", ".join(f"{name} {size:.0f}" for name, size in rss.items())
    return [
        judged(
            "memory of the embedded system without Temporal",
            f"RSS {total:.0f} MB ({parts}), PSS {pss:.0f} MB",
            f"RSS <= {_TARGET_MB:g} MB",
            total <= _TARGET_MB,
        )
    ]


def _megabytes(path: Path, field: str) -> float:
    line = next(line for line in path.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024 / _MB
