/* SPDX-License-Identifier: Apache-2.0
 * Questions about the log, read from disk entry by entry and checked, on the pool. */
#include <inttypes.h>

#include "node/parts.h"

/* An entry and its parts, up to the last one that may be shown. A damaged one is noted. */
static enum vg_code read_entry(struct node_query *query, uint64_t index, struct vg_blob **bytes,
                               struct ledger_view *view)
{
    struct vg_error *error = &query->error;
    if (index > query->last)
        return vg_fail(error, VG_NOT_FOUND,
                       "the log ends at %" PRIu64 "; there is no entry %" PRIu64, query->last,
                       index);
    enum vg_code code = store_log_read(query->node->log, index, bytes, error);
    if (code == VG_INTEGRITY)
        query->damaged = index;
    if (code != VG_OK)
        return code;
    code = ledger_parse(vg_blob_span(*bytes), view, error);
    if (code != VG_OK)
        vg_blob_unref(*bytes);
    return code;
}

/* The entry with its body in clear, where this node can open it and the asker may see any of it;
 * else as it is. Ends with response_body_free. */
static struct ledger_view in_clear(const struct node_query *query, const struct ledger_view *entry,
                                   enum response_sight sight, uint8_t **made)
{
    struct ledger_view clear = *entry;
    vg_span body;
    *made = NULL;
    if (sight > RESPONSE_SEES_NOTHING &&
        response_body(&query->node->keys, entry, &body, made, NULL) == VG_OK)
        clear.body = body;
    return clear;
}

static json_t *show(const struct node_query *query, const struct ledger_view *entry)
{
    uint8_t *made;
    enum response_sight sight = api_body_sight(&query->seen_by_asker, entry);
    struct ledger_view clear = in_clear(query, entry, sight, &made);
    json_t *out = api_entry(&clear, sight, &query->ask.asker);
    response_body_free(made, entry);
    return out;
}

static json_t *get(struct node_query *query)
{
    struct vg_blob *bytes = NULL;
    struct ledger_view view = {0};
    if (read_entry(query, query->ask.index, &bytes, &view) != VG_OK)
        return NULL;
    json_t *entry = show(query, &view);
    vg_blob_unref(bytes);
    return entry;
}

static json_t *content(struct node_query *query)
{
    struct vg_blob *bytes = NULL;
    struct ledger_view view = {0};
    if (read_entry(query, query->ask.index, &bytes, &view) != VG_OK)
        return NULL;
    uint8_t *made;
    enum response_sight sight = api_body_sight(&query->seen_by_asker, &view);
    struct ledger_view clear = in_clear(query, &view, sight, &made);
    json_t *kept = api_content(&clear, sight, &query->error);
    response_body_free(made, &view);
    vg_blob_unref(bytes);
    return kept;
}

static json_t *tail(struct node_query *query)
{
    const struct api_query *ask = &query->ask;
    uint64_t from = ask->from;
    size_t size = 0;
    if (!ask->has_from)
        from = query->last >= ask->count ? query->last - ask->count + 1 : 1;
    json_t *page = json_array();
    for (uint64_t i = 0; i < ask->count && from + i <= query->last && size < API_PAGE_BYTES; i++) {
        struct vg_blob *bytes = NULL;
        struct ledger_view view = {0};
        if (read_entry(query, from + i, &bytes, &view) != VG_OK) {
            json_decref(page);
            return NULL;
        }
        size += bytes->size;
        json_array_append_new(page, show(query, &view));
        vg_blob_unref(bytes);
    }
    return page;
}

/* The hash and stamp before `from`, by metadata alone: the chain is checked across the edge of a
 * chunk too, and behind a damaged body. */
static enum vg_code link_before(struct node_query *query, uint64_t from, vg_hash *hash,
                                uint64_t *time_ms)
{
    struct raft_entry before;
    *hash = query->node->cluster;
    *time_ms = 0;
    if (from == 1)
        return VG_OK;
    if (store_log_metadata(query->node->log, from - 1, 1, &before) == 0 ||
        !store_log_hash_at(query->node->log, from - 1, hash)) {
        query->damaged = from - 1;
        return vg_fail(&query->error, VG_INTEGRITY, "entry %" PRIu64 " is damaged: its metadata",
                       from - 1);
    }
    *time_ms = before.time_ms;
    return VG_OK;
}

