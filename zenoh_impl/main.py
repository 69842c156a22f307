"""`python main.py` inside this folder: the app in this implementation."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    program = Path(__file__).resolve().parents[1]
    sys.path[0] = str(program)
    sys.argv[1:] = ["--impl", "zenoh", *sys.argv[1:]]
    runpy.run_path(str(program / "main.py"), run_name="__main__")
