/* SPDX-License-Identifier: Apache-2.0
 * The state machine against a second, independent one: plain arrays, no store, no msgpack, written
 * from docs/process.md. Random commands of several people, repeated, altered, late and early; after
 * each the answers and the incident concerned must agree. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/desk.h"

enum { RUNS = 20, COMMANDS = 5000, KEYS = 12, DOCUMENTS = 40, WORDINGS = 2 };
enum { MINUTE_MS = 60000, WEEK_MS = 7 * 24 * 3600 * 1000 };

/* ---- what a command says ----------------------------------------------------------------------
 */

struct plan {
    enum desk_person person;
    vg_id request;
    uint64_t issued_ms;
    bool expects;
    uint64_t expected; /* revision of the stage */
    /* What makes a command the same command. */
    struct content {
        enum response_op op;
        vg_id incident;
        uint8_t stage;
        uint8_t cia;
        uint8_t key;      /* deduplication or natural key; 0: none */
        uint8_t document; /* wording of an import's document */
        uint8_t wording;  /* of titles, notes and reasons */
    } content;
};

static bool same_content(const struct content *a, const struct content *b)
{
    return a->op == b->op && vg_id_equal(&a->incident, &b->incident) && a->stage == b->stage &&
           a->cia == b->cia && a->key == b->key && a->document == b->document &&
           a->wording == b->wording;
}

/* ---- the model --------------------------------------------------------------------------------
 */

struct answer {
    enum vg_code code;
    const char *rule;
    vg_id id;
    bool joined;
    bool repeated;
    uint64_t index;
};

struct model_incident {
    vg_id id;
    vg_id linked;
    char stage; /* D A I S C: detect, assess, diagnose, stabilize, close */
    bool historical;
    uint8_t cia;
    uint8_t key;
    uint8_t document;
    uint64_t count, stage_revision, notes_revision, detection_revision, events;
};

struct model_request {
    enum desk_person person;
    vg_id request;
    struct content content;
    struct answer answer;
};

struct model {
    struct model_incident incidents[COMMANDS];
    uint32_t incident_count;
    struct model_request requests[COMMANDS];
    uint32_t request_count;
    uint64_t now_ms;
    uint64_t index;
};

static const char stage_letters[] = " DAISC";
static const char *const edges = "DA AI AC IS IC SC SI ";
/* Who may: D(etect) N(ote) S(tage) I(mport). */
static const char *const may[DESK_PEOPLE] = {"", "DNSI", "DNSI", "DNSI", ""};

static struct model_incident *model_find(struct model *model, const vg_id *id)
{
    for (uint32_t i = model->incident_count; i-- > 0;) {
        if (vg_id_equal(&model->incidents[i].id, id))
            return &model->incidents[i];
    }
    return NULL;
}

/* The latest detected (or imported) incident of a key. */
static struct model_incident *model_latest(struct model *model, uint8_t key, bool historical)
{
    for (uint32_t i = model->incident_count; i-- > 0 && key != 0;) {
        if (model->incidents[i].key == key && model->incidents[i].historical == historical)
            return &model->incidents[i];
    }
    return NULL;
}

static struct answer refuse(enum vg_code code, const char *rule)
{
    return (struct answer){.code = code, .rule = rule};
}

static struct answer accept(const struct model_incident *incident)
{
    return (struct answer){.code = VG_OK, .rule = "", .id = incident->id};
}

static struct answer model_begin(struct model *model, const struct plan *plan,
                                 struct model_incident incident)
{
    if (model_find(model, &plan->request) != NULL)
        return refuse(VG_EXISTS, "");
    incident.id = plan->request;
    incident.key = plan->content.key;
    incident.document = plan->content.document;
    incident.cia = plan->content.cia;
    incident.count = incident.stage_revision = incident.detection_revision = incident.events = 1;
    model->incidents[model->incident_count] = incident;
    return accept(&model->incidents[model->incident_count++]);
}

static struct answer model_detect(struct model *model, const struct plan *plan)
{
    struct model_incident *known = model_latest(model, plan->content.key, false);
    if (known == NULL || known->stage == 'C') {
        struct model_incident fresh = {.stage = 'D'};
        if (known != NULL)
            fresh.linked = known->id;
        return model_begin(model, plan, fresh);
    }
    known->count++;
    known->detection_revision++;
    known->events++;
    struct answer answer = accept(known);
    answer.joined = true;
    return answer;
}

