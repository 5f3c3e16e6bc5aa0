/* SPDX-License-Identifier: Apache-2.0
 * What one run is made of: every seed draws its own world from the ranges of a profile. */
#ifndef VIGIL_TESTS_SIM_PROFILE_H
#define VIGIL_TESTS_SIM_PROFILE_H

#include <stdio.h>

#include "common/types.h"

/* name, low, high, chance: with `chance` percent a number from [low, high], else `low`: so faults
 * are off in many worlds, and limits tiny in some. Periods are mean times between two faults;
 * 0 is never. */
#define KNOBS(X)                                                                                   \
    X(nodes, 3, 5, 50)                                                                             \
    X(clients, 1, 8, 90)                                                                           \
    X(think_us, 0, 30000, 80)                                                                      \
    X(election_ms, 150, 600, 90)                                                                   \
    X(heartbeat_part, 3, 8, 90)                                                                    \
    X(batch_entries, 1, 64, 70)                                                                    \
    X(batch_bytes, 600, 65536, 70)                                                                 \
    X(inflight, 1, 16, 70)                                                                         \
    X(inflight_bytes, 1024, 262144, 70)                                                            \
    X(uncommitted_bytes, 2048, 1048576, 80)                                                        \
    X(recovery_tail, 1, 256, 60)                                                                   \
    X(tail_capacity, 1, 256, 60)                                                                   \
    X(gather_us, 0, 3000, 60)                                                                      \
    X(apply_us, 0, 5000, 60)                                                                       \
    X(apply_batch, 1, 64, 80)                                                                      \
    X(commit_every, 1, 100, 80)                                                                    \
    X(delay_us, 50, 2000, 100)                                                                     \
    X(region_us, 0, 20000, 50)                                                                     \
    X(tail_us, 0, 10000, 60)                                                                       \
    X(drop_ppm, 0, 200000, 60)                                                                     \
    X(duplicate_ppm, 0, 200000, 60)                                                                \
    X(replay_ppm, 0, 10000, 50)                                                                    \
    X(write_us, 20, 4000, 100)                                                                     \
    X(write_tail_us, 0, 5000, 50)                                                                  \
    X(stall_ppm, 0, 3000, 40)                                                                      \
    X(stall_ms, 100, 4000, 100)                                                                    \
    X(drift_ppm, 0, 500, 60)                                                                       \
    X(wall_offset_ms, 0, 1000, 60)                                                                 \
    X(crash_ms, 0, 20000, 75)                                                                      \
    X(down_ms, 10, 4000, 80)                                                                       \
    X(all_down_percent, 0, 10, 40)                                                                 \
    X(cut_ms, 0, 20000, 75)                                                                        \
    X(cut_length_ms, 100, 8000, 90)                                                                \
    X(clog_ms, 0, 10000, 40)                                                                       \
    X(clog_length_ms, 10, 4000, 90)                                                                \
    X(pause_ms, 0, 20000, 50)                                                                      \
    X(pause_length_ms, 10, 4000, 90)                                                               \
    X(jump_ms, 0, 10000, 50)                                                                       \
    X(full_ms, 0, 20000, 40)                                                                       \
    X(full_length_ms, 100, 5000, 90)                                                               \
    X(transfer_ms, 0, 15000, 50)                                                                   \
    X(ed25519, 0, 0, 0)

struct profile {
    const char *name;
#define X(knob, low, high, chance) uint32_t knob;
    KNOBS(X)
#undef X
};

/* The profile of a seed: of the named kind, or of one that the seed picks when `name` is NULL or
 * "swarm". False for an unknown name. */
bool profile_draw(const char *name, uint64_t seed, struct profile *out);

/* One line each: name and what it is about. */
void profile_list(FILE *out);

/* All knobs of one profile as "knob=value ...". */
void profile_print(const struct profile *profile, FILE *out);

#endif
