/* SPDX-License-Identifier: Apache-2.0
 * What sealing the state costs the apply thread: one log, applied to states that are sealed and to
 * states that are not, in turn, in one run. Opening entries and their signatures, which have
 * threads of their own in a node, are not in it.
 *
 *     scale-state [ENTRIES [ROUNDS]] */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "node/store/state.h"
#include "proto/response/rows.h"
#include "tests/lib/desk.h"
#include "tests/lib/fast_signer.h"
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"
#include "tests/lib/sealing.h"

enum { COMMIT_ENTRIES = 4096, NOTES = 8 };

/* With all rows public, nothing is sealed (linked with --wrap). */
static bool in_clear;
bool __real_response_row_is_public(vg_span key);
bool __wrap_response_row_is_public(vg_span key);

bool __wrap_response_row_is_public(vg_span key)
{
    return in_clear || __real_response_row_is_public(key);
}

/* Incidents with their notes, each accepted. */
static struct desk *told(uint64_t entries)
{
    struct desk *desk = desk_new();
    vg_id id = {{0}};
    for (uint64_t i = 0; i < entries; i++) {
        char text[64];
        snprintf(text, sizeof text, "beacon %" PRIu64 " from the build farm", i);
        struct desk_order order =
            i % (1 + NOTES) == 0 ? desk_detect(text, text) : desk_note(&id, text);
        struct response_outcome outcome = desk_send(desk, &order);
        must(outcome.error.code == VG_OK, outcome.error.text);
        if (i % (1 + NOTES) == 0)
            id = outcome.id;
        desk->time_ms += 1000;
    }
    return desk;
}

/* Of this thread, so that it matters little who else computes. */
static uint64_t processor_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* Applies one entry; the time of that alone. */
static uint64_t apply(struct desk *desk, const struct ledger_view *view)
{
    const struct response_keys keys = {
        .find = response_key_find, .context = &desk->machine, .data_key = sealing_key};
    struct response_opened opened;
    struct response_outcome outcome;
    response_open(&desk->genesis, &desk->cluster, &keys, &fast_signer, view, &opened);
    uint64_t began = processor_us();
    response_apply(&desk->machine, view, &opened, &outcome);
    uint64_t took = processor_us() - began;
    response_opened_free(&opened, view);
    return took;
}

static uint64_t apply_all(const struct desk *from, const char *folder, uint64_t round)
{
    char path[SCRATCH_PATH + 32];
    const struct store_state_keys keys = {.find = sealing_state_key};
    struct store_position position;
    struct store_state *state;
    uint64_t took = 0;
    snprintf(path, sizeof path, "%s/state-%" PRIu64 "-%d", folder, round, in_clear);
    must(store_state_open(path, &from->cluster, (vg_node_id){1}, &keys, &state, &position, NULL) ==
             VG_OK,
         "the state opens");
    struct desk *desk = desk_new_bare();
    desk->machine.kv = store_state_kv(state);
    for (uint64_t i = 1; i <= ledger_tail_last(from->log); i++) {
        struct ledger_view view;
        must(ledger_parse(vg_blob_span(ledger_tail_get(from->log, i)), &view, NULL) == VG_OK,
             "the entry parses");
        took += apply(desk, &view);
        uint64_t began = processor_us();
        if (i % COMMIT_ENTRIES == 0)
            store_state_commit(state, &(struct store_position){.index = i});
        took += processor_us() - began;
    }
    desk_free(desk);
    store_state_close(state);
    return took;
}

int main(int argc, char **argv)
{
    uint64_t entries = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
    uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : 3;
    char folder[SCRATCH_PATH];
    uint64_t took[2] = {0, 0};
    vg_crypto_init();
    scratch_make(folder);
    struct desk *desk = told(entries);
    for (uint64_t round = 0; round < rounds; round++) {
        for (int clear = 0; clear < 2; clear++) {
            in_clear = clear;
            took[clear] += apply_all(desk, folder, round);
        }
    }
    scratch_remove(folder);
    double per_s[2];
    for (int clear = 0; clear < 2; clear++)
        per_s[clear] = (double)(ledger_tail_last(desk->log) * rounds) * 1e6 / (double)took[clear];
    desk_free(desk);
    printf("%.0f entries applied to a sealed state in a second of the processor, %.0f to one in "
           "clear: %.2f of it\n",
           per_s[0], per_s[1], per_s[0] / per_s[1]);
    return 0;
}
