/* Preloaded into a footfall process, this library ends it with SIGKILL at the
 * moment when ClickHouse gives a freshly inserted part its final name: after
 * the part's token has been written to the de-duplication log, before the rows
 * can be seen. A retry with the same token is then acknowledged and stores
 * nothing. KILL_RENAME is the probability in thousandths. KILL_PATH is what the
 * path must have in it besides, so that a table can be named by its folder. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void maybe_kill(const char *from) {
    const char *chance = getenv("KILL_RENAME"), *path = getenv("KILL_PATH");
    if (!chance || !from || !strstr(from, "tmp_insert_")) return;
    if (path && !strstr(from, path)) return;
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