/* What is there of a compartment that was asked for, and what of it opens with the keys of this
 * node, whether it is to be read here or not; nothing for who does not know of it. */
struct sealed_count {
    uint64_t entries, opened;
};

static void count_sealed(const struct node_query *query, const struct ledger_view *entry,
                         struct sealed_count *count)
{
    const struct response_keys keys = {.data_key = keyring_data_key,
                                       .keyring = query->node->keyring};
    uint8_t *made;
    vg_span body;
    if (!query->counts || !vg_id_equal(&entry->envelope.compartment, &query->ask.id))
        return;
    count->entries++;
    count->opened += response_body(&keys, entry, &body, &made, NULL) == VG_OK;
    response_body_free(made, entry);
}

static json_t *verify(struct node_query *query)
{
    const struct api_query *ask = &query->ask;
    uint64_t from = ask->has_from ? ask->from : 1, at = from, previous_ms = 0;
    vg_hash previous = {{0}};
    struct sealed_count sealed = {0};
    size_t size = 0;
    if (link_before(query, from, &previous, &previous_ms) != VG_OK)
        return NULL;
    for (; at - from < ask->count && at <= query->last && size < 16 * API_PAGE_BYTES; at++) {
        struct vg_blob *bytes = NULL;
        struct ledger_view view = {0};
        if (read_entry(query, at, &bytes, &view) != VG_OK)
            return NULL;
        bool holds = view.header.index == at && view.header.time_ms >= previous_ms &&
                     vg_hash_equal(&view.header.previous, &previous);
        previous = view.hash;
        previous_ms = view.header.time_ms;
        size += bytes->size;
        count_sealed(query, &view, &sealed);
        vg_blob_unref(bytes);
        if (!holds) {
            vg_fail(&query->error, VG_INTEGRITY,
                    "entry %" PRIu64 " does not follow the entry before it; rebuild this node from "
                    "the others",
                    at);
            return NULL;
        }
    }
    return json_pack("{s:I, s:I, s:I, s:b, s:I, s:I}", "checked", (json_int_t)(at - from), "next",
                     (json_int_t)at, "last", (json_int_t)query->last, "ok", 1, "sealed",
                     (json_int_t)sealed.entries, "opened", (json_int_t)sealed.opened);
}

/* What there is nothing to repair of. */
static json_t *repair(struct node_query *query)
{
    struct vg_blob *bytes = NULL;
    struct ledger_view view = {0};
    if (read_entry(query, query->ask.index, &bytes, &view) != VG_OK)
        return NULL;
    vg_blob_unref(bytes);
    return json_pack("{s:I, s:b, s:n}", "index", (json_int_t)query->ask.index, "repaired", 0,
                     "from");
}

/* What is damaged is not for the reader to bear: the node fetches it again, another node has it.
 * Only who came to find damage is told of it, and where. */
static json_t *damage(struct node_query *query)
{
    if (query->ask.name == API_LOG_VERIFY)
        return json_pack("{s:I}", "damaged", (json_int_t)query->damaged);
    vg_fail(&query->error, VG_UNAVAILABLE,
            "entry %" PRIu64 " is damaged on this node, which fetches it again; ask again, or "
            "another node",
            query->damaged);
    return NULL;
}

void node_log_answer(struct node_query *query)
{
    static json_t *(*const answers[API_NAMES])(struct node_query *
                                               query) = {[API_LOG_GET] = get,
                                                         [API_LOG_TAIL] = tail,
                                                         [API_LOG_VERIFY] = verify,
                                                         [API_LOG_REPAIR] = repair,
                                                         [API_LOG_CONTENT] = content};
    json_t *answer = answers[query->ask.name](query);
    query->json = api_text(query->damaged == 0 ? answer : damage(query));
}
