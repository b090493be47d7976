# SPDX-License-Identifier: Apache-2.0
"""A process of N threads that each wake ten times a second: something to be watched."""
import sys
import threading

stop = threading.Event()


def beat():
    while not stop.wait(0.1):
        pass


for _ in range(int(sys.argv[1]) - 1):
    threading.Thread(target=beat, daemon=True).start()
print("ready", flush=True)
beat()
