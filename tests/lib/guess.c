/* SPDX-License-Identifier: Apache-2.0
 * Made-up commands. Every field is filled by what it is of, from small pools, so that keys, names
 * and ids meet again; then each operation is made likely to mean something. What the model would
 * refuse is thought over a few times, and given now and then all the same. */
#include <assert.h>
#include <stdio.h>

#include "common/text.h"
#include "proto/response/fields.h"
#include "proto/response/machine.h"
#include "tests/lib/guess_internal.h"
#include "tests/lib/sealing.h"

enum { RECENT = 12, ENROLLED = 30, COMPARTMENTS = 4, CONTENT = 40 };

/* ---- what to do --------------------------------------------------------------------------------
 */

enum where { HERE, DIRECTORY, CONTROL };

static const struct choice {
    enum response_op op;
    enum where where;
    uint32_t weight;
    uint16_t sets[3]; /* aspects that it is wise to expect */
} choices[] = {
    {RESPONSE_OP_DETECT, HERE, 60, {0}},
    {RESPONSE_OP_COUNT, HERE, 25, {0}},
    {RESPONSE_OP_CHECKPOINT, HERE, 12, {0}},
    {RESPONSE_OP_IMPORT, HERE, 6, {0}},
    {RESPONSE_OP_NOTE, HERE, 40, {0}},
    {RESPONSE_OP_STAGE, HERE, 220, {RESPONSE_ASPECT_STAGE, RESPONSE_ASPECT_DETECTION}},
    {RESPONSE_OP_ASSESS,
     HERE,
     80,
     {RESPONSE_ASPECT_SEVERITY, RESPONSE_ASPECT_RESPONSIBILITY, RESPONSE_ASPECT_DETECTION}},
    {RESPONSE_OP_SEVERITY, HERE, 18, {RESPONSE_ASPECT_SEVERITY}},
    {RESPONSE_OP_RISK, HERE, 30, {RESPONSE_ASPECT_DATA_RISK}},
    {RESPONSE_OP_RESPONSIBILITY, HERE, 35, {RESPONSE_ASPECT_RESPONSIBILITY}},
    {RESPONSE_OP_OWNER, HERE, 20, {RESPONSE_ASPECT_OWNER}},
    {RESPONSE_OP_CLASSIFY, HERE, 70, {RESPONSE_ASPECT_CLASSIFICATION}},
    {RESPONSE_OP_ANSWER, HERE, 60, {RESPONSE_ASPECT_ANSWER}},
    {RESPONSE_OP_DECLARE, HERE, 30, {RESPONSE_ASPECT_DECLARATION, RESPONSE_ASPECT_CLASSIFICATION}},
    {RESPONSE_OP_WITHDRAW, HERE, 3, {RESPONSE_ASPECT_DECLARATION}},
    {RESPONSE_OP_AFFECT, HERE, 15, {0}},
    {RESPONSE_OP_REFER, HERE, 25, {RESPONSE_ASPECT_REFERRAL}},
    {RESPONSE_OP_COLLABORATE, HERE, 12, {0}},
    {RESPONSE_OP_PLAN, HERE, 12, {RESPONSE_ASPECT_RECOVERY_PLAN}},
    {RESPONSE_OP_ATTEST, HERE, 55, {0}}, /* what it attests */
    {RESPONSE_OP_REOPEN, HERE, 30, {RESPONSE_ASPECT_STAGE}},
    {RESPONSE_OP_LINK, HERE, 15, {0}},
    {RESPONSE_OP_TASK, HERE, 25, {0}},
    {RESPONSE_OP_TASK_MOVE, HERE, 40, {RESPONSE_ASPECT_TASK}},
    {RESPONSE_OP_STEP, HERE, 28, {0}},
    {RESPONSE_OP_STEP_MOVE, HERE, 90, {RESPONSE_ASPECT_CONTAINMENT}},
    {RESPONSE_OP_EVIDENCE, HERE, 45, {0}},
    {RESPONSE_OP_CUSTODY, HERE, 50, {0}},
    {RESPONSE_OP_CASE, HERE, 14, {0}},
    {RESPONSE_OP_ACKNOWLEDGE, HERE, 10, {0}},
    {RESPONSE_OP_PROPOSE, HERE, 20, {RESPONSE_ASPECT_DECLARATION}},
    {RESPONSE_OP_APPROVE, HERE, 60, {0}},
    {RESPONSE_OP_REJECT, HERE, 8, {0}},
    {RESPONSE_OP_PERSON, DIRECTORY, 4, {0}},
    {RESPONSE_OP_LABEL, DIRECTORY, 2, {0}},
    {RESPONSE_OP_GRANT, DIRECTORY, 10, {0}},
    {RESPONSE_OP_ROSTER, DIRECTORY, 5, {0}},
    {RESPONSE_OP_PROCEDURE, DIRECTORY, 2, {0}},
    {RESPONSE_OP_TENANT, DIRECTORY, 6, {0}},
    {RESPONSE_OP_DRILL, DIRECTORY, 1, {0}},
    {RESPONSE_OP_DRILL_START, DIRECTORY, 40, {0}},
    {RESPONSE_OP_DRILL_PROBE, DIRECTORY, 25, {0}},
    {RESPONSE_OP_DRILL_END, DIRECTORY, 8, {0}},
    {RESPONSE_OP_PROPOSE, DIRECTORY, 20, {0}},
    {RESPONSE_OP_APPROVE, DIRECTORY, 60, {0}},
    {RESPONSE_OP_REJECT, DIRECTORY, 2, {0}},
    {RESPONSE_OP_ENROLL, CONTROL, 5, {0}},
    {RESPONSE_OP_EXPEL, CONTROL, 3, {0}},
    {RESPONSE_OP_EVICT, CONTROL, 1, {0}},
    {RESPONSE_OP_ROTATE, CONTROL, 4, {0}},
    {RESPONSE_OP_CREATE, CONTROL, 5, {0}},
    {RESPONSE_OP_CLEAR, CONTROL, 14, {0}},
    {RESPONSE_OP_REVOKE, CONTROL, 24, {0}},
    {RESPONSE_OP_DESTROYED, CONTROL, 14, {0}},
    {RESPONSE_OP_OVERRIDE, DIRECTORY, 4, {0}},
    {RESPONSE_OP_REKEY, CONTROL, 1, {0}},
    {RESPONSE_OP_SHRED, CONTROL, 1, {0}},
    {RESPONSE_OP_RECOVER, CONTROL, 1, {0}},
    {RESPONSE_OP_RECOVERY_GONE, CONTROL, 1, {0}},
    {RESPONSE_OP_PROPOSE, CONTROL, 12, {0}},
    {RESPONSE_OP_APPROVE, CONTROL, 30, {0}},
    {RESPONSE_OP_REJECT, CONTROL, 2, {0}},
};
enum { CHOICES = sizeof choices / sizeof choices[0] };

