/* SPDX-License-Identifier: Apache-2.0
 * What goes wrong, and when: one stream of faults of each kind at a profile's pace. */
#ifndef VIGIL_TESTS_SIM_NEMESIS_H
#define VIGIL_TESTS_SIM_NEMESIS_H

#include "tests/sim/queue.h"

struct host;
struct sim;

struct nemesis {
    bool active;
    bool leader_struck; /* the fault on the leader in the middle has happened */
};

/* Faults begin, of every kind whose period is not 0. */
void nemesis_start(struct sim *sim);
void nemesis_event(struct sim *sim, const struct event *event);

/* The fault that nearly every seed has: the leader crashes, pauses, is cut off or hands over. */
void nemesis_strike_leader(struct sim *sim);

/* Crashes the host and plans its return. */
void nemesis_crash(struct sim *sim, struct host *host);

/* Ends all faults: mends links, sets clocks right, and starts every host but, in some seeds, a
 * minority. Pauses and slow writes under way still end in their own time. */
void nemesis_heal(struct sim *sim);

/* Starts the hosts that are down. */
void nemesis_start_all(struct sim *sim);

#endif
