/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/machine.h"

#include <assert.h>

#include "common/bytes.h"
#include "proto/response/call.h"

enum {
    STAFF = RESPONSE_ROLE_RESPONDER | RESPONSE_ROLE_INCIDENT_MANAGER | RESPONSE_ROLE_EXECUTIVE |
            RESPONSE_ROLE_LEGAL | RESPONSE_ROLE_PRIVACY_OFFICER | RESPONSE_ROLE_COMMUNICATIONS |
            RESPONSE_ROLE_SERVICE_TEAM | RESPONSE_ROLE_SUPPORT,
    RUNNERS = RESPONSE_ROLE_RESPONDER | RESPONSE_ROLE_INCIDENT_MANAGER,
};

/* What each operation needs and does. A new operation is a row here and a layout in command.c. */
static const struct rule {
    enum response_op op;
    bool in_directory;
    uint32_t roles; /* one of them is enough */
    enum vg_code (*judge)(struct response_call *call);
    void (*effect)(struct response_call *call);
} rules[] = {
    {RESPONSE_OP_PERSON, true, RESPONSE_ROLE_OPERATOR, response_judge_person,
     response_effect_person},
    {RESPONSE_OP_LABEL, true, RESPONSE_ROLE_OPERATOR, response_judge_label, response_effect_label},
    {RESPONSE_OP_GRANT, true, RESPONSE_ROLE_OPERATOR, response_judge_grant, response_effect_grant},
    {RESPONSE_OP_DETECT, false, STAFF | RESPONSE_ROLE_REPORTER, response_judge_detect,
     response_effect_detect},
    {RESPONSE_OP_NOTE, false, STAFF, response_judge_note, response_effect_note},
    {RESPONSE_OP_STAGE, false, RUNNERS, response_judge_stage, response_effect_stage},
    {RESPONSE_OP_IMPORT, false, RUNNERS, response_judge_import, response_effect_import},
};

static const struct rule *rule_of(enum response_op op)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].op == op)
            return &rules[i];
    }
    return NULL;
}

/* ---- one command -------------------------------------------------------------------------------
 */

static void call_begin(struct response_call *call, const struct response_machine *machine,
                       const struct ledger_command *request, struct response_outcome *outcome)
{
    call->machine = machine;
    call->request = request;
    call->outcome = outcome;
    *outcome = (struct response_outcome){
        .compartment = request->compartment,
        .author = request->author,
        .request = request->request,
        .index = call->index,
        .term = call->term,
        .time_ms = call->time_ms,
    };
}

static enum vg_code check_place(struct response_call *call, const struct rule *rule)
{
    bool directory = vg_id_equal(&call->request->compartment, &call->machine->genesis->directory);
    if (directory == rule->in_directory)
        return VG_OK;
    return vg_fail(&call->outcome->error, VG_INVALID, "%s belongs in %s",
                   response_op_name(rule->op),
                   rule->in_directory ? "the directory compartment"
                                      : "a compartment of tenants, not in the directory");
}

/* Decodes and judges an admitted command. The rule to carry out, or NULL when there is nothing to
 * do: it is refused, or was done before under another request. */
static const struct rule *judge(struct response_call *call)
{
    if (response_command_decode(call->request->body, &call->command, &call->outcome->error) !=
        VG_OK)
        return NULL;
    const struct rule *rule = rule_of(call->command.op);
    assert(rule != NULL);
    if (check_place(call, rule) != VG_OK || response_require_role(call, rule->roles) != VG_OK ||
        rule->judge(call) != VG_OK)
        return NULL;
    return call->outcome->repeated ? NULL : rule;
}

void response_check(struct response_machine *machine, const struct ledger_command *command,
                    uint64_t time_ms, struct response_outcome *outcome)
{
    struct response_call call = {.time_ms = time_ms};
    call_begin(&call, machine, command, outcome);
    if (response_admit(&call))
        judge(&call);
}

static void carry_out(struct response_call *call)
{
    if (!response_admit(call))
        return;
    const struct rule *rule = judge(call);
    response_pairs_open(&call->pairs, &call->machine->kv, &call->request->compartment);
    if (rule != NULL)
        rule->effect(call);
    response_remember(call);
    response_pairs_close(&call->pairs);
}

/* ---- cursor and counters -----------------------------------------------------------------------
 */

struct progress {
    uint64_t index;
    struct response_counters counters;
};

enum { PROGRESS_SIZE = 40 };

static struct progress progress_read(const struct response_machine *machine)
{
    struct response_key key = response_key_of(NULL, RESPONSE_KIND_CURSOR);
    struct progress progress = {0};
    vg_span value;
    if (!response_get(&machine->kv, &key, &value))
        return progress;
    struct vg_reader reader = vg_reader_of(value);
    progress.index = vg_read_u64(&reader);
    progress.counters.accepted = vg_read_u64(&reader);
    progress.counters.refused = vg_read_u64(&reader);
    progress.counters.repeated = vg_read_u64(&reader);
    progress.counters.voided = vg_read_u64(&reader);
    assert(vg_reader_done(&reader));
    return progress;
}

static void progress_write(const struct response_machine *machine, const struct progress *progress)
{
    struct response_key key = response_key_of(NULL, RESPONSE_KIND_CURSOR);
    uint8_t bytes[PROGRESS_SIZE];
    struct vg_writer writer = vg_writer_of(bytes, sizeof bytes);
    vg_write_u64(&writer, progress->index);
    vg_write_u64(&writer, progress->counters.accepted);
    vg_write_u64(&writer, progress->counters.refused);
    vg_write_u64(&writer, progress->counters.repeated);
    vg_write_u64(&writer, progress->counters.voided);
    assert(!writer.failed && vg_writer_size(&writer) == sizeof bytes);
    machine->kv.put(machine->kv.context, response_key_span(&key), vg_span_of(bytes, sizeof bytes));
}

uint64_t response_cursor(const struct response_machine *machine)
{
    return progress_read(machine).index;
}

void response_counters_get(const struct response_machine *machine, struct response_counters *out)
{
    *out = progress_read(machine).counters;
}

static void count_outcome(struct response_counters *counters,
                          const struct response_outcome *outcome)
{
    if (outcome->repeated)
        counters->repeated++;
    else if (outcome->error.code == VG_OK)
        counters->accepted++;
    else
        counters->refused++;
}

/* ---- one entry ---------------------------------------------------------------------------------
 */

static enum response_applied apply_sealed(struct response_machine *machine,
                                          const struct ledger_header *header,
                                          const struct response_opened *opened,
                                          struct response_outcome *outcome,
                                          struct response_counters *counters)
{
    if (opened->code != VG_OK) {
        counters->voided++;
        return RESPONSE_APPLIED_VOID;
    }
    struct response_call call = {
        .index = header->index, .term = header->term, .time_ms = header->time_ms};
    call_begin(&call, machine, &opened->command, outcome);
    carry_out(&call);
    count_outcome(counters, outcome);
    return RESPONSE_APPLIED_OUTCOME;
}

enum response_applied response_apply(struct response_machine *machine,
                                     const struct ledger_view *entry,
                                     const struct response_opened *opened,
                                     struct response_outcome *outcome)
{
    struct progress progress = progress_read(machine);
    enum response_applied applied = RESPONSE_APPLIED_OTHER;
    assert(entry->header.index == progress.index + 1);
    if (entry->envelope.type == LEDGER_SEALED)
        applied = apply_sealed(machine, &entry->header, opened, outcome, &progress.counters);
    progress.index = entry->header.index;
    progress_write(machine, &progress);
    return applied;
}
