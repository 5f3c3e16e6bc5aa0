/* SPDX-License-Identifier: Apache-2.0
 * The state machine against a second, independent one (tests/lib/model.h). Random commands of all
 * people and the node, repeated, altered, late and early; after each the answers, and what both
 * know of the incident concerned, must agree. */
#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <stdlib.h>

#include "common/text.h"
#include "proto/response/drill.h"
#include "proto/response/fields.h"
#include "tests/lib/agree.h"
#include "tests/lib/desk.h"
#include "tests/lib/fast_signer.h"
#include "tests/lib/guess.h"

enum { RUNS = 20, COMMANDS = 5000, RECENT = 300 };
enum { MINUTE_MS = 60000, WEEK_MS = 7 * 24 * 3600 * 1000 };

/* A command as it is sent, and may be sent again. */
struct plan {
    enum desk_person person;
    vg_id compartment;
    vg_id request;
    struct vg_blob *body;
    struct ledger_expectation expectations[GUESS_EXPECTATIONS_MAX];
    uint16_t expectation_count;
};

struct tally {
    uint32_t codes[VG_INTEGRITY + 1];
    uint32_t refusals[RESPONSE_REFUSALS_END];
    uint32_t ops[RESPONSE_OP_RECOVERY_GONE + 1]; /* accepted */
    uint32_t repeated, joined, filtered, carried, closed, rekeyed;
};

struct run {
    uint64_t seed;
    struct desk *desk;
    struct model *model;
    struct vg_prng prng;
    struct guess guess;
    struct plan plans[RECENT]; /* the latest, in a ring */
    uint32_t plan_count;
    struct tally *tally;
};

static uint64_t below(struct run *run, uint64_t bound)
{
    return vg_prng_below(&run->prng, bound);
}

/* ---- what is sent ------------------------------------------------------------------------------
 */

static struct vg_blob *encoded(const struct response_command *command)
{
    struct vg_buffer bytes = {0};
    response_command_encode(command, &bytes);
    struct vg_blob *body = vg_blob_copy(vg_buffer_span(&bytes));
    vg_buffer_free(&bytes);
    return body;
}

static const struct plan *recent_plan(struct run *run)
{
    uint64_t recent = run->plan_count < RECENT ? run->plan_count : RECENT;
    return &run->plans[(run->plan_count - 1 - below(run, recent)) % RECENT];
}

static void keep(struct run *run, const struct plan *plan)
{
    struct plan *place = &run->plans[run->plan_count++ % RECENT];
    if (place->body != NULL)
        vg_blob_unref(place->body);
    *place = *plan;
}

static vg_id some_request(struct run *run)
{
    static const int64_t offsets_ms[] = {-MINUTE_MS,     -WEEK_MS,           -(int64_t)WEEK_MS - 1,
                                         10 * MINUTE_MS, 10 * MINUTE_MS + 1, -(int64_t)WEEK_MS / 2};
    uint64_t offset = below(run, 60);
    vg_id request = desk_request(run->desk, run->desk->time_ms +
                                                (uint64_t)(offset < 6 ? offsets_ms[offset] : 0));
    if (below(run, 500) == 0)
        request.bytes[6] ^= 0x30;
    return request;
}

/* A count may list what the integration sends by itself too, later; or what was sent already. */
static void mix_signals(struct run *run)
{
    struct guess *guess = &run->guess;
    struct plan plan = {.person = DESK_INTEGRATION,
                        .compartment = guess->compartment,
                        .request = some_request(run)};
    if (below(run, 3) == 0 && run->plan_count > 0) {
        plan = *recent_plan(run);
        vg_blob_ref(plan.body);
    } else {
        struct desk_order order = desk_detect("again", "");
        order.command.detect.dedup_key = guess->command.count.key;
        plan.body = encoded(&order.command);
        keep(run, &plan);
        vg_blob_ref(plan.body);
    }
    const struct ledger_command command = {.compartment = plan.compartment,
                                           .body = vg_blob_span(plan.body)};
    vg_id author = desk_author(run->desk, plan.person);
    vg_hash hash = ledger_request_hash(&command);
    memcpy(guess->bytes, &author, sizeof author);
    memcpy(guess->bytes + sizeof author, &plan.request, sizeof plan.request);
    memcpy(guess->bytes + sizeof author + sizeof plan.request, &hash, sizeof hash);
    vg_blob_unref(plan.body);
}

