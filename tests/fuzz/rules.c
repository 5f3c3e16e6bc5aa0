/* SPDX-License-Identifier: Apache-2.0
 * The state machine and the model, given the same commands: each is made up by two bytes
 * (tests/lib/guess.h) from what the model knows, or is an earlier one again, and may have bytes
 * changed. Answers and incidents must agree, and the state's hash is that of its pairs. */
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "tests/lib/agree.h"
#include "tests/lib/desk.h"
#include "tests/lib/fast_signer.h"
#include "tests/lib/guess.h"

enum { COMMANDS_MAX = 64 };

struct sent {
    struct desk_order order;
    struct vg_buffer body;
};

struct run {
    struct vg_reader input;
    struct desk *desk;
    struct model *model;
    struct sent sent[COMMANDS_MAX];
    uint32_t count;
};

/* ---- what is sent ------------------------------------------------------------------------------
 */

static void make_up(struct run *run, struct sent *out)
{
    struct guess guess;
    struct vg_prng prng = vg_prng_seed(vg_read_u16(&run->input));
    guess_command(&prng, run->model, &run->desk->genesis, run->desk->time_ms, run->count, &guess);
    response_command_encode(&guess.command, &out->body);
    out->order = (struct desk_order){.person = (enum desk_person)guess.author,
                                     .control = vg_id_is_zero(&guess.compartment),
                                     .compartment = guess.compartment,
                                     .request = desk_request(run->desk, run->desk->time_ms),
                                     .expectation_count = guess.expectation_count};
    memcpy(out->order.expectations, guess.expectations, sizeof guess.expectations);
    if (!vg_id_is_zero(&guess.request))
        out->order.request = guess.request;
}

/* As it was, or by somebody else, or as a new request. */
static void repeat(struct run *run, struct sent *out)
{
    const struct sent *earlier = &run->sent[fuzz_below(&run->input, run->count)];
    uint64_t person = fuzz_below(&run->input, 2 * DESK_PEOPLE);
    out->order = earlier->order;
    vg_buffer_append(&out->body, earlier->body.data, earlier->body.size);
    if (person < DESK_PEOPLE)
        out->order.person = (enum desk_person)person;
    if (fuzz_below(&run->input, 2) == 1)
        out->order.request = desk_request(run->desk, run->desk->time_ms);
}

static void alter(struct run *run, struct sent *sent)
{
    size_t at = vg_read_u16(&run->input);
    sent->body.data[at % sent->body.size] = vg_read_u8(&run->input);
}

/* ---- what both make of it ----------------------------------------------------------------------
 */

static void give(struct run *run, struct sent *sent)
{
    struct agree_taken taken;
    struct model_verdict verdict;
    struct desk *desk = run->desk;
    sent->order.body = vg_buffer_span(&sent->body);
    const struct ledger_command command = {.compartment = sent->order.compartment,
                                           .author = desk_author(desk, sent->order.person),
                                           .request = sent->order.request,
                                           .body = sent->order.body};
    struct response_outcome outcome = desk_check(desk, &sent->order);
    agree_take(&command, ledger_tail_last(desk->log) + 1, desk->time_ms, &desk->cluster, &taken);
    taken.order.expectations = sent->order.expectations;
    taken.order.expectation_count = sent->order.expectation_count;
    model_check(run->model, &taken.order, &verdict);
    assert(agree_checks(&verdict, &outcome));

    outcome = desk_send(desk, &sent->order);
    taken.order.entry = ledger_tail_hash(desk->log);
    model_apply(run->model, &taken.order, &verdict);
    assert(agree_verdicts(&verdict, &outcome));
    vg_id concerned = agree_concerned(&desk->machine, &taken, &outcome);
    const vg_id *home = &sent->order.compartment;
    assert(agree_incident(&desk->machine, run->model, home, &concerned) == NULL);
    assert(agree_incident(&desk->machine, run->model, home, &outcome.id) == NULL);
}

/* What a desk starts with. */
static void take_log(struct run *run)
{
    struct vg_buffer bytes = {0};
    for (uint64_t i = 1; i <= ledger_tail_last(run->desk->log); i++) {
        struct agree_taken taken;
        struct ledger_view view;
        struct model_verdict verdict;
        vg_span entry = vg_blob_span(ledger_tail_get(run->desk->log, i));
        assert(ledger_parse(entry, &view, NULL) == VG_OK);
        struct ledger_command command = desk_open(&view, &bytes);
        agree_take(&command, view.header.index, view.header.time_ms, &view.hash, &taken);
        model_apply(run->model, &taken.order, &verdict);
        assert(verdict.code == VG_OK);
    }
    vg_buffer_free(&bytes);
}

static void check_hash(const struct run *run, const vg_id *compartment)
{
    vg_hash kept = response_state_hash(&run->desk->machine, compartment);
    vg_hash scanned = response_state_hash_scan(&run->desk->machine, compartment);
    assert(vg_hash_equal(&kept, &scanned));
}

static void act(struct run *run)
{
    struct sent *sent = &run->sent[run->count];
    uint8_t flags = vg_read_u8(&run->input);
    if ((flags & 7) == 7 && run->count > 0)
        repeat(run, sent);
    else
        make_up(run, sent);
    if ((flags & 0x18) == 0x18)
        alter(run, sent);
    give(run, sent);
    run->count++;
    run->desk->time_ms += (uint64_t)(flags >> 5) * 1000 * (flags >> 5 == 7 ? 3600 : 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;
    run = (struct run){.input = vg_reader_of(vg_span_of(data, size)), .desk = desk_new()};
    run.model = model_new(&run.desk->genesis, &fast_signer);
    take_log(&run);
    while (!run.input.failed && run.count < COMMANDS_MAX)
        act(&run);
    check_hash(&run, &run.desk->genesis.first);
    check_hash(&run, &run.desk->genesis.directory);
    for (uint32_t i = 0; i < run.count; i++)
        vg_buffer_free(&run.sent[i].body);
    model_free(run.model);
    desk_free(run.desk);
    return 0;
}
