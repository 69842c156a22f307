"""`python main.py` from inside this folder: the app in this implementation."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.path[0] = str(here.parent)
    sys.argv[1:] = ["--impl", here.name.removesuffix("_impl"), *sys.argv[1:]]
    runpy.run_path(str(here.parent / "main.py"), run_name="__main__")