static const struct choice *choose(struct thought *thought)
{
    uint64_t total = 0;
    for (size_t i = 0; i < CHOICES; i++)
        total += choices[i].weight;
    uint64_t at = guess_below(thought, total);
    size_t chosen = 0;
    while (at >= choices[chosen].weight)
        at -= choices[chosen++].weight;
    return &choices[chosen];
}

/* ---- ids ---------------------------------------------------------------------------------------
 */

static vg_id invented(struct thought *thought)
{
    return (vg_id){{0xee, (uint8_t)guess_below(thought, 256)}};
}

static vg_id enrolled(uint64_t number)
{
    vg_id id = {{0xab}};
    id.bytes[15] = (uint8_t)(1 + number);
    return id;
}

vg_id guess_person(struct thought *thought)
{
    if (guess_once_in(thought, 40))
        return invented(thought);
    if (guess_once_in(thought, 10))
        return enrolled(guess_below(thought, ENROLLED));
    return thought->genesis->people[guess_below(thought, thought->genesis->person_count)].id;
}

static vg_id some_compartment(struct thought *thought)
{
    vg_id id = {{0xc0, 0xff}};
    id.bytes[15] = (uint8_t)(1 + guess_below(thought, COMPARTMENTS));
    if (guess_once_in(thought, 40))
        return invented(thought);
    if (guess_once_in(thought, 12))
        return thought->genesis->directory;
    return guess_once_in(thought, 3) ? id : thought->genesis->first;
}

/* Mostly one of the last few, so that they go through all their stages. */
static vg_id some_incident(struct thought *thought)
{
    uint32_t count = model_incident_count(thought->model, &thought->out->compartment);
    if (count == 0 || guess_once_in(thought, 80))
        return invented(thought);
    uint64_t recent = count < RECENT ? count : RECENT;
    uint64_t back = guess_below(thought, guess_once_in(thought, 12) ? count : recent);
    return model_incident_at(thought->model, &thought->out->compartment,
                             (uint32_t)(count - 1 - back));
}