static struct plan fresh_plan(struct run *run)
{
    struct guess *guess = &run->guess;
    guess_command(&run->prng, run->model, &run->desk->genesis, run->desk->time_ms, run->plan_count,
                  guess);
    struct plan plan = {
        .person = (enum desk_person)guess->author,
        .compartment = guess->compartment,
        .request = some_request(run),
        .expectation_count = guess->expectation_count,
    };
    memcpy(plan.expectations, guess->expectations, sizeof plan.expectations);
    if (!vg_id_is_zero(&guess->request))
        plan.request = guess->request;
    if (guess->other_id && run->plan_count > 0)
        plan.request = recent_plan(run)->request;
    if (guess->command.op == RESPONSE_OP_COUNT && below(run, 2) == 0)
        mix_signals(run);
    if (guess->command.op == RESPONSE_OP_EXPEL && below(run, 10) == 0)
        guess->command.expel.person = run->desk->genesis.people[DESK_OPERATOR].id;
    plan.body = encoded(&guess->command);
    return plan;
}

/* Flips a byte, so that it is another command, or none. */
static void alter(struct run *run, struct plan *plan)
{
    struct vg_blob *altered = vg_blob_copy(vg_blob_span(plan->body));
    altered->data[below(run, altered->size)] ^= (uint8_t)(1 + below(run, 255));
    vg_blob_unref(plan->body);
    plan->body = altered;
}

/* An earlier command again: as it was, with other words, by another person, expecting something
 * else, or as a new request. */
static struct plan earlier_plan(struct run *run)
{
    struct plan plan = *recent_plan(run);
    vg_blob_ref(plan.body);
    switch (below(run, 8)) {
    case 0:
        alter(run, &plan);
        break;
    case 1:
        plan.person = (enum desk_person)below(run, DESK_PEOPLE);
        break;
    case 2:
        plan.expectations[0].revision++;
        break;
    case 3:
    case 4:
        plan.request = some_request(run);
        break;
    default:
        break;
    }
    return plan;
}

static struct plan next_plan(struct run *run)
{
    if (run->plan_count > 0 && below(run, 8) == 0)
        return earlier_plan(run);
    struct plan plan = fresh_plan(run);
    if (below(run, 200) == 0)
        alter(run, &plan);
    return plan;
}

static struct desk_order order_of(const struct plan *plan)
{
    struct desk_order order = {.person = plan->person,
                               .control = vg_id_is_zero(&plan->compartment),
                               .compartment = plan->compartment,
                               .request = plan->request,
                               .body = vg_blob_span(plan->body),
                               .expectation_count = plan->expectation_count};
    memcpy(order.expectations, plan->expectations, sizeof plan->expectations);
    return order;
}

/* ---- what the model is given -------------------------------------------------------------------
 */

static void take_plan(const struct run *run, const struct plan *plan, struct agree_taken *out)
{
    const struct ledger_command command = {.compartment = plan->compartment,
                                           .author = desk_author(run->desk, plan->person),
                                           .request = plan->request,
                                           .body = vg_blob_span(plan->body)};
    static const vg_hash to_come;
    agree_take(&command, ledger_tail_last(run->desk->log) + 1, run->desk->time_ms, &to_come, out);
    out->order.expectations = plan->expectations;
    out->order.expectation_count = plan->expectation_count;
}

/* The model learns what a desk starts with. */
static void take_log(struct run *run)
{
    struct agree_taken taken;
    struct ledger_view view;
    struct model_verdict verdict;
    struct vg_error error;
    struct vg_buffer bytes = {0};
    for (uint64_t i = 1; i <= ledger_tail_last(run->desk->log); i++) {
        vg_span entry = vg_blob_span(ledger_tail_get(run->desk->log, i));
        cr_assert_eq(ledger_parse(entry, &view, &error), VG_OK);
        struct ledger_command command = desk_open(&view, &bytes);
        agree_take(&command, view.header.index, view.header.time_ms, &view.hash, &taken);
        model_apply(run->model, &taken.order, &verdict);
        cr_assert_eq(verdict.code, VG_OK);
    }
    vg_buffer_free(&bytes);
}

