/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/profile.h"

#include <inttypes.h>

#include "common/prng.h"

enum knob {
#define X(name, low, high, chance) KNOB_##name,
    KNOBS(X)
#undef X
        KNOB_COUNT
};

struct range {
    uint32_t low;
    uint32_t high;
    uint32_t chance;
};

static const struct range ranges[KNOB_COUNT] = {
#define X(name, low, high, chance) {low, high, chance},
    KNOBS(X)
#undef X
};

/* `weight`: in how many of a hundred swarm seeds. */
struct kind {
    const char *name;
    uint32_t weight;
    const char *about;
};

static const struct kind kinds[] = {
    {"mixed", 37, "every kind of fault, each with its own chance and strength"},
    {"calm", 3, "no faults but the leader's failure in the middle"},
    {"lossy", 8, "messages lost, doubled, reordered and replayed"},
    {"cuts", 12, "the network cut in every shape, one way too"},
    {"crashes", 12, "crashes at any output, several at once, and all at once"},
    {"disks", 6, "slow, stalling and full disks"},
    {"clocks", 6, "drift, jumping wall clocks, pauses"},
    {"tiny", 8, "every limit at its lowest"},
    {"wide", 5, "six or seven nodes over four regions"},
    {"small", 3, "one or two nodes"},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

struct change {
    const char *kind;
    enum knob knob;
    struct range range;
};

static const struct change changes[] = {
    {"calm", KNOB_drop_ppm, {0, 0, 0}},
    {"calm", KNOB_duplicate_ppm, {0, 0, 0}},
    {"calm", KNOB_replay_ppm, {0, 0, 0}},
    {"calm", KNOB_stall_ppm, {0, 0, 0}},
    {"calm", KNOB_crash_ms, {0, 0, 0}},
    {"calm", KNOB_cut_ms, {0, 0, 0}},
    {"calm", KNOB_clog_ms, {0, 0, 0}},
    {"calm", KNOB_pause_ms, {0, 0, 0}},
    {"calm", KNOB_jump_ms, {0, 0, 0}},
    {"calm", KNOB_full_ms, {0, 0, 0}},
    {"lossy", KNOB_drop_ppm, {50000, 300000, 100}},
    {"lossy", KNOB_duplicate_ppm, {50000, 300000, 100}},
    {"lossy", KNOB_replay_ppm, {1000, 50000, 100}},
    {"lossy", KNOB_transfer_ms, {300, 4000, 70}},
    {"lossy", KNOB_tail_us, {1000, 30000, 100}},
    {"cuts", KNOB_cut_ms, {500, 4000, 100}},
    {"cuts", KNOB_cut_length_ms, {500, 6000, 100}},
    {"cuts", KNOB_nodes, {3, 7, 80}},
    {"crashes", KNOB_crash_ms, {300, 4000, 100}},
    {"crashes", KNOB_down_ms, {10, 2000, 100}},
    {"crashes", KNOB_all_down_percent, {2, 20, 100}},
    {"disks", KNOB_stall_ppm, {2000, 20000, 100}},
    {"disks", KNOB_write_tail_us, {1000, 30000, 100}},
    {"disks", KNOB_full_ms, {1000, 8000, 100}},
    {"disks", KNOB_crash_ms, {2000, 10000, 100}},
    {"clocks", KNOB_drift_ppm, {100, 10000, 100}},
    {"clocks", KNOB_jump_ms, {300, 3000, 100}},
    {"clocks", KNOB_pause_ms, {1000, 6000, 100}},
    {"tiny", KNOB_batch_entries, {1, 2, 50}},
    {"tiny", KNOB_batch_bytes, {600, 600, 0}},
    {"tiny", KNOB_inflight, {1, 2, 50}},
    {"tiny", KNOB_inflight_bytes, {600, 2048, 50}},
    {"tiny", KNOB_uncommitted_bytes, {600, 4096, 50}},
    {"tiny", KNOB_recovery_tail, {1, 2, 50}},
    {"tiny", KNOB_tail_capacity, {1, 2, 50}},
    {"tiny", KNOB_apply_batch, {1, 2, 50}},
    {"wide", KNOB_nodes, {6, 7, 50}},
    {"wide", KNOB_region_us, {10000, 25000, 100}},
    {"small", KNOB_nodes, {1, 2, 50}},
    {"small", KNOB_crash_ms, {500, 5000, 100}},
};

static const struct kind *kind_find(const char *name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static const struct kind *kind_pick(struct vg_prng *prng)
{
    uint64_t at = vg_prng_below(prng, 100);
    for (size_t i = 0; i < KINDS; i++) {
        if (at < kinds[i].weight)
            return &kinds[i];
        at -= kinds[i].weight;
    }
    return &kinds[0];
}

static uint32_t knob_draw(struct vg_prng *prng, const char *kind, enum knob knob)
{
    struct range range = ranges[knob];
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        if (changes[i].knob == knob && strcmp(changes[i].kind, kind) == 0)
            range = changes[i].range;
    uint64_t value = vg_prng_between(prng, range.low, range.high);
    return vg_prng_below(prng, 100) < range.chance ? (uint32_t)value : range.low;
}

/* The election timeout must leave room for a round trip and two writes, or no leader can be. */
static uint32_t election_floor_ms(const struct profile *profile)
{
    uint32_t trip = 2 * (profile->delay_us + 3 * profile->region_us + 3 * profile->tail_us);
    uint32_t disk = 2 * (profile->write_us + 2 * profile->write_tail_us);
    return 3 * (trip + disk) / 1000;
}

bool profile_draw(const char *name, uint64_t seed, struct profile *out)
{
    struct vg_prng prng = vg_prng_seed(seed);
    const struct kind *kind = kind_pick(&prng);
    if (name && strcmp(name, "swarm") != 0)
        kind = kind_find(name);
    if (!kind)
        return false;
    out->name = kind->name;
#define X(knob, low, high, chance) out->knob = knob_draw(&prng, kind->name, KNOB_##knob);
    KNOBS(X)
#undef X
    uint32_t floor = election_floor_ms(out);
    out->election_ms = out->election_ms > floor ? out->election_ms : floor;
    out->ed25519 = seed % 100 == 0;
    return true;
}

void profile_list(FILE *out)
{
    fprintf(out, "%-8s  one of the following, drawn from the seed\n", "swarm");
    for (size_t i = 0; i < KINDS; i++)
        fprintf(out, "%-8s  %s\n", kinds[i].name, kinds[i].about);
}

void profile_print(const struct profile *profile, FILE *out)
{
#define X(knob, low, high, chance) fprintf(out, " " #knob "=%" PRIu32, profile->knob);
    KNOBS(X)
#undef X
    fputc('\n', out);
}