static bool suits(enum response_op op, const struct model_facts *facts)
{
    switch (op) {
    case RESPONSE_OP_NOTE:
    case RESPONSE_OP_EVIDENCE:
    case RESPONSE_OP_CUSTODY:
    case RESPONSE_OP_LINK:
        return true;
    case RESPONSE_OP_DECLARE:
        return !facts->historical;
    case RESPONSE_OP_REOPEN:
        return facts->stage == RESPONSE_CLOSE && !facts->historical;
    case RESPONSE_OP_PROPOSE:
    case RESPONSE_OP_AFFECT:
        return facts->declared;
    case RESPONSE_OP_APPROVE:
    case RESPONSE_OP_REJECT:
        return facts->proposals > 0;
    case RESPONSE_OP_REFER:
        return facts->responsibility == RESPONSE_CUSTOMER;
    case RESPONSE_OP_ANSWER:
        return facts->class_ == RESPONSE_FALSE_POSITIVE;
    case RESPONSE_OP_STEP:
        return facts->stage != RESPONSE_CLOSE && facts->steps_open == 0;
    default:
        return facts->stage != RESPONSE_CLOSE;
    }
}

/* One with which the operation is likely to make sense, if there is one at hand. */
static void choose_incident(struct thought *thought)
{
    enum { LOOKS = 10 };
    static const struct model_facts unknown = {.stage = RESPONSE_DETECT};
    for (int i = 0; i < LOOKS; i++) {
        thought->incident = some_incident(thought);
        thought->facts = unknown;
        bool known = model_incident(thought->model, &thought->out->compartment, &thought->incident,
                                    &thought->facts);
        if ((known && suits(thought->out->command.op, &thought->facts)) ||
            guess_once_in(thought, 30))
            return;
    }
}

/* Mostly the incident's own, the late ones more often. */
static vg_id some_part(struct thought *thought, enum model_part kind)
{
    vg_id of = guess_once_in(thought, 40) ? some_incident(thought) : thought->incident;
    uint32_t count = model_part_count(thought->model, &thought->out->compartment, &of, kind);
    if (count == 0 || guess_once_in(thought, 80))
        return invented(thought);
    uint64_t recent = count < RECENT ? count : RECENT;
    uint64_t back = guess_below(thought, guess_once_in(thought, 4) ? count : recent);
    return model_part_at(thought->model, &thought->out->compartment, &of, kind,
                         (uint32_t)(count - 1 - back));
}

/* The place of one of several, mostly the last; false: of none. */
static bool some_late(struct thought *thought, uint32_t count, uint32_t *place)
{
    if (count == 0 || guess_once_in(thought, 80))
        return false;
    uint32_t recent = count < 3 ? count : 3;
    *place = count - 1 - (uint32_t)guess_below(thought, guess_once_in(thought, 4) ? recent : 1);
    return true;
}

static vg_id some_drill(struct thought *thought)
{
    uint32_t place;
    return some_late(thought, model_drill_count(thought->model), &place)
               ? model_drill_at(thought->model, place)
               : invented(thought);
}

static vg_id some_proposal(struct thought *thought)
{
    const vg_id *home = &thought->out->compartment;
    uint32_t place;
    if (!guess_in_directory(thought) && !guess_in_control(thought))
        return some_part(thought, MODEL_PROPOSAL);
    return some_late(thought, model_loose_count(thought->model, home), &place)
               ? model_loose_at(thought->model, home, place)
               : invented(thought);
}

static vg_id some_id(struct thought *thought, enum response_referent of)
{
    switch (of) {
    case RESPONSE_OF_PERSON:
        return guess_person(thought);
    case RESPONSE_OF_COMPARTMENT:
        return some_compartment(thought);
    case RESPONSE_OF_INCIDENT:
        return some_incident(thought);
    case RESPONSE_OF_TASK:
        return some_part(thought, MODEL_TASK);
    case RESPONSE_OF_STEP:
        return some_part(thought, MODEL_STEP);
    case RESPONSE_OF_EVIDENCE:
        return some_part(thought, MODEL_EVIDENCE);
    case RESPONSE_OF_PROPOSAL:
        return some_proposal(thought);
    case RESPONSE_OF_DRILL:
        return some_drill(thought);
    default:
        return invented(thought);
    }
}

static void some_ids(struct thought *thought, enum response_referent of, struct response_ids *out)
{
    uint64_t wanted = guess_below(thought, 4);
    for (uint64_t i = 0; i < wanted; i++) {
        vg_id id = some_id(thought, of);
        bool known = vg_id_equal(&id, &(vg_id){{0}});
        for (uint8_t k = 0; k < out->count; k++)
            known = known || vg_id_equal(&out->ids[k], &id);
        if (!known)
            out->ids[out->count++] = id;
    }
}

