/* SPDX-License-Identifier: Apache-2.0 */
#include "node/net/door.h"

#include "common/clock.h"
#include "common/log.h"

enum {
    SECOND_US = 1000 * 1000,
    LOG_PAUSE_US = 10 * SECOND_US, /* between two lines about the same kind of refusal */
};

static const char *const refusal_names[] = {
#define X(symbol, name) [NET_REFUSED_##symbol] = (name),
    NET_REFUSALS(X)
#undef X
};

static const char *const door_names[] = {[CHANNEL_PEERS] = "peers", [CHANNEL_CLIENTS] = "clients"};

const char *net_refusal_name(enum net_refusal refusal)
{
    return refusal_names[refusal];
}

void net_door_open(struct net_door *door, const struct channel_terms *terms,
                   uint32_t handshakes_per_s)
{
    *door = (struct net_door){.terms = *terms,
                              .handshakes_per_s = handshakes_per_s,
                              .refilled_us = vg_clock_system.monotonic_us(),
                              .tokens_us = SECOND_US};
    pthread_mutex_init(&door->lock, NULL);
}

void net_door_close(struct net_door *door)
{
    pthread_mutex_destroy(&door->lock);
}

bool net_door_may_open(struct net_door *door)
{
    uint64_t cost_us = SECOND_US / door->handshakes_per_s;
    pthread_mutex_lock(&door->lock);
    uint64_t now = vg_clock_system.monotonic_us();
    uint64_t tokens_us = door->tokens_us + (now - door->refilled_us);
    door->refilled_us = now;
    door->tokens_us = tokens_us < SECOND_US ? tokens_us : SECOND_US;
    bool may = door->tokens_us >= cost_us;
    if (may)
        door->tokens_us -= cost_us;
    pthread_mutex_unlock(&door->lock);
    return may;
}

/* Two nodes in one's place, or one that could vote twice. */
static bool is_alarm(enum net_refusal refusal)
{
    return refusal == NET_REFUSED_IDENTITY || refusal == NET_REFUSED_OLDER;
}

void net_door_refuse(struct net_door *door, enum net_refusal refusal, const char *why)
{
    pthread_mutex_lock(&door->lock);
    uint64_t now = vg_clock_system.monotonic_us();
    uint64_t last = door->logged_us[refusal];
    bool log = last == 0 || now - last >= LOG_PAUSE_US;
    if (log)
        door->logged_us[refusal] = now;
    uint64_t count = ++door->refused[refusal];
    pthread_mutex_unlock(&door->lock);
    if (log)
        vg_log(is_alarm(refusal) ? VG_LOG_ERROR : VG_LOG_WARN, net_refusal_name(refusal),
               "door=%s count=%llu %s", door_names[door->terms.door], (unsigned long long)count,
               why);
}

void net_door_refused(struct net_door *door, uint64_t out[NET_REFUSAL_COUNT])
{
    pthread_mutex_lock(&door->lock);
    memcpy(out, door->refused, sizeof door->refused);
    pthread_mutex_unlock(&door->lock);
}
