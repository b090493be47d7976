/* SPDX-License-Identifier: Apache-2.0 */
/* Clock event reasons, "throttle reasons" before R535: the bits of NVML's section 4.31. */
#include "probe/nvml.h"
#include <stdio.h>

static const struct {
    unsigned long long bit;
    const char *name;
} reasons[] = {
    {0x1, "gpu_idle"},
    {0x2, "applications_clocks_setting"},
    {0x4, "sw_power_cap"},
    {0x8, "hw_slowdown"},
    {0x10, "sync_boost"},
    {0x20, "sw_thermal_slowdown"},
    {0x40, "hw_thermal_slowdown"},
    {0x80, "hw_power_brake_slowdown"},
    {0x100, "display_clock_setting"},
};
_Static_assert(COUNT_OF(reasons) <= NVML_REASONS_MAX, "a series for each");
#define IDLE 0x1ULL

static int ask(const struct nvml *n, void *d, unsigned long long *ret)
{
    if (n->events)
        return n->events(d, ret);
    return NVML_CALL(n, throttle, d, ret);
}

static const char *asked(const struct nvml *n)
{
    return n->events ? "nvmlDeviceGetCurrentClocksEventReasons"
                     : "nvmlDeviceGetCurrentClocksThrottleReasons";
}

/* What held the clocks when the probe opened. */
static int put_now(const struct facts *f, const struct nvml *n, unsigned long long on)
{
    char text[256] = "none";
    size_t len = 0;

    for (size_t i = 0; i < COUNT_OF(reasons); i++)
        if (on & reasons[i].bit)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", len ? ", " : "",
                                    reasons[i].name);
    return facts_put(f, KNOWN_MEASURED, "clock.event", text, "", asked(n));
}

int nvml_reasons_declare(struct nvml_reasons *r, const struct gpu_device *d,
                         const struct gpu_vendor *v, const struct probe_out *out)
{
    const struct facts f = {&out->facts, d->scope};
    unsigned long long on = 0;
    const int code = ask(v->library, d->handle, &on);
    char name[64];
    int e;

    if (code != 0)
        return facts_absent(&f, "clock.event", "%s: %s", asked(v->library),
                            v->words(v->library, code));
    e = put_now(&f, v->library, on);
    for (size_t i = 0; i < COUNT_OF(reasons) && e >= 0; i++) {
        const struct series s = {d->scope, name, "1", asked(v->library), KNOWN_MEASURED};

        (void)snprintf(name, sizeof name, "clock.event.%s", reasons[i].name);
        e = out->series.declare(out->series.ctx, &r->id[i], &s);
    }
    r->there = e >= 0;
    r->on = on;
    return e;
}

int nvml_reasons_sample(struct nvml_reasons *r, const struct gpu_device *d,
                        const struct gpu_vendor *v, const struct probe_out *out, int64_t now_ns)
{
    unsigned long long on = 0, fresh;
    int e = 0;

    if (!r->there || d->lost || ask(v->library, d->handle, &on) != 0)
        return 0;
    fresh = on & ~r->on & ~r->said & ~IDLE;
    for (size_t i = 0; i < COUNT_OF(reasons) && e >= 0; i++) {
        out->series.put(out->series.ctx, r->id[i], now_ns, on & reasons[i].bit ? 1 : 0);
        if (fresh & reasons[i].bit)
            e = gpu_changed(d, out, now_ns, "clock.event.%s: from off to on", reasons[i].name);
    }
    r->on = on;
    r->said |= fresh;
    return e;
}
