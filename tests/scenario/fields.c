/* SPDX-License-Identifier: Apache-2.0
 * The fields of a message. */
#include "tests/scenario/fields.h"

#include <stddef.h>

enum field_kind { FIELD_U64, FIELD_U32, FIELD_BOOL, FIELD_NOT };

struct field {
    const char *name;
    size_t offset;
    enum field_kind kind;
};

#define FIELD(name, member, kind)                                                                  \
    {                                                                                              \
        name, offsetof(struct raft_msg, member), kind                                              \
    }

static const struct field fields[] = {
    FIELD("from", from.value, FIELD_U64),     FIELD("to", to.value, FIELD_U64),
    FIELD("term", term, FIELD_U64),           FIELD("prev", prev_index, FIELD_U64),
    FIELD("prevterm", prev_term, FIELD_U64),  FIELD("n", entry_count, FIELD_U32),
    FIELD("commit", commit, FIELD_U64),       FIELD("round", round, FIELD_U64),
    FIELD("granted", granted, FIELD_BOOL),    FIELD("rej", granted, FIELD_NOT),
    FIELD("transfer", transfer, FIELD_BOOL),  FIELD("index", index, FIELD_U64),
    FIELD("hint", hint_term, FIELD_U64),      FIELD("readid", read_id, FIELD_U64),
    FIELD("logtime", log_time_ms, FIELD_U64), FIELD("wall", wall_ms, FIELD_U64),
    FIELD("unfit", unfit, FIELD_BOOL),
};

enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

static const struct field *find_field(const char *name)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    }
    return NULL;
}

static bool is_answer(const struct raft_msg *msg)
{
    return msg->type == RAFT_MSG_APP_RESP || msg->type == RAFT_MSG_VOTE_RESP ||
           msg->type == RAFT_MSG_PREVOTE_RESP || msg->type == RAFT_MSG_READ_RESP;
}

bool field_get(const struct raft_msg *msg, const char *name, uint64_t *out)
{
    const struct field *field = find_field(name);
    if (field == NULL)
        return false;
    const char *at = (const char *)msg + field->offset;
    if (field->kind == FIELD_U64) {
        memcpy(out, at, sizeof *out);
    } else if (field->kind == FIELD_U32) {
        uint32_t value = 0;
        memcpy(&value, at, sizeof value);
        *out = value;
    } else {
        bool value = false;
        memcpy(&value, at, sizeof value);
        *out = field->kind == FIELD_BOOL ? value : is_answer(msg) && !value;
    }
    return true;
}

static bool set_field(struct session *session, const struct field *field, uint64_t value,
                      struct raft_msg *msg)
{
    char *at = (char *)msg + field->offset;
    if (field->kind == FIELD_U64) {
        memcpy(at, &value, sizeof value);
        return true;
    }
    if (value > (field->kind == FIELD_U32 ? UINT32_MAX : 1)) {
        bad_syntax(session, "%s= is too large", field->name);
        return false;
    }
    if (field->kind == FIELD_U32) {
        uint32_t narrow = (uint32_t)value;
        memcpy(at, &narrow, sizeof narrow);
    } else {
        bool flag = (value == 1) == (field->kind == FIELD_BOOL);
        memcpy(at, &flag, sizeof flag);
    }
    return true;
}

bool fields_set(struct session *session, const struct call *call, struct raft_msg *msg)
{
    for (uint32_t i = 0; i < call->pair_count; i++) {
        const struct field *field = find_field(call->pairs[i].key);
        uint64_t value = 0;
        if (field == NULL)
            continue;
        if (!parse_number(session, call->pairs[i].value, &value) ||
            !set_field(session, field, value, msg))
            return false;
    }
    return true;
}

static bool listed(const char *key)
{
    return strcmp(key, "from") == 0 || strcmp(key, "to") == 0;
}

bool fields_match(struct session *session, const struct call *call, const struct raft_msg *msg)
{
    struct filter filter;
    if (!pair_filter(session, call, &filter) || !world_matches(&filter, msg))
        return false;
    for (uint32_t i = 0; i < call->pair_count; i++) {
        const struct pair *pair = &call->pairs[i];
        uint64_t wanted = 0;
        uint64_t seen = 0;
        if (listed(pair->key) || !field_get(msg, pair->key, &seen))
            continue;
        if (!parse_number(session, pair->value, &wanted) || wanted != seen)
            return false;
    }
    return true;
}