/* ---- steps -------------------------------------------------------------------------------------
 */

/* Only refused is it tried to expel the operator, who is needed to the end. */
static bool expels_operator(const struct desk *desk, const struct agree_taken *taken,
                            const struct model_verdict *checked)
{
    return taken->order.command != NULL && taken->command.op == RESPONSE_OP_EXPEL &&
           checked->code == VG_OK &&
           vg_id_equal(&taken->command.expel.person, &desk->genesis.people[DESK_OPERATOR].id);
}

static void report(const struct run *run, const struct agree_taken *taken, const char *what,
                   const struct model_verdict *verdict, const struct response_outcome *outcome)
{
    cr_log_error("seed %llu command %u, %s: %s; model %s %s%s%s%s, machine %s %s%s%s%s: %s",
                 (unsigned long long)run->seed, run->plan_count,
                 taken->order.command != NULL ? response_op_name(taken->command.op) : "undecodable",
                 what, vg_code_name(verdict->code), verdict->rule,
                 verdict->repeated ? " repeated" : "", verdict->joined ? " joined" : "",
                 verdict->filtered ? " filtered" : "", vg_code_name(outcome->error.code),
                 outcome->error.rule, outcome->repeated ? " repeated" : "",
                 outcome->joined ? " joined" : "", outcome->filtered ? " filtered" : "",
                 outcome->error.text);
}

static void count_outcome(struct tally *tally, const struct agree_taken *taken,
                          const struct response_outcome *outcome)
{
    const struct response_command *command = taken->order.command;
    tally->codes[outcome->error.code]++;
    tally->refusals[outcome->refusal]++;
    tally->repeated += outcome->repeated;
    tally->joined += outcome->joined;
    tally->filtered += outcome->filtered;
    if (outcome->error.code != VG_OK || outcome->repeated || command == NULL)
        return;
    tally->ops[command->op]++;
    tally->closed += command->op == RESPONSE_OP_STAGE && command->stage.stage == RESPONSE_CLOSE;
    tally->rekeyed += command->op == RESPONSE_OP_APPROVE && !vg_id_is_zero(&outcome->keyed);
    tally->carried += command->op == RESPONSE_OP_APPROVE && outcome->revision_count > 1;
}

/* Gives one command to both; false if they disagree. */
static bool give(struct run *run, const struct plan *plan, const struct agree_taken *taken)
{
    struct model_verdict applied;
    struct desk_order order = order_of(plan);
    struct response_outcome outcome = desk_send(run->desk, &order);
    struct model_order given = taken->order;
    given.entry = ledger_tail_hash(run->desk->log);
    model_apply(run->model, &given, &applied);
    const char *what = agree_verdicts(&applied, &outcome) ? NULL : "answer";
    vg_id concerned = agree_concerned(&run->desk->machine, taken, &outcome);
    if (what == NULL)
        what = agree_incident(&run->desk->machine, run->model, &plan->compartment, &concerned);
    if (what == NULL)
        what = agree_incident(&run->desk->machine, run->model, &plan->compartment, &outcome.id);
    if (what != NULL)
        report(run, taken, what, &applied, &outcome);
    count_outcome(run->tally, taken, &outcome);
    return what == NULL;
}

/* Asks both, then gives the command; false if they disagree. Takes over the plan. */
static bool try(struct run *run, struct plan plan)
{
    struct agree_taken taken;
    struct model_verdict checked;
    struct desk_order order = order_of(&plan);
    struct response_outcome dry = desk_check(run->desk, &order);
    take_plan(run, &plan, &taken);
    model_check(run->model, &taken.order, &checked);
    if (!agree_checks(&checked, &dry)) {
        report(run, &taken, "check", &checked, &dry);
        vg_blob_unref(plan.body);
        return false;
    }
    if (expels_operator(run->desk, &taken, &checked)) {
        vg_blob_unref(plan.body);
        return true;
    }
    bool agree = give(run, &plan, &taken);
    keep(run, &plan);
    return agree;
}

