# SPDX-License-Identifier: Apache-2.0
"""Event parts as hex lines on stdin: bytes an event of the time column, and of all columns.

The layout is that of docs/formats/evidence.md, "Events"."""
import sys


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


events = times = total = 0
for line in sys.stdin:
    data = bytes.fromhex(line)
    _, at = varint(data, 1)
    count, at = varint(data, at)
    begin = at
    for _ in range(count):
        _, at = varint(data, at)
    events += count
    times += at - begin
    total += len(data)
print(f"{times / events:.3f} {total / events:.3f}" if events else "? ?")
