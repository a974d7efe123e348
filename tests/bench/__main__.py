"""Run one measurement by its name, or say in one sentence which there are."""

import importlib
import sys
from pathlib import Path


def names() -> list[str]:
    return sorted(file.stem for file in Path(__file__).parent.glob("[!_]*.py") if "\ndef main(" in file.read_text())


def main(wanted: str) -> None:
    if wanted not in names():
        said = f"There is no bench {wanted!r}" if wanted else "Say which bench to run"
        sys.exit(f"{said}: make bench WHAT={'|'.join(names())}")
    importlib.import_module(f"tests.bench.{wanted}").main()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