static struct plan grant_plan(struct run *run, const struct plan *to, uint32_t give, uint32_t take)
{
    struct plan plan = {.person = DESK_OPERATOR,
                        .compartment = run->desk->genesis.directory,
                        .request = desk_request(run->desk, run->desk->time_ms)};
    struct response_command command = {.op = RESPONSE_OP_GRANT};
    command.grant.person = desk_author(run->desk, to->person);
    command.grant.compartment = to->compartment;
    command.grant.give = give;
    command.grant.take = take;
    plan.body = encoded(&command);
    return plan;
}

/* Who proposed loses the role signed in before the other signs, which is otherwise rare. */
static bool try_without_role(struct run *run, const struct plan *proposed,
                             const struct response_command *command)
{
    const uint32_t roles = RESPONSE_ROLE_LEGAL | RESPONSE_ROLE_EXECUTIVE;
    const struct ledger_command inner = {.compartment = proposed->compartment,
                                         .body = command->propose.command};
    struct response_command approve = {.op = RESPONSE_OP_APPROVE};
    approve.approve.proposal = proposed->request;
    approve.approve.hash = ledger_request_hash(&inner);
    approve.approve.reason = vg_span_text("so it was");
    bool legal = proposed->person == DESK_LEGAL;
    uint32_t back = legal ? RESPONSE_ROLE_LEGAL : RESPONSE_ROLE_EXECUTIVE;
    struct plan plan = {.person = legal ? DESK_EXECUTIVE : DESK_LEGAL,
                        .compartment = proposed->compartment,
                        .request = desk_request(run->desk, run->desk->time_ms),
                        .body = encoded(&approve)};
    return try(run, grant_plan(run, proposed, 0, roles)) && try(run, plan) &&
           try(run, grant_plan(run, proposed, back, 0));
}

static bool step(struct run *run)
{
    struct plan plan = next_plan(run);
    struct response_command command;
    struct vg_error error;
    struct plan kept = plan;
    vg_blob_ref(kept.body);
    bool agree = try(run, plan);
    if (agree && below(run, 6) == 0 && plan.person < DESK_PEOPLE &&
        response_command_decode(vg_blob_span(kept.body), &command, &error) == VG_OK &&
        command.op == RESPONSE_OP_PROPOSE)
        agree = try_without_role(run, &kept, &command);
    vg_blob_unref(kept.body);
    return agree;
}

/* ---- whole runs --------------------------------------------------------------------------------
 */

static void assert_lists_agree(struct run *run, const vg_id *compartment, bool all)
{
    struct response_incident found;
    struct model_facts facts;
    uint32_t listed = 0;
    uint32_t expected = 0;
    for (vg_id at = {{0}};
         response_incident_next(&run->desk->machine, compartment, &at, all, &found);
         at = found.id, listed++)
        cr_assert_null(agree_incident(&run->desk->machine, run->model, compartment, &found.id));
    for (uint32_t i = 0; i < model_incident_count(run->model, compartment); i++) {
        vg_id id = model_incident_at(run->model, compartment, i);
        cr_assert(model_incident(run->model, compartment, &id, &facts));
        expected += all || facts.stage != RESPONSE_CLOSE;
    }
    cr_assert_eq(listed, expected);
}

static void assert_replay_agrees(const struct desk *desk, const vg_id *compartment)
{
    struct desk *replayed = desk_replay(desk);
    vg_hash kept = response_state_hash(&desk->machine, compartment);
    vg_hash scanned = response_state_hash_scan(&replayed->machine, compartment);
    cr_assert(vg_hash_equal(&kept, &scanned));
    desk_free(replayed);
}

static struct run *run_new(uint64_t seed, struct tally *tally)
{
    struct run *run = vg_alloc_zero(1, sizeof *run);
    run->seed = seed;
    run->tally = tally;
    run->desk = desk_new();
    run->model = model_new(&run->desk->genesis, &fast_signer);
    run->prng = vg_prng_seed(seed);
    take_log(run);
    return run;
}

static void run_free(struct run *run)
{
    for (uint32_t i = 0; i < RECENT && i < run->plan_count; i++)
        vg_blob_unref(run->plans[i].body);
    model_free(run->model);
    desk_free(run->desk);
    free(run);
}

