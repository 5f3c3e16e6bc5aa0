/* SPDX-License-Identifier: Apache-2.0 */
#include "node/store/ahead.h"

#include <inttypes.h>

#include "common/log.h"
#include "common/mem.h"
#include "proto/response/clearance.h"

enum { SLICE_ENTRIES = 1024 }; /* between two looks at queries */

struct store_ahead *store_ahead_new(const struct compartment_epoch *wanted, const vg_hash *place,
                                    const vg_hash *cluster, uint64_t applied)
{
    struct store_ahead *ahead = vg_alloc_zero(1, sizeof *ahead);
    compartment_ahead_begin(&ahead->records, wanted, place, cluster);
    ahead->stopped = ahead->read = applied;
    return ahead;
}

void store_ahead_again(struct store_ahead *ahead)
{
    ahead->records.count = 1;
    ahead->read = ahead->stopped;
}

static bool read_one(struct store_ahead *ahead, const struct store_applier_config *config,
                     uint64_t index)
{
    struct vg_blob *entry = NULL;
    struct ledger_view view;
    struct compartment_epoch record;
    struct vg_error why = {0};
    if (store_log_read(config->log, index, &entry, &why) != VG_OK) {
        config->wanted(config->context, index);
        return false;
    }
    bool found = ledger_cut(vg_blob_span(entry), &view, &why) == VG_OK &&
                 response_epoch_given(&view, &record) &&
                 compartment_ahead_add(&ahead->records, &record);
    vg_blob_unref(entry);
    return found;
}

bool store_ahead_look(struct store_ahead *ahead, const struct store_applier_config *config,
                      uint64_t last)
{
    struct vg_error why = {0};
    bool found = false;
    for (uint32_t i = 0; i < SLICE_ENTRIES && ahead->read < last; i++)
        found |= read_one(ahead, config, ++ahead->read);
    if (!found || config->keys.learn_ahead(config->keys.context, &ahead->records, &why) != VG_OK)
        return false;
    vg_log(VG_LOG_INFO, "key-found",
           "epoch=%" PRIu64 " of the directory, by what lies between entry %" PRIu64
           " and %" PRIu64,
           ahead->records.records[0].epoch, ahead->stopped, ahead->read);
    return true;
}
