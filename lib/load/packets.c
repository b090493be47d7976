/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter runs in the kernel, on what follows the link layer's header: TCP over IPv4 (no later
 * fragments) or IPv6, one of whose ports is the named one. A packet on the loopback interface
 * passes the capture twice, going out and coming in; only its coming in is kept, because that is
 * when its receiver has it. SO_TIMESTAMPNS makes the kernel stamp packets as they come in, the same
 * stamp that a reader of the socket would be given.
 */
#include "load/packets.h"
#include "base/fs.h"
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

struct packets {
    int fd;
    uint8_t *map;
    unsigned block;                /* being read, or next */
    unsigned left;                 /* packets of it that are left */
    const struct tpacket3_hdr *at; /* the next of them */
    uint64_t kept, dropped;
};

static int failed(struct err *err, const char *doing)
{
    int code = -errno;

    if (code == -EPERM || code == -EACCES)
        return err_set(err, -EPERM,
                       "watching packets needs CAP_NET_RAW: run it as root, or give asrun the "
                       "capability (setcap cap_net_raw+ep)");
    return err_set(err, code, "packet capture: %s: %s", doing, strerror(-code));
}

/* @ACCEPT and @DROP are the last two instructions. */
static int set_filter(int fd, uint16_t port, struct err *err)
{
    enum { ACCEPT = 23, DROP = 24 };
    const uint32_t lo = if_nametoindex("lo");
#define IF(at, op, k, yes, no)                                                                     \
    BPF_JUMP(BPF_JMP | (op) | BPF_K, k, (uint8_t)((yes) - (at)-1), (uint8_t)((no) - (at)-1))
#define LOAD(how, k) BPF_STMT(BPF_LD | (how), (uint32_t)(k))
    struct sock_filter code[] = {
        LOAD(BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
        IF(1, BPF_JEQ, PACKET_OUTGOING, 2, 4),
        LOAD(BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_IFINDEX),
        IF(3, BPF_JEQ, lo, DROP, 4),
        LOAD(BPF_B | BPF_ABS, 0),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
        IF(6, BPF_JEQ, 0x40, 7, 16),
        LOAD(BPF_B | BPF_ABS, 9), /* IPv4: protocol, fragment offset, ports */
        IF(8, BPF_JEQ, IPPROTO_TCP, 9, DROP),
        LOAD(BPF_H | BPF_ABS, 6),
        IF(10, BPF_JSET, 0x1fff, DROP, 11),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
        LOAD(BPF_H | BPF_IND, 0),
        IF(13, BPF_JEQ, port, ACCEPT, 14),
        LOAD(BPF_H | BPF_IND, 2),
        IF(15, BPF_JEQ, port, ACCEPT, DROP),
        IF(16, BPF_JEQ, 0x60, 17, DROP), /* IPv6: next header, ports */
        LOAD(BPF_B | BPF_ABS, 6),
        IF(18, BPF_JEQ, IPPROTO_TCP, 19, DROP),
        LOAD(BPF_H | BPF_ABS, 40),
        IF(20, BPF_JEQ, port, ACCEPT, 21),
        LOAD(BPF_H | BPF_ABS, 42),
        IF(22, BPF_JEQ, port, ACCEPT, DROP),
        BPF_STMT(BPF_RET | BPF_K, PACKETS_SNAP),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
#undef LOAD
#undef IF
    const struct sock_fprog program = {.len = COUNT_OF(code), .filter = code};

    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0)
        return failed(err, "filter");
    return 0;
}

static int set_ring(struct packets *p, struct err *err)
{
    const int version = TPACKET_V3, on = 1;
    const struct tpacket_req3 request = {
        .tp_block_size = PACKETS_BLOCK,
        .tp_block_nr = PACKETS_BLOCKS,
        .tp_frame_size = 2048,
        .tp_frame_nr = PACKETS_BLOCK / 2048 * PACKETS_BLOCKS,
        .tp_retire_blk_tov = PACKETS_HOLD_MS,
    };
    void *map;

    if (setsockopt(p->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0)
        return failed(err, "time stamps");
    if (setsockopt(p->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) < 0 ||
        setsockopt(p->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) < 0)
        return failed(err, "ring");
    map = mmap(NULL, (size_t)PACKETS_BLOCK * PACKETS_BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED,
               p->fd, 0);
    if (map == MAP_FAILED)
        return failed(err, "ring");
    p->map = map;
    return 0;
}

/* Only a bound socket is given packets: by then everything is in place. */
static int start(struct packets *p, struct err *err)
{
    const struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};

    return bind(p->fd, (const struct sockaddr *)&all, sizeof all) < 0 ? failed(err, "bind") : 0;
}

int packets_open(struct packets **ret, uint16_t port, struct err *err)
{
    AUTO(packets_close) struct packets *p = calloc(1, sizeof *p);
    int r;

    if (!p)
        return err_set(err, -ENOMEM, "packet capture: out of memory");
    p->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (p->fd < 0)
        return failed(err, "socket");
    r = set_filter(p->fd, port, err);
    if (r == 0)
        r = set_ring(p, err);
    if (r == 0)
        r = start(p, err);
    if (r == 0)
        *ret = TAKE(p);
    return r;
}

void packets_close(struct packets *p)
{
    if (!p)
        return;
    if (p->map)
        (void)munmap(p->map, (size_t)PACKETS_BLOCK * PACKETS_BLOCKS);
    fd_close(p->fd);
    free(p);
}

static struct tpacket_block_desc *block_at(const struct packets *p)
{
    return (struct tpacket_block_desc *)(void *)(p->map + (size_t)p->block * PACKETS_BLOCK);
}

/* The status word passes the block between the kernel and us. */
static bool block_is_ours(const struct packets *p)
{
    return __atomic_load_n(&block_at(p)->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER;
}

static void give_block_back(struct packets *p)
{
    __atomic_store_n(&block_at(p)->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    p->block = (p->block + 1) % PACKETS_BLOCKS;
    p->at = NULL;
}

void packets_wait(struct packets *p, int timeout_ms)
{
    struct pollfd ready = {.fd = p->fd, .events = POLLIN};

    if (!block_is_ours(p))
        (void)poll(&ready, 1, timeout_ms);
}

static bool block_begin(struct packets *p)
{
    const struct tpacket_block_desc *b = block_at(p);

    if (!block_is_ours(p))
        return false;
    p->left = b->hdr.bh1.num_pkts;
    p->at = (const struct tpacket3_hdr *)(const void *)((const uint8_t *)b +
                                                        b->hdr.bh1.offset_to_first_pkt);
    return true;
}

bool packets_next(struct packets *p, struct packet *ret)
{
    const struct tpacket3_hdr *h;

    while (!p->at || p->left == 0) { /* a block may be retired empty */
        if (p->at)
            give_block_back(p);
        if (!block_begin(p))
            return false;
    }
    h = p->at;
    *ret = (struct packet){.data = (const uint8_t *)h + h->tp_mac,
                           .len = h->tp_snaplen,
                           .real_ns = (int64_t)h->tp_sec * NS_PER_S + h->tp_nsec};
    p->left--;
    p->at = (const struct tpacket3_hdr *)(const void *)((const uint8_t *)h + h->tp_next_offset);
    return true;
}

/* Reading the kernel's counts sets them to zero. Its packets include the dropped ones. */
void packets_counts(struct packets *p, uint64_t *kept, uint64_t *dropped)
{
    struct tpacket_stats_v3 s = {0};
    socklen_t len = sizeof s;

    if (getsockopt(p->fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) == 0) {
        p->dropped += s.tp_drops;
        p->kept += s.tp_packets - s.tp_drops;
    }
    *kept = p->kept;
    *dropped = p->dropped;
}