static void assert_drills_agree(const struct run *run)
{
    struct response_drill drill = {.id = {{0}}};
    uint32_t count = 0;
    for (; response_drill_next(&run->desk->machine, &drill.id, &drill); count++) {
        struct model_drill_facts facts;
        cr_assert(model_drill_of(run->model, &drill.id, &facts));
        cr_assert_eq(facts.started_at, drill.started_at);
        cr_assert_eq(facts.ended, drill.ended_at != 0);
        cr_assert_eq(facts.probes, drill.probes);
    }
    cr_assert_eq(count, model_drill_count(run->model));
}

static void assert_people_agree(const struct run *run)
{
    struct response_person person = {.first = false};
    while (response_person_next(&run->desk->machine, &person)) {
        struct model_person_facts facts;
        cr_assert(model_person(run->model, &person.id, &facts));
        cr_assert_eq(memcmp(&facts.keys, &person.keys, sizeof person.keys), 0);
        cr_assert_eq(facts.gone, person.expelled_at != 0);
    }
}

static bool runs_agree(uint64_t seed, uint32_t commands, struct tally *tally)
{
    struct run *run = run_new(seed, tally);
    const struct ledger_genesis *genesis = &run->desk->genesis;
    bool agree = true;
    for (uint32_t i = 0; i < commands && agree; i++) {
        run->desk->time_ms += below(run, 400) == 0 ? WEEK_MS / 2 : below(run, MINUTE_MS);
        agree = step(run);
    }
    if (agree) {
        vg_id home = {{0}};
        while (response_compartment_next(&run->desk->machine, &home, &home)) {
            assert_lists_agree(run, &home, true);
            const char *what = agree_facts(&run->desk->machine, run->model, &home);
            cr_assert_null(what, "seed %llu: %s", (unsigned long long)run->seed, what);
        }
        assert_lists_agree(run, &genesis->first, true);
        assert_lists_agree(run, &genesis->first, false);
        assert_drills_agree(run);
        assert_people_agree(run);
        assert_replay_agrees(run->desk, &genesis->first);
    }
    run_free(run);
    return agree;
}

static void print_tally(const struct tally *tally)
{
    static const char *const names[] = {"accepted or repeated",
#define X(symbol, code, rule, sentence) #symbol,
                                        RESPONSE_REFUSALS(X)
#undef X
    };
    for (enum response_op op = response_op_after(0); op != 0; op = response_op_after(op))
        cr_log_info("%6u %s", tally->ops[op], response_op_name(op));
    for (size_t i = 0; i < RESPONSE_REFUSALS_END; i++)
        cr_log_info("%6u %s", tally->refusals[i], names[i]);
    cr_log_info("%u repeated, %u joined, %u filtered, %u carried, %u closed, %u rekeyed",
                tally->repeated, tally->joined, tally->filtered, tally->carried, tally->closed,
                tally->rekeyed);
}

Test(response_model, answers_as_a_second_machine_does, .timeout = 600)
{
    static const enum vg_code must_occur[] = {VG_OK,      VG_CONFLICT,  VG_FORBIDDEN,
                                              VG_RULE,    VG_EXISTS,    VG_EXPIRED,
                                              VG_INVALID, VG_NOT_FOUND, VG_INTEGRITY};
    struct tally *tally = vg_alloc_zero(1, sizeof *tally);
    bool agree = true;
    for (uint64_t seed = 1; seed <= RUNS; seed++)
        agree = runs_agree(seed, COMMANDS, tally) && agree;
    print_tally(tally);
    cr_assert(agree);
    for (size_t i = 0; i < sizeof must_occur / sizeof must_occur[0]; i++)
        cr_assert_gt(tally->codes[must_occur[i]], 100, "%s occurred %u times",
                     vg_code_name(must_occur[i]), tally->codes[must_occur[i]]);
    for (enum response_op op = response_op_after(0); op != 0; op = response_op_after(op))
        cr_assert(tally->ops[op] > 0 || response_signing_roles(op) != 0, "%s",
                  response_op_name(op));
    cr_assert_gt(tally->repeated, 1000);
    cr_assert_gt(tally->joined, 300);
    cr_assert_gt(tally->closed, 100);
    cr_assert_gt(tally->carried, 10);
    cr_assert_gt(tally->rekeyed, 100);
    cr_assert_gt(tally->refusals[RESPONSE_REFUSED_SHREDDED], 30);
    free(tally);
}
