/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/gpu.h - what the GPU libraries have in common: per-device numbers read by a call each,
 * of which any may be unsupported, and devices that can go away. Private to probe.
 *
 * A number that can't be read at the beginning is an absent fact with the library's reason; one
 * that can't be read later has no value at that time, and a dated remark says so once.
 */
#pragma once
#include "probe/facts.h"
#include "probe/ops.h"

enum { GPU_METERS_MAX = 24, GPU_MAX = 64 };

struct gpu_meter {
    const char *name, *unit, *source;
    /* 0, or the library's code, which the vendor's words() explains. */
    int (*read)(const void *library, void *device, double *ret);
    bool counter; /* goes up: what is put is the growth since the sample before */
    bool in_turn; /* takes long: a sample reads one of these of one device, in turn */
};

struct gpu_device {
    char scope[32]; /* gpu.0 */
    void *handle;
    uint32_t id[GPU_METERS_MAX];
    double last[GPU_METERS_MAX]; /* counters: the value before */
    bool there[GPU_METERS_MAX];  /* declared */
    bool silent[GPU_METERS_MAX]; /* couldn't be read lately; said so */
    bool lost;                   /* so said the library; it is not asked again */
};

struct gpu_vendor {
    const void *library;
    const char *(*words)(const void *library, int code);
    const struct gpu_meter *meters;
    size_t count;
    int lost; /* the code that says that a device is gone; 0: there is none */
};

/* Tries each meter once: declares its series, or puts the absent fact. */
int gpu_declare(struct gpu_device *d, const struct gpu_vendor *v, const struct probe_out *out);
/* Puts what can be read of all devices; *@turn is the caller's, 0 at first. */
int gpu_sample(struct gpu_device *d, size_t n, const struct gpu_vendor *v,
               const struct probe_out *out, size_t *turn, int64_t now_ns);
/* A remark "SCOPE: ..."; returns what the sink returned. */
int gpu_changed(const struct gpu_device *d, const struct probe_out *out, int64_t now_ns,
                const char *fmt, ...) PRINTF_LIKE(4, 5);
/* What the library said of @name: @code 0 puts @value, another the absent fact with its words. */
int gpu_fact(const struct facts *f, const struct gpu_vendor *v, int code, const char *name,
             const char *value, const char *unit, const char *source);
/* The same of a number. */
int gpu_number(const struct facts *f, const struct gpu_vendor *v, int code, const char *name,
               double value, const char *unit, const char *source);
