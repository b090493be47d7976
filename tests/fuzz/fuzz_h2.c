/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine over HTTP/2 whose server says the input: whatever that is, every request ends, every
 * socket is closed, and the memory lent to nghttp2 suffices. First byte: bit 0, whether proper
 * SETTINGS come first; the others, where the first read ends.
 */
#include "../sim/h2_peer.h"

#define DEMAND(x)                                                                                  \
    do {                                                                                           \
        if (!(x))                                                                                  \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char settings[9] = "\x00\x00\x00\x04\x00\x00\x00\x00";
    static struct peer peer;
    static char bytes[16 * 1024];
    size_t len = 0;

    if (n == 0 || n > sizeof bytes - sizeof settings)
        return 0;
    if (data[0] & 1) {
        memcpy(bytes, settings, sizeof settings);
        len = sizeof settings;
    }
    memcpy(bytes + len, data + 1, n - 1);
    len += n - 1;
    peer_init(&peer, 4, 1);
    peer.raw = bytes;
    peer.raw_len = len;
    peer.raw_times = 1;
    peer.split = data[0] >> 1;
    peer.config.stall_timeout_ns = peer.config.connect_timeout_ns = 10 * NS_PER_MS;
    DEMAND(peer_run(&peer));
    DEMAND(peer.open == 0 && peer.report.started == peer.report.ended);
    DEMAND(peer.report.ended == 4 && peer.report.h2_refused == 0);
    peer_release(&peer);
    return 0;
}