static struct answer model_import(struct model *model, const struct plan *plan)
{
    struct model_incident *known = model_latest(model, plan->content.key, true);
    if (known == NULL)
        return model_begin(model, plan, (struct model_incident){.stage = 'C', .historical = true});
    if (known->document != plan->content.document)
        return refuse(VG_EXISTS, "");
    struct answer answer = accept(known);
    answer.repeated = true;
    return answer;
}

static struct answer model_note(struct model *model, const struct plan *plan)
{
    struct model_incident *incident = model_find(model, &plan->content.incident);
    if (incident == NULL)
        return refuse(VG_NOT_FOUND, "");
    incident->notes_revision++;
    incident->events++;
    return accept(incident);
}

static struct answer model_stage(struct model *model, const struct plan *plan)
{
    struct model_incident *incident = model_find(model, &plan->content.incident);
    if (incident == NULL)
        return refuse(VG_NOT_FOUND, "");
    if (!plan->expects || plan->expected != incident->stage_revision)
        return refuse(VG_CONFLICT, "");
    uint8_t cia = plan->content.cia;
    if (cia != 0 && incident->cia != 0 && cia != incident->cia)
        return refuse(VG_CONFLICT, "");
    const char edge[] = {incident->stage, stage_letters[plan->content.stage], ' ', '\0'};
    if (strstr(edges, edge) == NULL)
        return refuse(VG_RULE, "R13");
    if (incident->stage == 'A' && cia == 0 && incident->cia == 0)
        return refuse(VG_RULE, "R1");
    if (cia != 0 && incident->cia == 0) {
        incident->cia = cia;
        incident->detection_revision++;
    }
    incident->stage = edge[1];
    incident->stage_revision++;
    incident->events++;
    return accept(incident);
}

static const struct {
    enum response_op op;
    char letter;
    struct answer (*apply)(struct model *model, const struct plan *plan);
} model_ops[] = {
    {RESPONSE_OP_DETECT, 'D', model_detect},
    {RESPONSE_OP_NOTE, 'N', model_note},
    {RESPONSE_OP_STAGE, 'S', model_stage},
    {RESPONSE_OP_IMPORT, 'I', model_import},
};

static struct answer model_judge(struct model *model, const struct plan *plan)
{
    for (size_t i = 0; i < 4; i++) {
        if (model_ops[i].op == plan->content.op)
            return strchr(may[plan->person], model_ops[i].letter) != NULL
                       ? model_ops[i].apply(model, plan)
                       : refuse(VG_FORBIDDEN, "");
    }
    abort();
}

static struct answer model_apply(struct model *model, const struct plan *plan)
{
    model->index++;
    if (plan->issued_ms + WEEK_MS < model->now_ms ||
        plan->issued_ms > model->now_ms + 10 * MINUTE_MS)
        return refuse(VG_EXPIRED, "");
    for (uint32_t i = 0; i < model->request_count; i++) {
        const struct model_request *seen = &model->requests[i];
        if (seen->person != plan->person || !vg_id_equal(&seen->request, &plan->request))
            continue;
        if (!same_content(&seen->content, &plan->content))
            return refuse(VG_INVALID, "");
        struct answer again = seen->answer;
        again.repeated = true;
        return again;
    }
    struct answer answer = model_judge(model, plan);
    answer.index = model->index;
    model->requests[model->request_count++] =
        (struct model_request){plan->person, plan->request, plan->content, answer};
    return answer;
}

/* ---- random commands ---------------------------------------------------------------------------
 */

struct run {
    struct desk *desk;
    struct model *model;
    struct vg_prng prng;
    struct plan plans[COMMANDS];
    uint32_t plan_count;
    uint32_t seen[VG_INTEGRITY + 1]; /* answers by code */
    uint32_t repeated, joined;
};

static uint64_t below(struct run *run, uint64_t bound)
{
    return vg_prng_below(&run->prng, bound);
}

/* Mostly one of the last few incidents, so that they go through all their stages. */
static vg_id some_incident(struct run *run)
{
    uint32_t count = run->model->incident_count;
    if (count == 0 || below(run, 50) == 0)
        return (vg_id){{0xee, (uint8_t)below(run, 256)}};
    uint64_t back = below(run, below(run, 5) == 0 ? count : count < 6 ? count : 6);
    return run->model->incidents[count - 1 - back].id;
}

