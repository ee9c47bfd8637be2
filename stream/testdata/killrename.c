/* Preloaded into a footfall process, this library ends it with SIGKILL at the
 * moment when ClickHouse gives a freshly inserted part its final name: after
 * the part's token has been written to the de-duplication log, before the rows
 * can be seen. A retry with the same token is then acknowledged and stores
 * nothing. KILL_RENAME is the probability in thousandths, KILL_AFTER_MS a time
 * of grace after the start, so that the process can make its tables. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static long long started;

__attribute__((constructor)) static void begin(void) { started = now_ms(); }

static void maybe_kill(const char *from) {
    const char *chance = getenv("KILL_RENAME"), *grace = getenv("KILL_AFTER_MS");
    if (!chance || !from || !strstr(from, "tmp_insert_")) return;
    if (grace && now_ms() - started < atoll(grace)) return;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    if ((t.tv_nsec / 100) % 1000 < atoi(chance)) kill(getpid(), SIGKILL);
}

int rename(const char *from, const char *to) {
    static int (*real)(const char *, const char *);
    if (!real) real = dlsym(RTLD_NEXT, "rename");
    maybe_kill(from);
    return real(from, to);
}
