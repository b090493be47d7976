/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/profile_show.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 80, LABEL = 14, BAR = 20 };

struct count_text show_count(int64_t n)
{
    char digits[24];
    struct count_text t = {0};
    size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRId64, n), at = 0;

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
            t.text[at++] = ',';
        t.text[at++] = digits[i];
    }
    return t;
}

/* "58 min 22 s", "3 d 4 h": the two largest units. */
static void format_span(char *buf, size_t size, double s)
{
    int64_t n = llround(s);

    if (s < 60)
        (void)snprintf(buf, size, "%.3g s", s);
    else if (n < 3600)
        (void)snprintf(buf, size, "%" PRId64 " min %" PRId64 " s", n / 60, n % 60);
    else if (n < 86400)
        (void)snprintf(buf, size, "%" PRId64 " h %" PRId64 " min", n / 3600, n % 3600 / 60);
    else
        (void)snprintf(buf, size, "%" PRId64 " d %" PRId64 " h", n / 86400, n % 86400 / 3600);
}

/* Prints @text from column LABEL on, broken at spaces. */
static void print_wrapped(const char *label, const char *text)
{
    size_t room = WIDTH - LABEL;

    printf("  %-*s", LABEL - 2, label);
    while (strlen(text) > room) {
        size_t n = room;

        while (n > 0 && text[n] != ' ')
            n--;
        if (n == 0) /* one long word */
            break;
        printf("%.*s\n%*s", (int)n, text, LABEL, "");
        text += n + 1;
    }
    printf("%s\n", text);
}

void show_drops(const struct profile_header *h, int indent)
{
    for (size_t i = 0; i < h->drop_count; i++)
        printf("%*s%s dropped: %s (first at line %" PRId64 ")\n", indent, "",
               show_count(h->drops[i].rows).text, h->drops[i].reason, h->drops[i].first_line);
}

static void show_source(const struct profile_header *h)
{
    char text[512];

    (void)snprintf(text, sizeof text, "%s (%s), SHA-256 %.16s...", h->source, h->format,
                   h->source_sha256);
    print_wrapped("source", text);
    if (h->window_from[0]) {
        (void)snprintf(text, sizeof text, "%s to %s (time zone %s)", h->window_from, h->window_to,
                       h->time_zone);
        print_wrapped("window", text);
    }
    print_wrapped("tokenizer", h->tokenizer[0] ? h->tokenizer : "unstated");
    (void)snprintf(text, sizeof text, "%s read, %s used, %s", show_count(h->rows_read).text,
                   show_count(h->rows_used).text, h->drop_count ? "the others:" : "none dropped");
    print_wrapped("rows", text);
    show_drops(h, LABEL);
    if (h->ignored[0])
        print_wrapped("not used", h->ignored);
    print_wrapped("licence", h->license[0] ? h->license : "not known");
    if (h->attribution[0])
        print_wrapped("from", h->attribution);
    if (h->modified[0])
        print_wrapped("modified", h->modified);
}

static void print_number(const char *label, double v, const char *remark)
{
    if (isfinite(v))
        printf("  %-12s%8.3g  %s\n", label, v, remark);
    else
        printf("  %-12s%8s  %s\n", label, "-", "not defined for so few requests");
}

static void show_arrivals(const struct profile_stats *s)
{
    puts("\narrivals");
    print_number("rate", s->rate_per_s, "requests per second, mean");
    print_number("gap CV", s->arrival_cv, "of inter-arrival times (1: Poisson, more: bursty)");
    print_number("dispersion", s->dispersion_10s,
                 "variance / mean of counts in 10 s windows (1: Poisson)");
}

static void print_quantiles(const char *label, const double q[9], double mean)
{
    printf("  %-8s", label);
    for (int i = 0; i < 9; i++)
        printf("%7.0f", q[i]);
    printf("%7.0f\n", mean);
}

static void show_lengths(const struct profile *p, const struct profile_stats *s)
{
    char remark[96];

    printf("\n%-10s%7s%7s%7s%7s%7s%7s%7s%7s%7s%7s\n", "tokens", "min", "p1", "p10", "p25", "p50",
           "p75", "p90", "p99", "max", "mean");
    print_quantiles("input", s->input_q, s->input_mean);
    print_quantiles("output", s->output_q, s->output_mean);
    puts("");
    print_number("dependence", s->rank_correlation,
                 "rank correlation of input and output (Spearman)");
    if (s->prefix_reuse_share < 0) {
        printf("  %-12s%8s  %s\n", "reuse", "-", "of prefixes: the source does not say");
        return;
    }
    (void)snprintf(remark, sizeof remark, "%% of input tokens in leading blocks seen before");
    if (p->header.block_tokens)
        (void)snprintf(remark + strlen(remark), sizeof remark - strlen(remark), " (%d tokens each)",
                       (int)p->header.block_tokens);
    print_number("reuse", 100 * s->prefix_reuse_share, remark);
}

/* A bar of eighths of a column, @share of @largest long, padded to @width. */
static void print_bar(double share, double largest, int width)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int n = (int)lround(share / largest * BAR * 8), used = n / 8 + (n % 8 != 0);

    if (share > 0 && n == 0) { /* small is not none */
        n = 1;
        used = 1;
    }
    printf(" %5.1f %% ", 100 * share);
    for (int i = 0; i < n / 8; i++)
        fputs("█", stdout);
    printf("%s%*s", eighths[n % 8], width > used ? width - used : 0, "");
}

static void show_histogram(const struct profile_stats *s)
{
    int first = PROFILE_BINS, last = 0;
    double largest = 0;

    for (int k = 0; k < PROFILE_BINS; k++) {
        double most = fmax(s->input_bins[k], s->output_bins[k]);

        largest = fmax(largest, most);
        first = most > 0 && k < first ? k : first;
        last = most > 0 ? k : last;
    }
    printf("\n%-19s %-30s %s\n", "tokens", "  input", "  output");
    for (int k = first; k <= last; k++) {
        printf("%8s - %8s", show_count(INT64_C(1) << k).text,
               show_count((INT64_C(2) << k) - 1).text);
        print_bar(s->input_bins[k], largest, BAR);
        print_bar(s->output_bins[k], largest, 0);
        puts("");
    }
}

void show_profile(const struct profile *p, const struct profile_stats *s)
{
    char span[40];

    format_span(span, sizeof span, s->span_s);
    printf("%s: %s requests over %s\n", p->header.name[0] ? p->header.name : "unnamed",
           show_count(s->requests).text, span);
    print_wrapped("form", p->learned ? "learned: quantile tables to draw from"
                                     : "rows: every request, to replay");
    show_source(&p->header);
    show_arrivals(s);
    show_lengths(p, s);
    show_histogram(s);
}