/* ---- texts, numbers ----------------------------------------------------------------------------
 */

/* Pools of texts that matter, by the name of their field. */
static const struct pool {
    const char *field;
    const char *word;
    uint32_t size;
} pools[] = {
    {"dedup-key", "ids:", 60}, {"match", "ids:", 60},     {"product", "product ", 3},
    {"tenant", "tenant ", 6},  {"namespace", "veris", 2}, {"name", "name ", 12},
    {"key", "ids:", 20},
};

static vg_span numbered(struct thought *thought, const char *word, uint64_t number)
{
    char *slot = thought->out->text[thought->texts++];
    snprintf(slot, GUESS_TEXT, "%s%u", word, (unsigned)number);
    return vg_span_text(slot);
}

static vg_span some_text(struct thought *thought, const struct response_field *field)
{
    if (thought->texts == sizeof thought->out->text / sizeof thought->out->text[0] ||
        (field->min == 0 && guess_once_in(thought, 3)))
        return vg_span_of(NULL, 0);
    if (field->type == RESPONSE_FIELD_EVENTS)
        return numbered(thought, guess_once_in(thought, 2) ? "seen\n\nleft " : "seen ", 1);
    for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++) {
        if (strcmp(field->name, pools[i].field) == 0)
            return numbered(thought, pools[i].word, guess_below(thought, pools[i].size));
    }
    return numbered(thought, "word ", guess_once_in(thought, 2) ? thought->number : 0);
}

static void some_lines(struct thought *thought, struct response_lines *out)
{
    uint64_t first = guess_below(thought, 5);
    uint64_t wanted = guess_below(thought, 3);
    for (uint64_t i = 0; i < wanted; i++)
        out->lines[out->count++] = numbered(thought, "tenant ", first + i);
}

static uint64_t some_word(struct thought *thought, const struct response_field *field)
{
    if (field->min == 0 && guess_once_in(thought, 2))
        return 0;
    uint32_t count = 0;
    for (const struct response_word *word = field->words; word->text != NULL; word++)
        count += word->number >= field->min;
    uint64_t at = guess_below(thought, count);
    const struct response_word *word = field->words;
    while (word->number < field->min || at-- > 0)
        word++;
    return word->number;
}

/* Mostly none or few. */
static uint64_t some_bits(struct thought *thought, const struct response_field *field)
{
    uint64_t bits = guess_once_in(thought, 3) ? 0 : some_word(thought, field);
    if (guess_once_in(thought, 4))
        bits |= some_word(thought, field);
    return guess_once_in(thought, 20) ? bits | some_word(thought, field) : bits;
}

static uint64_t some_number(struct thought *thought, const struct response_field *field)
{
    if (guess_once_in(thought, 30))
        return field->max;
    return guess_once_in(thought, 2) || field->min > 0 ? field->min + guess_below(thought, 40) : 0;
}

static uint64_t some_time(struct thought *thought, const struct response_field *field)
{
    if (guess_once_in(thought, 40))
        return guess_once_in(thought, 2) ? field->max : guess_below(thought, 1000);
    return guess_once_in(thought, 3)
               ? 0
               : thought->now_ms + guess_below(thought, 20 * (uint64_t)DAY_MS);
}

static void fill_field(struct thought *thought, const struct response_field *field)
{
    void *at = (uint8_t *)&thought->out->command + field->at;
    vg_id id = {{0}};
    vg_span text;
    switch (field->type) {
    case RESPONSE_FIELD_ID:
        if (field->min > 0 || guess_once_in(thought, 2))
            id = strcmp(field->name, "incident") == 0 ? thought->incident
                                                      : some_id(thought, field->of);
        memcpy(at, &id, sizeof id);
        break;
    case RESPONSE_FIELD_IDS:
        some_ids(thought, field->of, at);
        break;
    case RESPONSE_FIELD_FIXED:
        vg_prng_fill(thought->prng, at, field->size);
        break;
    case RESPONSE_FIELD_WORD:
        response_field_set_number(field, &thought->out->command, some_word(thought, field));
        break;
    case RESPONSE_FIELD_BITS:
        response_field_set_number(field, &thought->out->command, some_bits(thought, field));
        break;
    case RESPONSE_FIELD_NUMBER:
        response_field_set_number(field, &thought->out->command, some_number(thought, field));
        break;
    case RESPONSE_FIELD_TIME:
        response_field_set_number(field, &thought->out->command, some_time(thought, field));
        break;
    case RESPONSE_FIELD_LINES:
        some_lines(thought, at);
        break;
    case RESPONSE_FIELD_LINE:
    case RESPONSE_FIELD_TEXT:
    case RESPONSE_FIELD_EVENTS:
        text = some_text(thought, field);
        memcpy(at, &text, sizeof text);
        break;
    case RESPONSE_FIELD_BYTES:
    case RESPONSE_FIELD_SIGNALS:
        break; /* made with the operation */
    }
}