static struct plan fresh_plan(struct run *run)
{
    static const int64_t offsets_ms[] = {
        0, -MINUTE_MS, -WEEK_MS, -(int64_t)WEEK_MS - 1, 10 * MINUTE_MS, 10 * MINUTE_MS + 1};
    struct plan plan = {.person = (enum desk_person)below(run, DESK_PEOPLE)};
    if (plan.person == DESK_OPERATOR || plan.person == DESK_STRANGER)
        plan.person = (enum desk_person)below(run, DESK_PEOPLE);
    uint64_t offset = below(run, 10) == 0 ? below(run, 6) : 0;
    plan.issued_ms = run->model->now_ms + (uint64_t)offsets_ms[offset];
    plan.request = desk_request(run->desk, plan.issued_ms);
    struct content *content = &plan.content;
    content->op = model_ops[below(run, 10) < 6 ? 2 : below(run, 4)].op;
    content->wording = (uint8_t)below(run, WORDINGS);
    if (content->op == RESPONSE_OP_DETECT) {
        content->cia = (uint8_t)below(run, 3);
        content->key = (uint8_t)below(run, KEYS);
        return plan;
    }
    if (content->op == RESPONSE_OP_IMPORT) {
        content->key = (uint8_t)(1 + below(run, DOCUMENTS));
        content->document = (uint8_t)(below(run, 5) == 0);
        return plan;
    }
    content->incident = some_incident(run);
    if (content->op == RESPONSE_OP_NOTE)
        return plan;
    const struct model_incident *incident = model_find(run->model, &content->incident);
    uint64_t revision = incident != NULL ? incident->stage_revision : 1;
    content->stage = (uint8_t)(1 + below(run, 5));
    content->cia = (uint8_t)(below(run, 4) == 0 ? below(run, 3) : 0);
    plan.expects = below(run, 12) != 0;
    plan.expected = below(run, 10) != 0 ? revision : below(run, 4);
    return plan;
}

/* A fresh command; or an earlier one again, by another person, with other words, or expecting
 * something else. */
static struct plan next_plan(struct run *run)
{
    if (run->plan_count == 0 || below(run, 4) != 0)
        return fresh_plan(run);
    uint32_t back = (uint32_t)below(run, run->plan_count < 300 ? run->plan_count : 300);
    struct plan plan = run->plans[run->plan_count - 1 - back];
    switch (below(run, 8)) {
    case 0:
        plan.content.wording ^= 1;
        break;
    case 1:
        plan.person = DESK_BEN;
        break;
    case 2:
        plan.expected++;
        break;
    default:
        break;
    }
    return plan;
}

static struct desk_order order_of(const struct plan *plan)
{
    static const char *const wordings[WORDINGS] = {"so it was", "so it was not"};
    static const char *const documents[] = {"{}", "{ }"};
    static char keys[DOCUMENTS + 1][8];
    const struct content *content = &plan->content;
    const char *words = wordings[content->wording];
    struct desk_order order;
    snprintf(keys[content->key], sizeof keys[0], content->key != 0 ? "k%u" : "", content->key);
    switch (content->op) {
    case RESPONSE_OP_DETECT:
        order = desk_detect(words, keys[content->key]);
        order.command.detect.cia = content->cia;
        break;
    case RESPONSE_OP_IMPORT:
        order = desk_import(keys[content->key], documents[content->document]);
        order.command.import.title = vg_span_text(words);
        break;
    case RESPONSE_OP_NOTE:
        order = desk_note(&content->incident, words);
        break;
    default:
        order = desk_stage(&content->incident, content->stage, 0);
        order.command.stage.cia = content->cia;
        order.command.stage.reason = vg_span_text(words);
        order.expectation_count = plan->expects;
        order.expectations[0].revision = plan->expected;
    }
    order.person = plan->person;
    order.request = plan->request;
    return order;
}

/* ---- agreement ---------------------------------------------------------------------------------
 */

static uint64_t revision_of(const struct response_incident *incident, uint16_t aspect)
{
    for (uint32_t i = 0; i < incident->revision_count; i++) {
        if (incident->revisions[i].aspect == aspect)
            return incident->revisions[i].revision;
    }
    return 0;
}

static bool incidents_agree(const struct model_incident *model,
                            const struct response_incident *machine)
{
    return stage_letters[machine->stage] == model->stage &&
           machine->historical == model->historical && machine->cia == model->cia &&
           machine->count == model->count && machine->events == model->events &&
           vg_id_equal(&machine->linked, &model->linked) &&
           revision_of(machine, RESPONSE_ASPECT_STAGE) == model->stage_revision &&
           revision_of(machine, RESPONSE_ASPECT_NOTES) == model->notes_revision &&
           revision_of(machine, RESPONSE_ASPECT_DETECTION) == model->detection_revision;
}

