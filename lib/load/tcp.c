/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/tcp.c - TCP_INFO by the kernel's own header: the C library's lacks half of it. An older
 * kernel fills less; what it left out stays absent. */
#include "load/tcp.h"
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { STATE_ESTABLISHED = 1, STATE_CLOSE = 7, STATE_CLOSE_WAIT = 8, STATE_LAST_ACK = 9 };

#define HAS(len, field)                                                                            \
    ((len) >= offsetof(struct tcp_info, field) + sizeof(((struct tcp_info *)0)->field))

static int64_t us(uint32_t v)
{
    return (int64_t)v * NS_PER_US;
}

static int64_t ended(uint8_t state)
{
    if (state == STATE_CLOSE_WAIT || state == STATE_LAST_ACK)
        return CONNECTION_CLOSED_BY_PEER;
    return state == STATE_CLOSE ? CONNECTION_RESET : CONNECTION_CLOSED;
}

static int64_t own_port(int fd)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;

    if (getsockname(fd, (struct sockaddr *)&a, &len) < 0)
        return CONNECTION_NONE;
    if (a.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&a)->sin6_port);
    return a.ss_family == AF_INET ? ntohs(((const struct sockaddr_in *)&a)->sin_port)
                                  : CONNECTION_NONE;
}

void tcp_account(int fd, struct connection *ret)
{
    struct tcp_info i = {0};
    socklen_t len = sizeof i;
    int64_t *v = ret->v;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &len) < 0)
        return;
    v[CONNECTION_PORT] = own_port(fd);
    v[CONNECTION_END] = ended(i.tcpi_state);
    v[CONNECTION_RETRANSMITS] = i.tcpi_total_retrans;
    if (i.tcpi_rtt > 0) /* else there was never an answer */
        v[CONNECTION_RTT] = us(i.tcpi_rtt);
    if (i.tcpi_rtt > 0)
        v[CONNECTION_RTT_VARIATION] = us(i.tcpi_rttvar);
    if (HAS(len, tcpi_min_rtt) && i.tcpi_rtt > 0 && i.tcpi_min_rtt != UINT32_MAX)
        v[CONNECTION_RTT_MIN] = us(i.tcpi_min_rtt);
    if (HAS(len, tcpi_segs_in)) {
        v[CONNECTION_SEGMENTS_OUT] = i.tcpi_segs_out;
        v[CONNECTION_SEGMENTS_IN] = i.tcpi_segs_in;
    }
    if (HAS(len, tcpi_bytes_received))
        v[CONNECTION_BYTES_IN] = (int64_t)i.tcpi_bytes_received;
    if (HAS(len, tcpi_rcv_ooopack)) {
        v[CONNECTION_BYTES_OUT] = (int64_t)(i.tcpi_bytes_sent - i.tcpi_bytes_retrans);
        v[CONNECTION_BYTES_RETRANSMITTED] = (int64_t)i.tcpi_bytes_retrans;
        v[CONNECTION_OUT_OF_ORDER] = i.tcpi_rcv_ooopack;
    }
}