/* ---- what makes sense --------------------------------------------------------------------------
 */

enum { ALL_ATTESTED = 7 }; /* both risks and the measures */

static void likely_stage(struct thought *thought)
{
    static const uint8_t next[][2] = {[RESPONSE_DETECT] = {RESPONSE_ASSESS, RESPONSE_ASSESS},
                                      [RESPONSE_ASSESS] = {RESPONSE_DIAGNOSE, RESPONSE_CLOSE},
                                      [RESPONSE_DIAGNOSE] = {RESPONSE_STABILIZE, RESPONSE_CLOSE},
                                      [RESPONSE_STABILIZE] = {RESPONSE_DIAGNOSE, RESPONSE_CLOSE},
                                      [RESPONSE_CLOSE] = {RESPONSE_ASSESS, RESPONSE_DIAGNOSE}};
    struct response_command *command = &thought->out->command;
    bool ripe = thought->facts.attested == ALL_ATTESTED; /* what is last asked for was seen to */
    if (!guess_once_in(thought, 10))
        command->stage.stage = next[thought->facts.stage][ripe || guess_once_in(thought, 2)];
    if (!guess_once_in(thought, 4))
        command->stage.cia = 0;
}

static void likely_detection(struct thought *thought)
{
    struct response_command *command = &thought->out->command;
    bool given = command->detect.dedup_key.size > 0;
    if (given ? guess_once_in(thought, 2) : !guess_once_in(thought, 6))
        command->detect.dedup_key = numbered(thought, "ids:", guess_below(thought, 14));
    if (guess_once_in(thought, 2))
        command->detect.source = RESPONSE_SOURCE_AUTOMATED;
}

static void likely_class(struct thought *thought)
{
    struct response_command *command = &thought->out->command;
    if (guess_once_in(thought, 2))
        command->classify.class_ = RESPONSE_FALSE_POSITIVE;
    if (guess_once_in(thought, 12))
        return;
    command->classify.ground = 0;
    command->classify.policy.size = 0;
    if (command->classify.class_ == RESPONSE_SECURITY_EVENT)
        command->classify.ground = (uint8_t)(1 + guess_below(thought, 3));
    if (command->classify.class_ == RESPONSE_PRIVACY_EVENT)
        command->classify.policy = vg_span_text("clean desk");
}

static void likely_declaration(struct thought *thought)
{
    struct response_command *command = &thought->out->command;
    if (!guess_once_in(thought, 10))
        command->declare.class_ = (uint8_t)(guess_once_in(thought, 2) ? RESPONSE_SECURITY_INCIDENT
                                                                      : RESPONSE_PRIVACY_INCIDENT);
}

static void likely_attestation(struct thought *thought)
{
    if (guess_once_in(thought, 2))
        thought->out->command.attest.holds = RESPONSE_YES;
}

static void likely_step(struct thought *thought)
{
    struct response_command *command = &thought->out->command;
    if (guess_once_in(thought, 2))
        command->step.emergency = RESPONSE_NO;
    if (thought->facts.stage == RESPONSE_ASSESS && !guess_once_in(thought, 6)) {
        command->step.kind = RESPONSE_CONTAINMENT;
        command->step.emergency = RESPONSE_YES;
    }
}

static void likely_evidence(struct thought *thought)
{
    struct response_command *command = &thought->out->command;
    if (guess_once_in(thought, 3))
        return;
    vg_prng_fill(thought->prng, thought->out->bytes, CONTENT);
    command->evidence.content = vg_span_of(thought->out->bytes, 1 + guess_below(thought, CONTENT));
    if (!guess_once_in(thought, 15))
        command->evidence.size = command->evidence.content.size;
    if (!guess_once_in(thought, 15))
        command->evidence.hash = vg_sha256(command->evidence.content);
}

