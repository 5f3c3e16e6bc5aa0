/* SPDX-License-Identifier: Apache-2.0
 * Signals of integrations (R3). The first of a key is an entry of its own; repeats wait here and
 * are given as one count, signed by this node, at most every ten seconds a key. Each is answered
 * with what became of its count. */
#include <assert.h>
#include <stdlib.h>

#include "common/text.h"
#include "node/parts.h"

static const uint64_t WINDOW_US = 10 * 1000000ULL;

/* ---- what the state says of a signal -----------------------------------------------------------
 */

/* How a signal is gone on with. */
enum fate { GIVEN_AS_IT_IS, GATHERED, ANSWERED };

struct asked {
    struct loop_task task;
    struct node_submit *submit;
    uint64_t now_ms;
    enum fate fate;
    struct response_outcome outcome;
};

static void answer_now(struct node_submit *submit, const struct response_outcome *outcome)
{
    char *json = api_outcome_text(outcome);
    node_submit_answer(submit, &outcome->error, json);
    free(json);
}

static struct node_signals *signals_of(struct node *node, const struct node_submit *submit)
{
    struct node_signals *signals;
    struct node_signals *made = vg_alloc_zero(1, sizeof *made);
    made->key.compartment = submit->key.compartment;
    memcpy(made->key.signal, submit->signal.data, submit->signal.size);
    HASH_FIND(hh, node->gathered.by_key, &made->key, sizeof made->key, signals);
    if (signals != NULL) {
        free(made);
        return signals;
    }
    made->last = &made->first;
    HASH_ADD(hh, node->gathered.by_key, key, sizeof made->key, made);
    return made;
}

static void gather(struct node *node, struct node_submit *submit)
{
    struct node_signals *signals = signals_of(node, submit);
    struct vg_error error = {0};
    if (signals->count == RESPONSE_SIGNALS_MAX) {
        vg_fail(&error, VG_BUSY,
                "%d repeats of this signal wait for their count already; try again",
                RESPONSE_SIGNALS_MAX);
        node_submit_answer(submit, &error, NULL);
        return;
    }
    submit->next = NULL;
    *signals->last = submit;
    signals->last = &submit->next;
    signals->count++;
    node->gathered.count++;
    node->next_sweep_us = 0; /* the first of a window need not wait */
}

static void go_on(struct loop_task *task)
{
    struct asked *asked = (struct asked *)task;
    struct node_submit *submit = asked->submit;
    struct node *node = submit->node;
    node->working--;
    if (asked->fate == ANSWERED || node->closed)
        answer_now(submit, &asked->outcome);
    else if (asked->fate == GATHERED)
        gather(node, submit);
    else
        node_submit_add(node, submit);
    free(asked);
}

/* On the apply thread: a repeat joins something, or is filtered. */
static void ask_state(void *context, struct response_machine *machine)
{
    struct asked *asked = context;
    struct ledger_command command;
    struct vg_error error;
    struct response_outcome *outcome = &asked->outcome;
    enum vg_code code = ledger_command_decode(asked->submit->command, &command, &error);
    assert(code == VG_OK);
    if (node_require_level(asked->submit->node, &command.compartment, &outcome->error) == VG_OK)
        response_check(machine, &command, asked->now_ms, outcome);
    if (outcome->repeated || outcome->error.code == VG_UNAVAILABLE)
        asked->fate = ANSWERED;
    else if (outcome->error.code == VG_OK && (outcome->joined || outcome->filtered))
        asked->fate = GATHERED;
    loop_post(asked->submit->node->loop, &asked->task);
}

static void not_asked(void *context, const struct vg_error *why)
{
    struct asked *asked = context;
    asked->fate = ANSWERED;
    asked->outcome.error = *why;
    loop_post(asked->submit->node->loop, &asked->task);
}

void node_signal_start(struct node *node, struct node_submit *submit)
{
    struct asked *asked = vg_alloc_zero(1, sizeof *asked);
    asked->task.run = go_on;
    asked->submit = submit;
    asked->now_ms = node_time_ms(node);
    node->working++;
    store_applier_query(node->applier, 0, ask_state, not_asked, asked);
}

/* ---- counts ------------------------------------------------------------------------------------
 */

static void add_signal(const struct node_submit *submit, struct vg_buffer *out)
{
    vg_buffer_append(out, submit->key.author.bytes, sizeof(vg_id));
    vg_buffer_append(out, submit->key.request.bytes, sizeof(vg_id));
    vg_buffer_append(out, submit->request_hash.bytes, sizeof(vg_hash));
}

/* Those that wait become the twins of a submit of this node's own. */
static void give_count(struct node *node, struct node_signals *signals)
{
    struct vg_buffer list = {0};
    uint64_t deadline_us = 0;
    struct response_command count = {.op = RESPONSE_OP_COUNT};
    count.count.key = vg_span_text(signals->key.signal);
    count.count.first_at = vg_uuid7_time_ms(&signals->first->key.request);
    for (struct node_submit *submit = signals->first; submit != NULL; submit = submit->next) {
        add_signal(submit, &list);
        submit->twins = submit->next;
        if (submit->deadline_us > deadline_us)
            deadline_us = submit->deadline_us;
    }
    count.count.signals = vg_buffer_span(&list);
    struct node_submit *own = node_submit_by_node(node, &signals->key.compartment, &count);
    own->deadline_us = deadline_us;
    own->counts = signals;
    own->twins = signals->first;
    node->gathered.count -= signals->count;
    signals->first = NULL;
    signals->last = &signals->first;
    signals->count = 0;
    signals->under_way = true;
    vg_buffer_free(&list);
    node_submit_own(node, own);
}

void node_signals_counted(struct node_signals *signals, uint64_t now_us)
{
    signals->under_way = false;
    signals->not_before_us = now_us + WINDOW_US;
}

/* ---- time --------------------------------------------------------------------------------------
 */

/* Answers those that `all`, or their deadline, end. */
static void end_signals(struct node *node, struct node_signals *signals, uint64_t now_us, bool all,
                        const struct vg_error *why)
{
    struct node_submit **at = &signals->first;
    while (*at != NULL) {
        struct node_submit *submit = *at;
        if (!all && now_us < submit->deadline_us) {
            at = &submit->next;
            continue;
        }
        *at = submit->next;
        signals->count--;
        node->gathered.count--;
        node_submit_answer(submit, why, NULL);
    }
    signals->last = at;
}

void node_signals_sweep(struct node *node, uint64_t now_us)
{
    struct node_signals *signals;
    struct node_signals *next;
    struct vg_error late = {0};
    vg_fail(&late, VG_TIMEOUT,
            "repeats of a signal are counted every 10 s, and this one's count was not due in time; "
            "give more time (--timeout 15s), repeating it is safe");
    HASH_ITER(hh, node->gathered.by_key, signals, next)
    {
        bool due = now_us >= signals->not_before_us || node->ending;
        if (signals->count > 0 && due && !signals->under_way)
            give_count(node, signals);
        else
            end_signals(node, signals, now_us, false, &late);
        if (signals->count > 0 || signals->under_way || !due)
            continue;
        HASH_DEL(node->gathered.by_key, signals);
        free(signals);
    }
}

void node_signals_end(struct node *node, const struct vg_error *why)
{
    struct node_signals *signals;
    struct node_signals *next;
    HASH_ITER(hh, node->gathered.by_key, signals, next)
    {
        end_signals(node, signals, 0, true, why);
        HASH_DEL(node->gathered.by_key, signals);
        free(signals);
    }
}
