/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/engine/fake_server.h - this test program again, playing llama-server. */
#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fake_listen(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 8) == 0 ? fd : -1;
}

/* Answers every request; the first @loading ones with 503. */
static void fake_serve(int port, int loading, int requests)
{
    int fd = fake_listen(port);

    for (int i = 0; fd >= 0 && i != requests; i++) {
        const char *status = i < loading ? "503 Loading" : "200 OK";
        int c = accept(fd, NULL, NULL);
        char buf[4096];

        if (read(c, buf, sizeof buf) > 0)
            dprintf(c, "HTTP/1.1 %s\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", status);
        close(c);
    }
}

static int fake_port(int argc, char **argv)
{
    for (int i = 0; i + 1 < argc; i++)
        if (strcmp(argv[i], "--port") == 0)
            return atoi(argv[i + 1]);
    return 0;
}

/* True once: the file @path is created by the first caller. */
static bool fake_first_time(const char *path)
{
    return open(path, O_CREAT | O_EXCL | O_WRONLY, 0600) >= 0;
}

/* argv: PROGRAM fake MODE SERVER-ARGUMENTS */
static int fake_main(int argc, char **argv)
{
    const char *mode = argv[2];

    if (argc > 3 && strcmp(argv[3], "--help") == 0) {
        puts("--metrics --slots");
        return 0;
    }
    for (int i = 0; i < argc; i++)
        printf("%s ", argv[i]);
    puts("");
    fflush(stdout);
    if (strcmp(mode, "broken") == 0) {
        puts("error: the model has no tensors");
        return 3;
    }
    if (strncmp(mode, "clash:", 6) == 0 && fake_first_time(mode + 6)) {
        puts("couldn't bind HTTP server socket");
        return 1;
    }
    if (strcmp(mode, "stubborn") == 0)
        signal(SIGTERM, SIG_IGN);
    fake_serve(fake_port(argc, argv), 2, strcmp(mode, "brief") == 0 ? 3 : -1);
    puts("served enough");
    return 9;
}