static void likely_custody(struct thought *thought)
{
    struct response_command *command = &thought->out->command;
    if (guess_once_in(thought, 12))
        return;
    if (command->custody.action == RESPONSE_OFFER)
        command->custody.to = guess_person(thought);
    else
        memset(&command->custody.to, 0, sizeof command->custody.to);
    if (command->custody.action == RESPONSE_DISPOSE && !guess_once_in(thought, 6))
        command->custody.action = RESPONSE_ACCEPT;
    memset(&command->custody.hash, command->custody.action == RESPONSE_VERIFY ? 7 : 0,
           sizeof command->custody.hash);
}

static void likely_import(struct thought *thought)
{
    struct response_command *command = &thought->out->command;
    command->import.key = numbered(thought, "case ", guess_below(thought, 15));
    thought->out->bytes[0] = (uint8_t)(guess_once_in(thought, 6) ? '!' : '{');
    command->import.document = vg_span_of(thought->out->bytes, 1);
}

/* ---- the directory and control -----------------------------------------------------------------
 */

/* The first half of the people are given and lose roles more often: those who sign are likely to be
 * among them. So are the enrolled: they own what they cannot work on, and leave. */
static void likely_grant(struct thought *thought)
{
    struct response_command *command = &thought->out->command;
    uint64_t half = 1 + thought->genesis->person_count / 2;
    if (guess_once_in(thought, 2))
        command->grant.person = thought->genesis->people[guess_below(thought, half)].id;
    else if (guess_once_in(thought, 2))
        command->grant.person = enrolled(guess_below(thought, ENROLLED));
    if (guess_once_in(thought, 3))
        command->grant.give |= RESPONSE_ROLE_RESPONDER;
    if (guess_once_in(thought, 4)) {
        command->grant.compartment = thought->genesis->directory;
        command->grant.give |=
            guess_once_in(thought, 3) ? RESPONSE_ROLE_OPERATOR : RESPONSE_ROLE_INCIDENT_MANAGER;
    }
    if (guess_once_in(thought, 30)) {
        command->grant.take |= command->grant.give;
    } else if (guess_once_in(thought, 3)) {
        command->grant.take |= command->grant.give;
        command->grant.give = 0;
        if (guess_once_in(thought, 2))
            command->grant.take |= RESPONSE_ROLE_LEGAL | RESPONSE_ROLE_EXECUTIVE;
    } else if (!guess_once_in(thought, 8)) {
        command->grant.take = 0;
    }
}

static void likely_owner(struct thought *thought)
{
    if (guess_once_in(thought, 3))
        thought->out->command.owner.owner = enrolled(guess_below(thought, ENROLLED));
}

static void likely_enrolment(struct thought *thought)
{
    struct response_command *command = &thought->out->command;
    uint64_t number = guess_below(thought, ENROLLED);
    uint64_t key = guess_once_in(thought, 10) ? guess_below(thought, ENROLLED) : number;
    uint64_t channel = guess_once_in(thought, 10) ? guess_below(thought, ENROLLED) : number;
    command->enroll.person = enrolled(number);
    command->enroll.bits = (uint8_t)(number % 4 == 0 ? number % 8 : 0);
    command->enroll.keys = guess_keys(thought, &command->enroll.person, key, channel);
    if (guess_once_in(thought, 10))
        command->enroll.bits ^= 1;
    if (guess_once_in(thought, 10))
        command->enroll.keys.binding.bytes[0] ^= 1;
    if (guess_once_in(thought, 20))
        command->enroll.person.bytes[0] = 0;
    if (guess_once_in(thought, 20)) {
        const struct ledger_person *first =
            &thought->genesis->people[guess_below(thought, thought->genesis->person_count)];
        command->enroll.person = guess_once_in(thought, 2) ? first->id : enrolled(number);
        command->enroll.keys = first->keys;
        command->enroll.bits = first->bits;
    }
}

/* People of the genesis leave seldom, and the first five never. */
static void likely_expulsion(struct thought *thought)
{
    enum { STAY = 5 };
    vg_id *person = &thought->out->command.expel.person;
    uint32_t people = thought->genesis->person_count;
    *person =
        guess_once_in(thought, 30) ? invented(thought) : enrolled(guess_below(thought, ENROLLED));
    if (people > STAY && guess_once_in(thought, 15))
        *person = thought->genesis->people[STAY + guess_below(thought, people - STAY)].id;
}

