/* SPDX-License-Identifier: Apache-2.0
 * The log on a disk that lies: bytes damage the image of a small log in memory, and a child opens
 * it. It is refused with a reason, or it is a log: what it says of its end, terms and entries
 * agrees, and every entry is served whole or said to be damaged. */
#define _GNU_SOURCE /* syscall */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/storebox.h"

enum { ENTRIES = 24, TERMS = 3, PAGE = 4096, IMAGE_MAX = 64 * PAGE, EXIT_STOPPED = 70 };

static char folder[SCRATCH_PATH];
static char data_path[SCRATCH_PATH + 32];
static struct chain chain;
static uint8_t image[IMAGE_MAX];
static size_t image_size;

/* ---- what the child reaches, told to libFuzzer --------------------------------------------------
 */

static uint8_t *shared; /* with the child: the counters of its edges */

static void share_counters(void)
{
    size_t size = fuzz_counters().size + 1;
    shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(shared != MAP_FAILED);
}

static void tell_counters(void)
{
    if (shared != NULL)
        memcpy(shared, fuzz_counters().at, fuzz_counters().size);
}

static void take_counters(void)
{
    memcpy(fuzz_counters().at, shared, fuzz_counters().size);
}

/* The C library's, for this program: how the store stops the process, and the child ends. */
void _exit(int status)
{
    tell_counters();
    syscall(SYS_exit_group, status);
    abort();
}

/* The same: space is had by writing to it, as allocating it ahead would take most of the time. */
int posix_fallocate(int file, off_t offset, off_t size)
{
    return ftruncate(file, offset + size);
}

/* ---- the image ---------------------------------------------------------------------------------
 */

static void clean_up(void)
{
    scratch_remove(folder);
}

static void make_image(void)
{
    struct storebox box;
    struct vg_buffer bytes = {0};
    struct vg_error error;
    setenv("TMPDIR", "/dev/shm", 0);
    scratch_make(folder);
    storebox_init(&box, folder);
    snprintf(data_path, sizeof data_path, "%s/data.mdb", box.path);
    chain = chain_new(1);
    for (uint64_t term = 1; term <= TERMS; term++) {
        chain.term = term;
        for (int i = 0; i < ENTRIES / TERMS; i++) /* a transaction each: always the same pages */
            storebox_fill(&box, &chain, 1, 1);
    }
    assert(vg_file_read(data_path, (size_t)1 << 30, &bytes, &error) == VG_OK);
    image_size = bytes.size < IMAGE_MAX ? bytes.size : IMAGE_MAX;
    memcpy(image, bytes.data, image_size);
    vg_buffer_free(&bytes);
    share_counters();
}

/* Where an act begins: within a page, the page chosen first. */
static size_t place(struct vg_reader *input)
{
    size_t page = vg_read_u8(input);
    return (page * PAGE + vg_read_u16(input) % PAGE) % image_size;
}

static void damage(struct vg_reader *input, uint8_t *bytes)
{
    while (!input->failed) {
        uint64_t choice = fuzz_below(input, 4);
        size_t at = place(input);
        size_t page = at / PAGE * PAGE;
        if (choice == 0)
            bytes[at] ^= (uint8_t)(1 + fuzz_below(input, 255));
        else if (choice == 1)
            bytes[at] = vg_read_u8(input);
        else if (choice == 2)
            memset(bytes + page, 0, PAGE);
        else
            memcpy(bytes + page, image + place(input) / PAGE * PAGE, PAGE);
    }
}

/* ---- the child ---------------------------------------------------------------------------------
 */

static void check_recovery(const struct storebox *box)
{
    const struct store_recovery *found = &box->found;
    assert(found->tail_count == found->last && found->run_count <= RAFT_RUNS_MAX);
    for (uint32_t i = 0; i < found->tail_count; i++)
        assert(found->tail[i].index == i + 1 && found->tail[i].term <= found->term.value + TERMS);
}

static void check_entries(struct storebox *box)
{
    struct vg_error error = {0};
    for (uint64_t index = 1; index <= box->found.last + 1; index++) {
        struct vg_blob *entry = NULL;
        enum vg_code code = store_log_read(box->log, index, &entry, &error);
        struct ledger_view view;
        assert((code == VG_NOT_FOUND) == (index > box->found.last));
        if (code == VG_OK)
            assert(ledger_parse(vg_blob_span(entry), &view, NULL) == VG_OK &&
                   view.header.index == index);
        else
            fuzz_refused(code, &error);
        vg_blob_unref(entry);
    }
    uint64_t checked;
    store_log_verify(box->log, NULL, NULL, &checked, &error);
}

static void open_log(void)
{
    struct storebox box;
    struct vg_error error = {0};
    storebox_init(&box, folder);
    enum vg_code code = storebox_try(&box, &chain.cluster, (vg_node_id){1}, &error);
    if (code != VG_OK) {
        fuzz_refused(code, &error);
        return;
    }
    check_recovery(&box);
    check_entries(&box);
    if (box.found.last == ENTRIES) /* else it is as of an older transaction, which nobody sees */
        storebox_append(&box, chain_filler(&chain, 1));
    storebox_close(&box);
}

static int status_of_child(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        open_log();
        _exit(0);
    }
    assert(child > 0);
    while (waitpid(child, &status, 0) != child)
        assert(errno == EINTR); /* libFuzzer's timer */
    take_counters();
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[IMAGE_MAX];
    if (image_size == 0) {
        make_image();
        atexit(clean_up);
    }
    struct vg_reader input = vg_reader_of(vg_span_of(data, size));
    memcpy(bytes, image, image_size);
    damage(&input, bytes);
    int file = open(data_path, O_WRONLY | O_TRUNC);
    bool written = file >= 0 && pwrite(file, bytes, image_size, 0) == (ssize_t)image_size;
    assert(written && close(file) == 0);
    int status = status_of_child();
    bool ended = WIFEXITED(status);
    if (!ended || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != EXIT_STOPPED)) {
        fprintf(stderr, "the child ended by %s %d\n", ended ? "exit code" : "signal",
                ended ? WEXITSTATUS(status) : WTERMSIG(status));
        abort();
    }
    return 0;
}
