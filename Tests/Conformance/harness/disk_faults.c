/* Faults of the disk for one process: preloaded, it stands between the program and its log files.
 *
 * Only RocksDB's logs and manifests below $DISK_FAULTS_BELOW are touched. The file $DISK_FAULTS_ORDER tells what to do, and is
 * looked at with each call, so that a test can give the order while the server runs: a word, and a number n.
 *   sync-fails n    the n-th sync from now on fails with EIO
 *   full n          the n-th write from now on, and all behind it, fail with ENOSPC
 *   power-cut n     with the n-th write or sync from now on, part of it is written, everything that was not synced is cut to a
 *                   random length, and the process is killed
 * With $DISK_FAULTS_LIE set, the disk says that it has synced and has not: what a test of the tests needs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { FILES_MAX = 512, PATH_BYTES = 512 };

struct file {
    char path[PATH_BYTES];
    dev_t device;
    ino_t inode;
    off_t synced;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file files[FILES_MAX];
static int file_count;
static long calls_since_order;
static char order[32];
static long order_number;

static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void find_real(void) {
    real_write = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    srand((unsigned)(time(NULL) ^ getpid()));
}

/* The file of the descriptor, if it is one of those that faults are for. Held under the lock. */
static struct file *file_of(int descriptor) {
    const char *below = getenv("DISK_FAULTS_BELOW");
    struct stat status;
    if (!below || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return NULL;
    for (int i = 0; i < file_count; i++)
        if (files[i].inode == status.st_ino && files[i].device == status.st_dev) return &files[i];
    char link[64], path[PATH_BYTES];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return NULL;
    path[length] = 0;
    const char *name = strrchr(path, '/');
    if (strncmp(path, below, strlen(below)) != 0 || !name) return NULL;
    size_t name_length = strlen(name);
    int is_log = name_length > 4 && strcmp(name + name_length - 4, ".log") == 0;
    if ((!is_log && strncmp(name, "/MANIFEST-", 10) != 0) || file_count == FILES_MAX) return NULL;
    struct file *file = &files[file_count++];
    strcpy(file->path, path);
    file->device = status.st_dev;
    file->inode = status.st_ino;
    file->synced = status.st_size;
    return file;
}

/* Reads the order; counting begins anew with a new one. */
static int ordered(const char *word) {
    const char *path = getenv("DISK_FAULTS_ORDER");
    char now[32] = "";
    long number = 0;
    FILE *file = path ? fopen(path, "re") : NULL;
    if (file) {
        if (fscanf(file, "%31s %ld", now, &number) != 2) now[0] = 0;
        fclose(file);
    }
    if (strcmp(now, order) != 0 || number != order_number) {
        strcpy(order, now);
        order_number = number;
        calls_since_order = 0;
    }
    return strcmp(order, word) == 0;
}

static void cut_power(int descriptor, const void *data, size_t count) {
    if (data && count > 0) real_write(descriptor, data, (size_t)rand() % count);
    for (int i = 0; i < file_count; i++) {
        struct stat status;
        if (stat(files[i].path, &status) != 0 || status.st_ino != files[i].inode) continue;
        off_t lost = status.st_size - files[i].synced;
        if (lost > 0 && truncate(files[i].path, files[i].synced + rand() % (lost + 1)) != 0) abort();
    }
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

ssize_t write(int descriptor, const void *data, size_t count) {
    pthread_mutex_lock(&lock);
    int fault = 0;
    if (file_of(descriptor)) {
        if (ordered("full") && ++calls_since_order >= order_number) fault = ENOSPC;
        if (ordered("power-cut") && ++calls_since_order >= order_number) cut_power(descriptor, data, count);
    }
    ssize_t written = fault ? -1 : real_write(descriptor, data, count);
    if (fault) errno = fault;
    pthread_mutex_unlock(&lock);
    return written;
}

static int synchronize(int descriptor, int (*real)(int)) {
    pthread_mutex_lock(&lock);
    struct file *file = file_of(descriptor);
    int fault = 0;
    struct stat status;
    if (file) {
        if (ordered("sync-fails") && ++calls_since_order == order_number) fault = EIO;
        if (ordered("power-cut") && ++calls_since_order >= order_number) cut_power(descriptor, NULL, 0);
    }
    int result = fault ? -1 : real(descriptor);
    if (file && result == 0 && !getenv("DISK_FAULTS_LIE") && fstat(descriptor, &status) == 0) file->synced = status.st_size;
    if (fault) errno = fault;
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int descriptor) { return synchronize(descriptor, real_fsync); }
int fdatasync(int descriptor) { return synchronize(descriptor, real_fdatasync); }