static const struct {
    enum response_op op;
    void (*mend)(struct thought *thought);
} likely[] = {
    {RESPONSE_OP_DETECT, likely_detection},     {RESPONSE_OP_OWNER, likely_owner},
    {RESPONSE_OP_STAGE, likely_stage},          {RESPONSE_OP_CLASSIFY, likely_class},
    {RESPONSE_OP_DECLARE, likely_declaration},  {RESPONSE_OP_STEP, likely_step},
    {RESPONSE_OP_EVIDENCE, likely_evidence},    {RESPONSE_OP_CUSTODY, likely_custody},
    {RESPONSE_OP_IMPORT, likely_import},        {RESPONSE_OP_COUNT, guess_signals},
    {RESPONSE_OP_PROPOSE, guess_proposal},      {RESPONSE_OP_APPROVE, guess_approval},
    {RESPONSE_OP_REJECT, guess_rejection},      {RESPONSE_OP_REKEY, guess_rekey},
    {RESPONSE_OP_GRANT, likely_grant},          {RESPONSE_OP_ATTEST, likely_attestation},
    {RESPONSE_OP_ENROLL, likely_enrolment},     {RESPONSE_OP_EXPEL, likely_expulsion},
    {RESPONSE_OP_EVICT, guess_eviction},        {RESPONSE_OP_DRILL_PROBE, guess_probe},
    {RESPONSE_OP_ROTATE, guess_clearing},       {RESPONSE_OP_CREATE, guess_clearing},
    {RESPONSE_OP_CLEAR, guess_clearing},        {RESPONSE_OP_REVOKE, guess_clearing},
    {RESPONSE_OP_DESTROYED, guess_attestation}, {RESPONSE_OP_OVERRIDE, guess_override},
    {RESPONSE_OP_SHRED, guess_shredding},       {RESPONSE_OP_RECOVERY_GONE, guess_shredding},
    {RESPONSE_OP_RECOVER, guess_clearing},      {RESPONSE_OP_CHECKPOINT, guess_checkpoint},
    {RESPONSE_OP_TENANT, guess_tenant},         {RESPONSE_OP_CASE, guess_case},
    {RESPONSE_OP_ACKNOWLEDGE, guess_told},
};

/* ---- expectations ------------------------------------------------------------------------------
 */

static const vg_id *part_of(const struct thought *thought, uint16_t aspect)
{
    static const vg_id whole;
    const struct response_command *command = &thought->out->command;
    if (aspect == RESPONSE_ASPECT_TASK && command->op == RESPONSE_OP_TASK_MOVE)
        return &command->task_move.task;
    if (aspect == RESPONSE_ASPECT_CONTAINMENT && command->op == RESPONSE_OP_STEP_MOVE)
        return &command->step_move.step;
    return &whole;
}

/* Mostly the right revision; else none, one that was or will be, or an absurd one. */
static void expect(struct thought *thought, uint16_t aspect)
{
    struct guess *out = thought->out;
    if (aspect == 0 || out->expectation_count == GUESS_EXPECTATIONS_MAX ||
        guess_once_in(thought, 20))
        return;
    const vg_id *part = part_of(thought, aspect);
    uint64_t revision =
        model_revision(thought->model, &out->compartment, &thought->incident, aspect, part);
    if (guess_once_in(thought, 20))
        revision = revision > 0 && guess_once_in(thought, 2) ? revision - 1 : revision + 1;
    else if (guess_once_in(thought, 60))
        revision = vg_prng_next(thought->prng);
    out->expectations[out->expectation_count++] =
        (struct ledger_expectation){.aspect = aspect, .part = *part, .revision = revision};
}

static void expect_all(struct thought *thought, const struct choice *choice)
{
    for (size_t i = 0; i < sizeof choice->sets / sizeof choice->sets[0]; i++)
        expect(thought, choice->sets[i]);
    if (choice->op == RESPONSE_OP_ATTEST)
        expect(thought, thought->out->command.attest.what);
    if (guess_once_in(thought, 25))
        expect(thought, (uint16_t)(1 + guess_below(thought, RESPONSE_ASPECT_FINDINGS)));
    if (guess_once_in(thought, 100))
        expect(thought, (uint16_t)(RESPONSE_ASPECT_FINDINGS + guess_below(thought, 3)));
}

/* ---- who ---------------------------------------------------------------------------------------
 */

static enum vg_code answer_of(struct thought *thought)
{
    static const uint8_t random[10] = {0xff, 0xff, 0xff};
    const struct guess *out = thought->out;
    struct model_verdict verdict;
    const struct model_order order = {
        .time_ms = thought->now_ms,
        .compartment = out->compartment,
        .author = out->author < thought->genesis->person_count
                      ? thought->genesis->people[out->author].id
                      : response_node_author(thought->genesis->members[0].id),
        .request =
            vg_id_is_zero(&out->request) ? vg_uuid7_make(thought->now_ms, random) : out->request,
        .expectations = out->expectations,
        .expectation_count = out->expectation_count,
        .command = &out->command,
    };
    model_check(thought->model, &order, &verdict);
    return verdict.code;
}