static bool answers_agree(const struct answer *model, const struct response_outcome *machine)
{
    bool ok = machine->error.code == model->code && strcmp(machine->error.rule, model->rule) == 0 &&
              machine->repeated == model->repeated && machine->joined == model->joined;
    if (model->code == VG_OK)
        ok = ok && vg_id_equal(&machine->id, &model->id) && machine->index == model->index;
    return ok;
}

static void step(struct run *run, uint64_t seed)
{
    struct plan plan = next_plan(run);
    struct desk_order order = order_of(&plan);
    struct response_outcome checked = desk_check(run->desk, &order);
    struct response_outcome outcome = desk_send(run->desk, &order);
    struct answer answer = model_apply(run->model, &plan);
    cr_assert(answers_agree(&answer, &outcome), "seed %llu command %u: model %s %s, machine %s %s",
              (unsigned long long)seed, run->plan_count, vg_code_name(answer.code), answer.rule,
              vg_code_name(outcome.error.code), outcome.error.text);
    cr_assert_eq(checked.error.code, outcome.error.code, "seed %llu command %u: check disagrees",
                 (unsigned long long)seed, run->plan_count);
    const struct model_incident *incident = model_find(run->model, &outcome.id);
    if (incident != NULL) {
        struct response_incident found = desk_incident(run->desk, &outcome.id);
        cr_assert(incidents_agree(incident, &found), "seed %llu command %u: incidents differ",
                  (unsigned long long)seed, run->plan_count);
    }
    run->plans[run->plan_count++] = plan;
    run->seen[answer.code]++;
    run->repeated += answer.repeated;
    run->joined += answer.joined;
}

static void assert_lists_agree(struct run *run, bool all)
{
    struct response_incident found;
    uint32_t listed = 0;
    uint32_t expected = 0;
    for (vg_id after = {{0}}; response_incident_next(&run->desk->machine, &run->desk->genesis.first,
                                                     &after, all, &found);
         after = found.id) {
        const struct model_incident *incident = model_find(run->model, &found.id);
        cr_assert_not_null(incident);
        cr_assert(incidents_agree(incident, &found));
        listed++;
    }
    for (uint32_t i = 0; i < run->model->incident_count; i++)
        expected += all || run->model->incidents[i].stage != 'C';
    cr_assert_eq(listed, expected);
}

static void assert_replay_agrees(const struct desk *desk)
{
    struct desk *replayed = desk_replay(desk);
    vg_hash kept = response_state_hash(&desk->machine, &desk->genesis.first);
    vg_hash scanned = response_state_hash_scan(&replayed->machine, &desk->genesis.first);
    cr_assert(vg_hash_equal(&kept, &scanned));
    desk_free(replayed);
}

Test(response_model, answers_as_a_second_machine_does, .timeout = 110)
{
    struct run *total = calloc(1, sizeof *total);
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        struct run *run = calloc(1, sizeof *run);
        run->desk = desk_new();
        run->model = calloc(1, sizeof *run->model);
        run->prng = vg_prng_seed(seed);
        run->model->index = ledger_tail_last(run->desk->log);
        for (uint32_t i = 0; i < COMMANDS; i++) {
            run->desk->time_ms += below(run, 400) == 0 ? WEEK_MS / 2 : below(run, MINUTE_MS);
            run->model->now_ms = run->desk->time_ms;
            step(run, seed);
        }
        assert_lists_agree(run, false);
        assert_lists_agree(run, true);
        assert_replay_agrees(run->desk);
        for (size_t code = 0; code <= VG_INTEGRITY; code++)
            total->seen[code] += run->seen[code];
        total->repeated += run->repeated;
        total->joined += run->joined;
        desk_free(run->desk);
        free(run->model);
        free(run);
    }
    static const enum vg_code must_occur[] = {VG_OK,     VG_CONFLICT, VG_FORBIDDEN, VG_RULE,
                                              VG_EXISTS, VG_EXPIRED,  VG_NOT_FOUND, VG_INVALID};
    for (size_t i = 0; i < sizeof must_occur / sizeof must_occur[0]; i++)
        cr_assert_gt(total->seen[must_occur[i]], 300, "%s occurred %u times",
                     vg_code_name(must_occur[i]), total->seen[must_occur[i]]);
    cr_assert_gt(total->repeated, 1000);
    cr_assert_gt(total->joined, 300);
    free(total);
}
