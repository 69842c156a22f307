"""Shift time.time() of each Python process that is started with this folder on PYTHONPATH.

$SHIFTED_CLOCK is a file with the shift in seconds, a double, which may be changed at any time.
"""

import mmap
import os
import struct
import time

with open(os.environ["SHIFTED_CLOCK"], "rb") as file:
    shift = mmap.mmap(file.fileno(), 8, prot=mmap.PROT_READ)
real = time.time
time.time = lambda: real() + struct.unpack_from("d", shift)[0]