static bool is_of_key_officers(enum response_op op)
{
    return (op >= RESPONSE_OP_ROTATE && op <= RESPONSE_OP_REVOKE) || op == RESPONSE_OP_OVERRIDE;
}

/* The place of the first in the genesis; of the first person, if there is none. */
static uint32_t key_officer(const struct ledger_genesis *genesis)
{
    for (uint32_t i = 0; i < genesis->person_count; i++)
        if ((genesis->people[i].bits & LEDGER_PERSON_KEY_OFFICER) != 0)
            return i;
    return 0;
}

/* Mostly somebody who may; returns what would be answered. */
static enum vg_code choose_author(struct thought *thought, enum where where)
{
    enum { TRIES = 12 };
    struct guess *out = thought->out;
    enum vg_code code = VG_FORBIDDEN;
    bool signs =
        out->command.op == RESPONSE_OP_APPROVE || out->command.op == RESPONSE_OP_DRILL_START;
    bool is_nodes =
        out->command.op == RESPONSE_OP_COUNT || out->command.op == RESPONSE_OP_CHECKPOINT ||
        out->command.op == RESPONSE_OP_DESTROYED || out->command.op == RESPONSE_OP_CASE ||
        out->command.op == RESPONSE_OP_ACKNOWLEDGE;
    bool by_node = is_nodes ? !guess_once_in(thought, 15) : guess_once_in(thought, 400);
    for (int i = 0; i < TRIES && code == VG_FORBIDDEN; i++) {
        out->author = (uint32_t)guess_below(thought, thought->genesis->person_count);
        if (where != HERE && !guess_once_in(thought, 5))
            out->author = 0;
        if (where == CONTROL && (signs || out->command.op == RESPONSE_OP_PROPOSE) &&
            !guess_once_in(thought, 5))
            out->author = guess_officer(thought);
        if (is_of_key_officers(out->command.op) && !guess_once_in(thought, 8))
            out->author = key_officer(thought->genesis);
        if (by_node)
            out->author = thought->genesis->person_count;
        code = answer_of(thought);
        if (guess_once_in(thought, signs ? 3 : 40))
            break;
    }
    return code;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static void choose_place(struct thought *thought, enum where where)
{
    const vg_id control = {{0}};
    struct guess *out = thought->out;
    out->compartment = thought->genesis->first;
    if (where == HERE && guess_once_in(thought, 25))
        out->compartment = some_compartment(thought);
    if (where == DIRECTORY)
        out->compartment = thought->genesis->directory;
    if (where == CONTROL)
        out->compartment = control;
    if (guess_once_in(thought, 300))
        out->compartment = guess_once_in(thought, 2) ? thought->genesis->directory : control;
}

static enum vg_code make(struct thought *thought)
{
    struct guess *out = thought->out;
    const struct choice *choice = choose(thought);
    memset(out, 0, sizeof *out);
    thought->texts = 0;
    out->command.op = choice->op;
    out->other_id = guess_once_in(thought, 60);
    choose_place(thought, choice->where);
    choose_incident(thought);
    uint32_t count;
    const struct response_field *fields = response_fields(choice->op, &count);
    for (uint32_t i = 0; i < count; i++)
        fill_field(thought, &fields[i]);
    for (size_t i = 0; i < sizeof likely / sizeof likely[0]; i++) {
        if (likely[i].op == choice->op)
            likely[i].mend(thought);
    }
    expect_all(thought, choice);
    return choose_author(thought, choice->where);
}

void guess_command(struct vg_prng *prng, const struct model *model,
                   const struct ledger_genesis *genesis, uint64_t now_ms, uint64_t number,
                   struct guess *out)
{
    enum { SECOND_THOUGHTS = 4, WILFUL = 5 };
    struct thought thought = {.prng = prng,
                              .model = model,
                              .genesis = genesis,
                              .now_ms = now_ms,
                              .number = number,
                              .out = out};
    enum vg_code code = make(&thought);
    for (int i = 0; i < SECOND_THOUGHTS && code != VG_OK; i++) {
        /* what is signed matters with what it was signed for: refusals of it are rare */
        if (guess_once_in(&thought, out->command.op == RESPONSE_OP_APPROVE ? 2 : WILFUL))
            return;
        code = make(&thought);
    }
}
